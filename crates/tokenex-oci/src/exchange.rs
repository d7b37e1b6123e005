//! The token exchange: an identity token for a session token, at an identity domain.

mod address;
mod builder;
mod client;
mod domain;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use tokenex_core::{Attempt, Error, ErrorKind, Grant, IdentityToken, Outcome, Provider, Result, Target};

use crate::errors::{self, Step, bad_option, named};
use crate::key::SessionKey;
use crate::session_token::SessionToken;
use crate::spare_key::{SpareKey, UnusedKey};
use crate::wire::{self, Requested};
use client::Proof;

pub use builder::DomainBuilder;
pub use domain::Domain;
pub(crate) use domain::resource;

/// The longest life of a resource principal session token, by Oracle's own Terraform code.
const LIFETIME_MAX: Duration = Duration::from_secs(12 * 3600);

/// The provider of a [`SessionToken`] for an identity from outside of Oracle Cloud; from [`Domain::user_token`] and
/// [`Domain::resource_token`].
///
/// Each token has a new key. That is made first, and the identity token asked for last, so that it is as young as can be; both go to the
/// domain. The token ends when its own `exp` says, which the domain sets no later than the end of the identity token, and an hour
/// from now for a user's. It is refreshed when 40 % of that are left: a third of its life may be an outage.
///
/// A token and its key are one credential: readers see both of one exchange, or both of the next.
#[derive(Clone)]
pub struct TokenExchange {
    domain: Domain,
    requested: Requested,
    spare: SpareKey,
}

impl TokenExchange {
    pub(crate) fn new(domain: Domain, requested: Requested) -> Self {
        Self { domain, requested, spare: SpareKey::default() }
    }

    /// How long the token of a resource is to live: whole seconds, up to 12 hours. Without it the domain decides; 20 minutes
    /// were seen.
    ///
    /// It is sent as `rpst_exp` in seconds. Oracle's Terraform code counts so, its documentation for Java says minutes: look
    /// at what comes back, which is what tokenex goes by in any case.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no such number, or when the token is a user's: that one lives for an hour at most,
    /// and not beyond the identity token.
    pub fn lifetime(mut self, lifetime: Duration) -> Result<Self> {
        let Requested::Resource { seconds, .. } = &mut self.requested else {
            return Err(bad_option("lifetime", "the lifetime of a user's session token cannot be chosen")
                .with_advice("leave it out: the token lives as long as the identity token, up to an hour"));
        };
        if lifetime.as_secs() == 0 || lifetime.subsec_nanos() != 0 || lifetime > LIFETIME_MAX {
            return Err(bad_option("lifetime", "the lifetime is not a number of whole seconds up to 12 hours")
                .with_advice(format!("give 1 to {} seconds", LIFETIME_MAX.as_secs())));
        }
        *seconds = Some(lifetime.as_secs());
        Ok(self)
    }

    async fn exchange(&self, cx: &Attempt) -> Result<Grant<SessionToken>> {
        let domain = &self.domain;
        // What takes long comes first, so that the identity token is young when it is sent.
        let key = self.spare.take(domain.new_key(cx)).await?;
        let proof = domain.client().proof(cx).await?;
        let accepted = domain.audiences();
        let identity = cx.identity(domain.identity(), &accepted).await?.into_value();

        let answer = self.send(cx, &key, &proof, &identity).await?;
        if answer.is_success() {
            return answer.grant(key.used());
        }
        let refusal = answer.refusal(cx, &proof, &identity);
        let Some((proof, identity)) = self.another_proof_or_identity(cx, proof, identity, &refusal).await else {
            return Err(refusal);
        };
        // No token was made for the key: it serves once more.
        let answer = self.send(cx, &key, &proof, &identity).await?;
        if answer.is_success() { answer.grant(key.used()) } else { Err(answer.refusal(cx, &proof, &identity)) }
    }

    /// What may be accepted in place of what was refused, if there is anything.
    async fn another_proof_or_identity(
        &self,
        cx: &Attempt,
        proof: Proof,
        identity: IdentityToken,
        refusal: &Error,
    ) -> Option<(Proof, IdentityToken)> {
        let domain = &self.domain;
        // Sources that fail now have nothing to say that helps more than the refusal.
        if errors::wants_new_identity(refusal) {
            let other = cx.other_identity(domain.identity(), &domain.audiences(), &identity).await.ok()??;
            return Some((proof, other.into_value()));
        }
        if errors::is_about_the_client(refusal) && domain.client().replaces(cx, &proof).await {
            return Some((domain.client().proof(cx).await.ok()?, identity));
        }
        None
    }

    async fn send(&self, cx: &Attempt, key: &UnusedKey, proof: &Proof, identity: &IdentityToken) -> Result<Answer> {
        let form = wire::Exchange {
            requested: &self.requested,
            subject_token: identity.secret().expose(),
            public_key: key.public_der(),
        }
        .form();
        let mut request = Request::new(Bytes::from(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.domain.token_endpoint().clone();
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let request = proof.show_in(request, cx)?;
        let response = match self.domain.transport() {
            Some(own) => cx.send_through(own, request).await?,
            None => cx.send(request).await?,
        };
        let (parts, body) = response.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

impl Provider for TokenExchange {
    type Credential = SessionToken;

    fn name(&self) -> &'static str {
        "oci"
    }

    fn target(&self) -> Target {
        self.domain.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<SessionToken>> {
        Ok(self.exchange(cx).await.map_err(|error| named(error, Step::Exchange))?.into())
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange").field("domain", &self.domain).field("requested", &self.requested).finish()
    }
}

/// An answer of any status.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn is_success(&self) -> bool {
        self.status.is_success()
    }

    fn grant(&self, key: SessionKey) -> Result<Grant<SessionToken>> {
        wire::token(&self.body)
            .and_then(|token| granted(SessionToken::new(token, key)?))
            .map_err(|error| error.with_status(self.status))
    }

    fn refusal(&self, cx: &Attempt, proof: &Proof, identity: &IdentityToken) -> Error {
        let secrets: Vec<&str> = proof.secrets().chain([identity.secret()]).map(|secret| secret.expose()).collect();
        let mut error = errors::refusal(Step::Exchange, self.status, &self.headers, &self.body, &secrets);
        if errors::is_about_the_identity(&error) {
            error = error.with_presented(identity.claims());
        }
        if errors::is_about_the_client(&error) {
            error = proof.judge(error);
        }
        match cx.retry_after(&self.headers) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }
}

/// The grant of a token that says itself when it ends.
///
/// Bound to nothing: neither the end of a lease that the client secret came from, nor anything that becomes of the identity token
/// after the exchange, ends a session token.
pub(crate) fn granted(token: SessionToken) -> Result<Grant<SessionToken>> {
    let Some(at) = token.claims().expires_at() else {
        return Err(Error::new(ErrorKind::Protocol, "the session token does not say when it ends")
            .with_code("no_expiry")
            .with_advice("Oracle's tokens have the claim `exp`: is the answer really that of Oracle Cloud?"));
    };
    // Its own name where it has one; else that of the key, which is made for it alone.
    let name = token.claims().id().map_or_else(|| token.key().fingerprint(), str::to_owned);
    Ok(Grant::new(token).expires_at(at).fingerprint(name))
}

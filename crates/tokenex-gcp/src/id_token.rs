//! ID tokens that Google signs, for a service account that is acted as.

use std::fmt;

use http::HeaderValue;
use tokenex_core::{
    AnyTransport, AsIdentity, Attempt, Claims, Credential, Error, ErrorKind, Grant, IdentityToken, Input, Outcome,
    Provider, Result, Secret, Source, Target, TokenRequest, TokenSource, Transport,
};

use crate::endpoint::named;
use crate::errors::{Step, bad_option};
use crate::identity;
use crate::service_account::{ServiceAccount, ServiceAccountBuilder};
use crate::token::{AccessToken, bearer};
use crate::wire::{IdTokenAnswer, generate_id_token};

/// An ID token of Google: a JWT of the issuer `https://accounts.google.com` about a service account, for one audience.
///
/// It is an identity for the next exchange, and the bearer token of services such as Cloud Run. Whoever trusts it must look
/// at `sub` or `email`: all accounts of Google share the issuer.
#[derive(Clone)]
pub struct IdToken {
    token: IdentityToken,
    authorization: HeaderValue,
}

impl IdToken {
    fn new(token: IdentityToken) -> Result<Self> {
        let (authorization, _) = bearer(token.secret())?;
        Ok(Self { token, authorization })
    }

    /// The token.
    pub fn secret(&self) -> &Secret {
        self.token.secret()
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// What it claims.
    pub fn claims(&self) -> &Claims {
        self.token.claims()
    }
}

impl Credential for IdToken {
    fn same_as(&self, other: &Self) -> bool {
        self.token.same_as(&other.token)
    }
}

impl AsIdentity for IdToken {
    fn as_identity(&self) -> Result<IdentityToken> {
        Ok(self.token.clone())
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").field("claims", self.claims()).finish_non_exhaustive()
    }
}

/// ID tokens of a service account, made with the right of another token
/// ([generateIdToken](https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken)).
///
/// - As a [`TokenSource`] it asks for a token for each audience that a target wants: Google's token for a service account
///   becomes the identity of another exchange.
/// - As a [`Provider`] it keeps an [`IdToken`] for the one [`audience`](ImpersonatedIdTokenBuilder::audience).
///
/// It needs the same right as [`Impersonation`](crate::Impersonation). Tokens live for an hour.
pub struct ImpersonatedIdToken {
    account: ServiceAccount,
    audience: Option<String>,
    include_email: bool,
}

impl ImpersonatedIdToken {
    /// Acts as this service account (its e-mail address or unique id) with the tokens of `base`, which a
    /// `Handle<AccessToken>` is a source of.
    pub fn builder(service_account: impl Into<String>, base: impl Source<AccessToken>) -> ImpersonatedIdTokenBuilder {
        ImpersonatedIdTokenBuilder {
            account: ServiceAccountBuilder::new(service_account.into(), base),
            audience: None,
            include_email: false,
        }
    }

    async fn fetch(&self, cx: &Attempt, audience: Option<&str>) -> Result<IdentityToken> {
        let Some(audience) = audience else {
            return Err(named(bad_option("audience", "the ID token has no audience"), Step::IdToken)
                .with_advice("name one with `audience`"));
        };
        let body = generate_id_token(audience, self.include_email, self.account.delegates());
        let answer = self.account.ask(cx, Step::IdToken, &body).await?;
        answer.read(|body| IdentityToken::new(IdTokenAnswer::read(body)?.token))
    }
}

impl TokenSource for ImpersonatedIdToken {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let audience = request.wanted_audience().or(self.audience.as_deref());
        let token = self.fetch(request.attempt(), audience).await?;
        Ok(identity::input(token))
    }
}

impl Provider for ImpersonatedIdToken {
    type Credential = IdToken;

    fn name(&self) -> &'static str {
        "gcp"
    }

    fn target(&self) -> Target {
        self.account.endpoint().target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<IdToken>> {
        let token = self.fetch(cx, self.audience.as_deref()).await?;
        let Some(expires_at) = token.claims().expires_at() else {
            return Err(named(
                Error::new(ErrorKind::Protocol, "the ID token does not say when it ends"),
                Step::IdToken,
            ));
        };
        Ok(Grant::new(IdToken::new(token)?).expires_at(expires_at).into())
    }
}

impl fmt::Debug for ImpersonatedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImpersonatedIdToken")
            .field("account", &self.account)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The choices of an [`ImpersonatedIdToken`].
#[must_use = "a provider begins with `build`"]
pub struct ImpersonatedIdTokenBuilder {
    account: ServiceAccountBuilder,
    audience: Option<String>,
    include_email: bool,
}

impl ImpersonatedIdTokenBuilder {
    /// Whom the token is for. A token source that is asked for another audience gets that one.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Puts the claims `email` and `email_verified` into the token.
    pub fn include_email(mut self) -> Self {
        self.include_email = true;
        self
    }

    /// Adds a link to the chain from the base to the account, as in
    /// [`ImpersonationBuilder::delegate`](crate::ImpersonationBuilder::delegate).
    pub fn delegate(mut self, service_account: impl Into<String>) -> Self {
        self.account.delegates.push(service_account.into());
        self
    }

    /// The domain of a Google Cloud that is not the public one ([AIP-4116](https://google.aip.dev/auth/4116)).
    pub fn universe_domain(mut self, domain: impl Into<String>) -> Self {
        self.account.universe = Some(domain.into());
        self
    }

    /// Another address of the API than `https://iamcredentials.googleapis.com`: base tokens are sent there.
    pub fn endpoint(mut self, origin: impl Into<String>) -> Self {
        self.account.endpoint = Some(origin.into());
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.account.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before a token is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<ImpersonatedIdToken> {
        if self.audience.as_deref().is_some_and(|audience| audience.trim().is_empty()) {
            return Err(bad_option("audience", "the audience of the ID token is empty")
                .with_advice("give what the receiver expects in `aud`: for Cloud Run, the URL of the service"));
        }
        Ok(ImpersonatedIdToken {
            account: self.account.build("generateIdToken")?,
            audience: self.audience,
            include_email: self.include_email,
        })
    }
}

impl fmt::Debug for ImpersonatedIdTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImpersonatedIdTokenBuilder")
            .field("account", &self.account.name)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

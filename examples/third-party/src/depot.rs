//! The provider.

use http::Uri;
use tokenex_core::{
    AnyTokenSource, Attempt, Error, ErrorKind, Grant, Issued, Outcome, Provider, Result, Revocation, Target,
    TokenSource,
};

use crate::token::PushToken;
use crate::{errors, wire};

/// The audience that Depot takes identity tokens for.
const AUDIENCE: &str = "depot";

/// The provider of push tokens for one project.
///
/// Tokens live for a quarter of an hour and cannot be renewed; one that is closed is revoked.
#[derive(Debug)]
pub struct Depot {
    exchange: Uri,
    revoke: Uri,
    target: Target,
    project: String,
    identity: AnyTokenSource,
}

impl Depot {
    /// Depot at this address, for a project such as `acme/shop`. Nothing is sent before the token is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the address is not `https://host` or the project is empty.
    pub fn new(address: &str, project: impl Into<String>, identity: impl TokenSource) -> Result<Self> {
        let bad = |what| Error::new(ErrorKind::Configuration, what).with_provider("depot");
        let project = project.into();
        if project.trim().is_empty() {
            return Err(bad("the project is empty").with_advice("name it as in the address bar: acme/shop"));
        }
        // The address is not repeated in the error: people put passwords into addresses.
        let wrong = || bad("the address of Depot is not https://host").with_advice("write it without a path");
        let home = address.trim_end_matches('/');
        let at = |path: &str| format!("{home}{path}").parse::<Uri>().map_err(|_| wrong());
        let (exchange, revoke) = (at("/oauth2/token")?, at("/oauth2/revoke")?);
        let plain = exchange.path() == "/oauth2/token" && exchange.query().is_none() && !home.contains('@');
        if exchange.scheme_str() != Some("https") || !plain {
            return Err(wrong());
        }
        Ok(Self { exchange, revoke, target: Target::new(home), project, identity: AnyTokenSource::new(identity) })
    }
}

impl Provider for Depot {
    type Credential = PushToken;

    fn name(&self) -> &'static str {
        "depot"
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<PushToken>> {
        // Asked in each attempt: Depot takes a token once.
        let identity = cx.identity(&self.identity, &[AUDIENCE]).await?.into_value();
        let request = wire::exchange(&self.exchange, &identity, &self.project);
        // Before the request leaves: from here on the lifetime counts.
        let sent = cx.moment();
        let answer = cx.send(request).await?;
        if !answer.status().is_success() {
            let error = refused(cx, &answer, identity.secret().expose()).with_step("exchange");
            // So that a person can compare with what the project trusts.
            return Err(if error.kind() == ErrorKind::Trust { error.with_presented(identity.claims()) } else { error });
        }
        let told = wire::read(answer.body()).map_err(|error| error.with_step("exchange"))?;
        let grant = Grant::new(PushToken::new(told.token, &self.project)?);
        let grant = grant.lifetime(told.lifetime).counted_from(sent).revocable();
        Ok(match told.id {
            Some(id) => grant.fingerprint(id).into(),
            None => grant.into(),
        })
    }

    async fn revoke(&self, held: &Issued<PushToken>, cx: &Attempt) -> Result<Revocation> {
        let answer = cx.send(wire::revoke(&self.revoke, held.secret())).await?;
        if answer.status().is_success() {
            return Ok(Revocation::Accepted);
        }
        Err(refused(cx, &answer, held.secret().expose()).with_step("revoke"))
    }
}

fn refused(cx: &Attempt, answer: &http::Response<bytes::Bytes>, sent: &str) -> Error {
    let error = errors::refusal(answer.status(), answer.body(), &[sent]);
    match cx.retry_after(answer.headers()) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

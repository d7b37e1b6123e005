//! The identity token itself, kept fresh, as a credential.

use crate::{AnyTokenSource, Attempt, Grant, IdentityToken, Outcome, Provider, Result, Target, TokenSource};

/// Exchanges nothing: hands on the identity token, for targets that take it as it is, and for whoever wants to watch a
/// token source.
///
/// ```
/// use tokenex_core::{Passthrough, Scheduler, sources::EnvVar};
/// # async fn demo() -> tokenex_core::Result<()> {
/// let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
/// let token = scheduler.keep(Passthrough::new(EnvVar::new("ID_TOKEN")).audience("https://api.example"));
/// println!("{:?}", token.get().await?.claims().subject());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Passthrough {
    source: AnyTokenSource,
    audience: Option<String>,
}

impl Passthrough {
    /// Hands on what `source` has.
    pub fn new(source: impl TokenSource) -> Self {
        Self { source: AnyTokenSource::new(source), audience: None }
    }

    /// Asks for a token for this audience, and refuses another one.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }
}

impl Provider for Passthrough {
    type Credential = IdentityToken;

    fn name(&self) -> &'static str {
        "passthrough"
    }

    fn target(&self) -> Target {
        Target::new("passthrough")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<IdentityToken>> {
        let accepted: Vec<&str> = self.audience.as_deref().into_iter().collect();
        let input = cx.identity(&self.source, &accepted).await?;
        let bonds = input.bonds().to_vec();
        let token = input.into_value();
        let (expires_at, id) = (token.claims().expires_at(), token.claims().id().map(str::to_owned));
        let mut grant = Grant::new(token).bound_to(&bonds);
        if let Some(at) = expires_at {
            grant = grant.expires_at(at);
        }
        if let Some(id) = id {
            grant = grant.fingerprint(id);
        }
        Ok(grant.into())
    }
}

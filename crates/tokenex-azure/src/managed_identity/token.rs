//! The token of a managed identity for one scope.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{Attempt, Grant, Outcome, Provider, Result, Target};

use super::answer::End;
use super::exchange::Exchange;
use crate::scope::Scope;
use crate::token::AccessToken;
use crate::wire::name_of;

/// The provider of an [`AccessToken`] of a [`ManagedIdentity`](super::ManagedIdentity).
#[derive(Clone)]
pub struct ManagedIdentityToken {
    exchange: Arc<Exchange>,
    scope: Scope,
}

impl ManagedIdentityToken {
    pub(super) fn new(exchange: Arc<Exchange>, scope: Scope) -> Self {
        Self { exchange, scope }
    }
}

impl Provider for ManagedIdentityToken {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "azure"
    }

    fn target(&self) -> Target {
        self.exchange.target.clone()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let named = |error| self.exchange.named(error);
        let (answer, sent) = self.exchange.ask(self.scope.resource(), cx).await?;
        let life = answer.life(cx.target_time()).map_err(named)?;
        let token = AccessToken::new(answer.token().clone(), self.scope.clone()).map_err(named)?;
        let mut grant = Grant::new(token).counted_from(sent);
        grant = match life.end {
            End::After(lifetime) => grant.lifetime(lifetime),
            End::At(at) => grant.expires_at(at),
        };
        if let Some(hint) = life.refresh_in {
            grant = grant.refresh_in(hint);
        }
        if let Some(name) = name_of(answer.token()) {
            grant = grant.fingerprint(name);
        }
        Ok(grant.into())
    }
}

impl fmt::Debug for ManagedIdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityToken")
            .field("platform", &self.exchange.platform)
            .field("selector", &self.exchange.selector)
            .field("scope", &self.scope)
            .finish()
    }
}

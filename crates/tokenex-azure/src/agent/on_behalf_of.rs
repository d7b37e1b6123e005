//! The agent on behalf of a person.

use tokenex_core::{AnyTokenSource, Result, Scheduler};

use super::identity::Agent;
use super::token::{Acting, AgentToken};
use crate::scope::Scope;
use crate::tokens::Tokens;

/// An agent on behalf of one person; from [`Agent::on_behalf_of`].
#[derive(Debug, Clone)]
pub struct OnBehalfOf {
    agent: Agent,
    acting: Acting,
}

impl OnBehalfOf {
    pub(super) fn new(agent: Agent, user_token: AnyTokenSource) -> Self {
        Self { agent, acting: Acting::OnBehalfOf { user_token } }
    }

    /// The provider of a token that stands for the person, and names the agent as the one who acts.
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub fn token(&self, scope: impl AsRef<str>) -> Result<AgentToken> {
        Ok(AgentToken::new(self.agent.clone(), self.acting.clone(), Scope::new(scope)?))
    }

    /// The person's tokens for several scopes, each kept by `scheduler` when it is first asked for.
    pub fn tokens(&self, scheduler: &Scheduler) -> Tokens {
        self.agent.tokens_as(scheduler, &self.acting)
    }
}

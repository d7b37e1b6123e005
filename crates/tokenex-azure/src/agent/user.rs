//! The agent as its user account.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{Error, ErrorKind, Handle, Result, Scheduler};

use super::identity::Agent;
use super::token::{Acting, AgentToken};
use crate::scope::Scope;
use crate::token::AccessToken;
use crate::tokens::Tokens;

/// Which user account an agent acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUser(By);

#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    PrincipalName(String),
    ObjectId(String),
}

impl AgentUser {
    /// By its user principal name: `assistant@contoso.example`. Names can be changed by administrators; ids stay.
    pub fn principal_name(name: impl Into<String>) -> Self {
        Self(By::PrincipalName(name.into()))
    }

    /// By its object id.
    pub fn object_id(id: impl Into<String>) -> Self {
        Self(By::ObjectId(id.into()))
    }

    /// The field of the request that names the user.
    pub(super) fn field(&self) -> (&'static str, &str) {
        match &self.0 {
            By::PrincipalName(name) => ("username", name),
            By::ObjectId(id) => ("user_id", id),
        }
    }

    /// # Errors
    /// [`ErrorKind::Configuration`] when it cannot be a user's.
    pub(super) fn check(&self) -> Result<()> {
        const LENGTH_MAX: usize = 256;
        let (_, value) = self.field();
        let what = match &self.0 {
            _ if value.trim().is_empty() => "the agent's user is empty",
            _ if value.len() > LENGTH_MAX || value.chars().any(|c| c.is_whitespace() || c.is_control()) => {
                "the agent's user is too long, or holds blanks"
            }
            By::PrincipalName(name) if !name.contains('@') => "the name of the agent's user is no user principal name",
            By::PrincipalName(_) | By::ObjectId(_) => return Ok(()),
        };
        Err(Error::new(ErrorKind::Configuration, what)
            .with_provider("azure")
            .with_code("agent_user")
            .with_advice("give its user principal name, such as assistant@contoso.example, or its object id"))
    }
}

impl fmt::Display for AgentUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field().1)
    }
}

/// An agent as its user account; from [`Agent::user`].
#[derive(Debug, Clone)]
pub struct ActingUser {
    agent: Agent,
    acting: Acting,
}

impl ActingUser {
    pub(super) fn new(agent: Agent, user: AgentUser, vouching: Handle<AccessToken>) -> Self {
        Self { agent, acting: Acting::AsUser { user: Arc::new(user), vouching } }
    }

    /// The provider of a token for the user.
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub fn token(&self, scope: impl AsRef<str>) -> Result<AgentToken> {
        Ok(AgentToken::new(self.agent.clone(), self.acting.clone(), Scope::new(scope)?))
    }

    /// The user's tokens for several scopes, each kept by `scheduler` when it is first asked for.
    pub fn tokens(&self, scheduler: &Scheduler) -> Tokens {
        self.agent.tokens_as(scheduler, &self.acting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_name_with_a_domain_or_an_id() {
        for good in [
            AgentUser::principal_name("assistant@contoso.example"),
            AgentUser::object_id("72f988bf-86f1-41af-91ab-2d7cd011db47"),
        ] {
            good.check().unwrap();
        }
        for bad in [
            AgentUser::principal_name(""),
            AgentUser::principal_name("assistant"),
            AgentUser::principal_name("two words@contoso.example"),
            AgentUser::object_id(" 72f988bf"),
            AgentUser::object_id("\u{7}"),
        ] {
            let error = bad.check().unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("agent_user")), "{bad:?}");
        }
    }
}

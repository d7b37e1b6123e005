//! The agent identity.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{AnyTokenSource, Error, ErrorKind, Handle, Keep, Result, Scheduler, TokenSource};

use super::on_behalf_of::OnBehalfOf;
use super::token::{Acting, AgentToken};
use super::user::{ActingUser, AgentUser};
use crate::entra::Entra;
use crate::scope::Scope;
use crate::token::AccessToken;
use crate::tokens::Tokens;

/// An agent identity; from [`AgentBlueprint::agent`](crate::AgentBlueprint::agent). Cheap to clone; all clones share one
/// exchange token, which is kept while one of them, or a token of the agent, is in use.
#[derive(Clone)]
pub struct Agent(Arc<Inner>);

struct Inner {
    client_id: String,
    /// The agent as a client whose identity is the exchange token.
    client: Entra,
    exchange: Scope,
    user_audiences: Arc<[String]>,
}

impl Agent {
    pub(super) fn new(
        blueprint: &Entra,
        client_id: String,
        exchange_token: Handle<AccessToken>,
        exchange: Scope,
        user_audiences: Arc<[String]>,
    ) -> Result<Self> {
        let client = blueprint.other_client(&client_id, AnyTokenSource::new(exchange_token))?;
        Ok(Self(Arc::new(Inner { client_id, client, exchange, user_audiences })))
    }

    /// The provider of a token for the agent itself, which acts on its own.
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub fn token(&self, scope: impl AsRef<str>) -> Result<AgentToken> {
        Ok(AgentToken::new(self.clone(), Acting::AsItself, Scope::new(scope)?))
    }

    /// The agent's own tokens for several scopes, each kept by `scheduler` when it is first asked for.
    pub fn tokens(&self, scheduler: &Scheduler) -> Tokens {
        self.tokens_as(scheduler, &Acting::AsItself)
    }

    /// The agent as its user account, for what only users can have: a mailbox, a place in a team. The account must be one
    /// that was made for this agent
    /// ([agent users](https://learn.microsoft.com/entra/agent-id/agent-user-oauth-flow)).
    ///
    /// From now on `scheduler` keeps the token by which the agent vouches for the user, as long as this is in use.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the user is none.
    pub fn user(&self, scheduler: &Scheduler, user: AgentUser) -> Result<ActingUser> {
        user.check()?;
        let vouching = AgentToken::new(self.clone(), Acting::AsItself, self.0.exchange.clone());
        let name = format!("azure agent {} vouching token", self.0.client_id);
        Ok(ActingUser::new(self.clone(), user, scheduler.keep(Keep::new(vouching).name(name))))
    }

    /// The agent on behalf of the person whose tokens `user_token` hands out. Their audience is the blueprint, since that
    /// is where people sign in; the source is asked for it, and a token for another audience is refused before anything is
    /// sent ([on behalf of](https://learn.microsoft.com/entra/agent-id/agent-on-behalf-of-oauth-flow)).
    ///
    /// One for each person, let go when the session ends. When the source has no newer token, those that were made of the
    /// last one stay in use until their own end.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the audience of the blueprint is not known.
    pub fn on_behalf_of(&self, user_token: impl TokenSource) -> Result<OnBehalfOf> {
        if self.0.user_audiences.is_empty() {
            return Err(Error::new(ErrorKind::Configuration, "the audience of the tokens of users is not known")
                .with_provider("azure")
                .with_code("user_audience")
                .with_advice("name it with AgentBlueprint::accept_user_audience: the client id of the blueprint"));
        }
        Ok(OnBehalfOf::new(self.clone(), AnyTokenSource::new(user_token)))
    }

    pub(super) fn tokens_as(&self, scheduler: &Scheduler, acting: &Acting) -> Tokens {
        let client = format!("agent {} as {acting},", self.0.client_id);
        let (agent, acting) = (self.clone(), acting.clone());
        Tokens::new(scheduler, client, move |scope| AgentToken::new(agent.clone(), acting.clone(), scope))
    }

    pub(super) fn client(&self) -> &Entra {
        &self.0.client
    }

    pub(super) fn user_audiences(&self) -> Vec<&str> {
        self.0.user_audiences.iter().map(String::as_str).collect()
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Agent").field(&self.0.client).finish()
    }
}

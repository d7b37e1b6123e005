//! The provider of an agent's tokens, whoever the agent acts as.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{
    AnyTokenSource, Attempt, Error, Grant, Handle, IdentityToken, Issued, Outcome, Provider, Rejection, Result, Source,
    Target,
};

use super::identity::Agent;
use super::user::AgentUser;
use crate::entra::Ask;
use crate::errors;
use crate::scope::Scope;
use crate::token::AccessToken;

/// A user account of an agent
/// ([agent users](https://learn.microsoft.com/entra/agent-id/agent-user-oauth-flow)).
const USER_FIC: &str = "user_fic";

/// On behalf of a person ([RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The provider of an [`AccessToken`] of an agent for one scope; from [`Agent::token`],
/// [`ActingUser::token`](crate::ActingUser::token) and [`OnBehalfOf::token`](crate::OnBehalfOf::token).
#[derive(Debug, Clone)]
pub struct AgentToken {
    agent: Agent,
    acting: Acting,
    scope: Scope,
}

/// Who an agent acts as, and where the proof of it comes from.
#[derive(Debug, Clone)]
pub(super) enum Acting {
    AsItself,
    AsUser {
        user: Arc<AgentUser>,
        /// By which the agent vouches for the user: its own token for the exchange audience.
        vouching: Handle<AccessToken>,
    },
    OnBehalfOf {
        user_token: AnyTokenSource,
    },
}

impl fmt::Display for Acting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsItself => f.write_str("itself"),
            Self::AsUser { user, .. } => user.fmt(f),
            Self::OnBehalfOf { .. } => f.write_str("a person"),
        }
    }
}

/// What one request shows beside the agent's own exchange token.
enum Shown {
    Nothing,
    Vouching(Arc<Issued<AccessToken>>),
    Person(IdentityToken),
}

impl AgentToken {
    pub(super) fn new(agent: Agent, acting: Acting, scope: Scope) -> Self {
        Self { agent, acting, scope }
    }

    /// What the token is for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    async fn request(&self, cx: &Attempt, shown: &Shown) -> Result<Grant<AccessToken>> {
        let client = self.agent.client();
        match (&self.acting, shown) {
            (Acting::AsUser { user, .. }, Shown::Vouching(vouching)) => {
                let (field, value) = user.field();
                let ask = Ask::new("agent user token", USER_FIC, &self.scope)
                    .with(field, value)
                    .with_secret("user_federated_identity_credential", vouching.secret())
                    .with("requested_token_use", "on_behalf_of");
                client.request(cx, &ask).await
            }
            (_, Shown::Person(person)) => {
                let ask = Ask::new("on-behalf-of token", JWT_BEARER, &self.scope)
                    .with_secret("assertion", person.secret())
                    .with("requested_token_use", "on_behalf_of")
                    .for_person();
                client.request(cx, &ask).await.map_err(|refusal| match ask.blames_person(&refusal) {
                    true => refusal.with_presented(person.claims()),
                    false => refusal,
                })
            }
            _ => client.request(cx, &Ask::client_credentials("agent token", &self.scope)).await,
        }
    }

    /// What there is to show now.
    async fn shown(&self, cx: &Attempt) -> Result<Shown> {
        Ok(match &self.acting {
            Acting::AsItself => Shown::Nothing,
            Acting::AsUser { vouching, .. } => Shown::Vouching(vouching.fetch(cx).await?.into_value()),
            Acting::OnBehalfOf { user_token } => {
                let person = cx.identity(user_token, &self.agent.user_audiences()).await;
                Shown::Person(person.map_err(named)?.into_value())
            }
        })
    }

    /// What there is to show instead of what was refused as stale, if there is something.
    async fn shown_instead(&self, cx: &Attempt, refused: &Shown) -> Option<Shown> {
        match (&self.acting, refused) {
            (Acting::AsUser { vouching, .. }, Shown::Vouching(held)) => {
                // Where telling changes nothing, or fails, the refusal itself says more.
                match vouching.rejected_in(cx, held.generation()).await {
                    Ok(Rejection::Replaced { .. }) => self.shown(cx).await.ok(),
                    _ => None,
                }
            }
            (Acting::OnBehalfOf { user_token }, Shown::Person(person)) => {
                let other = cx.other_identity(user_token, &self.agent.user_audiences(), person).await;
                Some(Shown::Person(other.ok()??.into_value()))
            }
            _ => None,
        }
    }
}

impl Provider for AgentToken {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "azure"
    }

    fn target(&self) -> Target {
        self.agent.client().target()
    }

    /// Sends the request; and when what was shown beside the exchange token may be stale, once more with something newer.
    /// A stale exchange token is the client's own business: it gets itself another one.
    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let shown = self.shown(cx).await?;
        let refusal = match self.request(cx, &shown).await {
            Ok(grant) => return Ok(grant.into()),
            Err(error) => error,
        };
        if !errors::wants_another_assertion_than_the_kept(&refusal) {
            return Err(refusal);
        }
        match self.shown_instead(cx, &shown).await {
            Some(instead) => Ok(self.request(cx, &instead).await?.into()),
            None => Err(refusal),
        }
    }
}

fn named(error: Error) -> Error {
    error.with_provider("azure").with_step("on-behalf-of token")
}

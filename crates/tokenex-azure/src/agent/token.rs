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
                    .with("requested_token_use", "on_behalf_of");
                client.request(cx, &ask).await.map_err(|refusal| match errors::is_about_the_user(&refusal) {
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
                let replaced = was_replaced(vouching, cx, held.generation()).await;
                if replaced { self.shown(cx).await.ok() } else { None }
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

    /// Sends the request; and when something that was shown may be stale, tells whoever keeps it, once, and sends it once
    /// more if that brought something new.
    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let exchange_token = self.agent.exchange_token().fetch(cx).await?.into_value();
        let shown = self.shown(cx).await?;
        let refusal = match self.request(cx, &shown).await {
            Ok(grant) => return Ok(grant.into()),
            Err(error) => error,
        };
        if !errors::wants_another_assertion_than_the_kept(&refusal) {
            return Err(refusal);
        }
        let about_the_person = matches!(shown, Shown::Person(_)) && errors::is_about_the_user(&refusal);
        let replaced =
            !about_the_person && was_replaced(self.agent.exchange_token(), cx, exchange_token.generation()).await;
        let instead = self.shown_instead(cx, &shown).await;
        if !replaced && instead.is_none() {
            return Err(refusal);
        }
        Ok(self.request(cx, instead.as_ref().unwrap_or(&shown)).await?.into())
    }
}

/// Says that this generation was refused. Where that changes nothing, or fails, the refusal itself says more.
async fn was_replaced(handle: &Handle<AccessToken>, cx: &Attempt, generation: u64) -> bool {
    matches!(handle.rejected_in(cx, generation).await, Ok(Rejection::Replaced { .. }))
}

fn named(error: Error) -> Error {
    error.with_provider("azure").with_step("on-behalf-of token")
}

//! The blueprint, and the exchange tokens that it makes for its agents.

use std::sync::Arc;

use tokenex_core::{Attempt, Keep, Outcome, Provider, Result, Scheduler, Target};

use super::identity::Agent;
use crate::entra::{Ask, Entra, check_client_id};
use crate::scope::Scope;
use crate::token::AccessToken;

/// An agent identity blueprint ([Entra Agent ID](https://learn.microsoft.com/entra/agent-id/agent-oauth-protocols)): the
/// application that stands for a kind of agent, and the only one that holds a proof, of whatever kind.
///
/// An agent identity has no proof of its own. The blueprint asks for an exchange token in its name (`fmi_path`), and with
/// that the agent gets its tokens: for itself, for its user account, or on behalf of a person.
///
/// ```text
/// identity ──► blueprint ──► exchange token of one agent ──► access token of the agent
///                                 ├──► and a token by which it vouches ──► access token of its user
///                                 └──► and the token of a person ──► access token on behalf of the person
/// ```
///
/// Each agent has an exchange token of its own, kept as long as it is used, and nothing is shared between two agents of one
/// blueprint. Where Entra refuses an exchange token, it is replaced, and the request made once more, in the same attempt.
///
/// ```no_run
/// use tokenex_azure::{AgentBlueprint, Entra, ManagedIdentity};
/// # use tokenex_core::{Result, Scheduler};
/// # async fn demo(scheduler: &Scheduler, tenant: &str, blueprint_id: &str, agent_id: &str) -> Result<()> {
///
/// let identity = ManagedIdentity::builder().build()?;
/// let blueprint = AgentBlueprint::new(Entra::federated(tenant, blueprint_id, identity).build()?);
/// let agent = blueprint.agent(scheduler, agent_id)?;
/// let graph = scheduler.keep(agent.token("https://graph.microsoft.com/.default")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AgentBlueprint {
    entra: Entra,
    user_audiences: Vec<String>,
}

impl AgentBlueprint {
    /// The blueprint as a client, with whatever proof it has.
    pub fn new(entra: Entra) -> Self {
        // Tokens of version 2 carry the client id, those of version 1 the Application ID URI, which is this by default.
        let own = entra.client_id().map(|id| vec![id.to_owned(), format!("api://{id}")]);
        Self { entra, user_audiences: own.unwrap_or_default() }
    }

    /// Takes tokens of users with this `aud` too, for [`Agent::on_behalf_of`]: where the blueprint has another Application
    /// ID URI than `api://<client id>`, or where its client id comes together with its secret.
    #[must_use]
    pub fn accept_user_audience(mut self, audience: impl Into<String>) -> Self {
        self.user_audiences.push(audience.into());
        self
    }

    /// An agent identity of this blueprint, by its client id, in the tenant that the blueprint was built with.
    ///
    /// From now on `scheduler` keeps the agent's exchange token, as long as the agent or a token of it is in use. Make an
    /// agent once and clone it: another call keeps another exchange token.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no client id.
    pub fn agent(&self, scheduler: &Scheduler, client_id: impl Into<String>) -> Result<Agent> {
        self.make(scheduler, self.entra.clone(), client_id.into())
    }

    /// As [`agent`](Self::agent), for an agent identity in another tenant, where the blueprint is installed. All requests
    /// go to the agent's tenant, those of the blueprint too.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no tenant or no client id.
    pub fn agent_in(
        &self,
        scheduler: &Scheduler,
        tenant: impl AsRef<str>,
        client_id: impl Into<String>,
    ) -> Result<Agent> {
        self.make(scheduler, self.entra.in_tenant(tenant.as_ref())?, client_id.into())
    }

    fn make(&self, scheduler: &Scheduler, blueprint: Entra, agent: String) -> Result<Agent> {
        check_client_id(&agent)?;
        let scope = Scope::new(format!("{}/.default", blueprint.own_exchange_audience()))?;
        let name = format!("azure agent {agent} exchange token");
        let made = ExchangeToken { blueprint: blueprint.clone(), agent: agent.clone(), scope: scope.clone() };
        let exchange_token = scheduler.keep(Keep::new(made).name(name));
        Agent::new(&blueprint, agent, exchange_token, scope, Arc::from(self.user_audiences.as_slice()))
    }
}

/// The provider of the token by which an agent is known: the blueprint asks for it, and names the agent.
#[derive(Debug)]
struct ExchangeToken {
    blueprint: Entra,
    agent: String,
    scope: Scope,
}

impl Provider for ExchangeToken {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "azure"
    }

    fn target(&self) -> Target {
        self.blueprint.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let ask = Ask::client_credentials("agent exchange token", &self.scope).with("fmi_path", &self.agent);
        Ok(self.blueprint.request(cx, &ask).await?.into())
    }
}

//! A blueprint with two agents.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokenex_azure::{AccessToken, Agent, AgentBlueprint, Cloud, Entra};
use tokenex_core::{Handle, Issued, Provider};
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, Exchange};

use crate::world::{ISSUER, SUBJECT, World};

/// The scope of exchange tokens.
pub(crate) const EXCHANGE: &str = "api://AzureADTokenExchange/.default";

/// Drive it in a test that starts with time paused.
pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) blueprint: App,
    pub(crate) anna: App,
    pub(crate) bert: App,
}

impl Office {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let blueprint = world.tenant.blueprint("assistants");
        blueprint.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        let (anna, bert) = (blueprint.agent("anna"), blueprint.agent("bert"));
        Self { world, blueprint, anna, bert }
    }

    /// The workload as the blueprint.
    pub(crate) fn client(&self) -> Entra {
        let identity = self.world.identity();
        let client = Entra::federated(self.world.tenant.id(), self.blueprint.client_id(), identity);
        client.cloud(Cloud::public()).build().unwrap()
    }

    pub(crate) fn agent(&self, agent: &App) -> Agent {
        AgentBlueprint::new(self.client()).agent(&self.world.scheduler, agent.client_id()).unwrap()
    }

    pub(crate) fn keep(&self, provider: impl Provider<Credential = AccessToken>) -> Handle<AccessToken> {
        self.world.scheduler.keep(provider)
    }

    /// The requests so far of this client.
    pub(crate) fn asked_by(&self, client: &App) -> Vec<Exchange> {
        self.world.twin.exchanges().into_iter().filter(|exchange| exchange.client_id == client.client_id()).collect()
    }
}

/// A credential that comes soon.
pub(crate) async fn ready(handle: &Handle<AccessToken>) -> std::sync::Arc<Issued<AccessToken>> {
    handle.ready(Duration::from_secs(5)).await.unwrap()
}

/// What a token claims, unverified.
pub(crate) fn claims(token: &AccessToken) -> Value {
    let payload = token.secret().expose().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

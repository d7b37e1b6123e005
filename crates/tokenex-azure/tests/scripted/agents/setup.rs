//! What a blueprint's proof and an agent's place can be, and what they cannot.

use tokenex_azure::{AgentBlueprint, Cloud, Entra, ManagedIdentity, Platform};
use tokenex_core::ErrorKind;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{PlatformTwin, TokenVersion};

use crate::agents::office::{Office, claims, ready};
use crate::world::{ARM, ISSUER, SUBJECT};

#[tokio::test(start_paused = true)]
async fn a_managed_identity_can_be_the_proof_of_a_blueprint() {
    let office = Office::new();
    let identity = office.world.tenant.user_assigned_identity("machine");
    let machine = PlatformTwin::imds(&office.world.twin);
    machine.assign(&identity);
    machine.route(&office.world.network, "169.254.169.254");
    office.blueprint.federate_identity(&identity).unwrap();

    let identity = ManagedIdentity::builder().platform(Platform::Imds).build().unwrap();
    let client = Entra::federated(office.world.tenant.id(), office.blueprint.client_id(), identity).build().unwrap();
    let agent = AgentBlueprint::new(client).agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    let token = ready(&office.keep(agent.token(ARM).unwrap())).await;
    assert_eq!(claims(&token)["appid"], office.anna.client_id());
}

#[tokio::test(start_paused = true)]
async fn an_exchange_audience_of_ones_own_is_for_the_blueprint_only() {
    let office = Office::new();
    let blueprint = office.world.tenant.blueprint("own");
    blueprint.federate(ISSUER, SUBJECT, "api://own").unwrap();
    let client = Entra::federated(office.world.tenant.id(), blueprint.client_id(), office.world.identity())
        .cloud(Cloud::public().exchange_audience("api://own"));
    let agent = AgentBlueprint::new(client.build().unwrap())
        .agent(&office.world.scheduler, blueprint.agent("dora").client_id())
        .unwrap();
    ready(&office.keep(agent.token(ARM).unwrap())).await;
}

#[tokio::test(start_paused = true)]
async fn for_an_agent_in_another_tenant_all_requests_go_there() {
    let office = Office::new();
    let customer = office.world.twin.tenant("fabrikam.example");
    office.blueprint.install_in(&customer);
    let agent = office.blueprint.agent_in(&customer, "carla");
    let blueprint = AgentBlueprint::new(office.client());
    let carla = blueprint.agent_in(&office.world.scheduler, customer.id(), agent.client_id()).unwrap();
    let anna = blueprint.agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    let token = ready(&office.keep(carla.token(ARM).unwrap())).await;
    assert_eq!(claims(&token)["iss"], customer.issuer(TokenVersion::V1));
    assert!(office.world.twin.exchanges().iter().filter(|e| e.client_id == agent.client_id()).count() == 1);
    let elsewhere = office.world.twin.exchanges().into_iter().filter(|exchange| exchange.tenant != customer.id());
    assert_eq!(elsewhere.filter(|e| e.fmi_path.as_deref() == Some(agent.client_id())).count(), 0);

    // The home tenant knows nothing of that agent, and the other agent stays there.
    ready(&office.keep(anna.token(ARM).unwrap())).await;
    let lost = blueprint.agent(&office.world.scheduler, agent.client_id()).unwrap();
    office.keep(lost.token(ARM).unwrap()).get().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_is_no_agent_and_no_tenant_is_refused_before_anything_is_sent() {
    let office = Office::new();
    let blueprint = AgentBlueprint::new(office.client());
    for bad in ["", " ", "two words", "padded "] {
        let error = blueprint.agent(&office.world.scheduler, bad).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("client_id")), "{bad}");
    }
    for bad in ["", "common", "a/b"] {
        let error = blueprint.agent_in(&office.world.scheduler, bad, office.anna.client_id()).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("tenant")), "{bad}");
    }
    let agent = blueprint.agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    assert_eq!(agent.token("User.Read").unwrap_err().code(), Some("scope"));
    assert_eq!(office.world.twin.exchanges().len(), 0);
}

//! A managed identity as the federated credential of an app registration, before the twins of both.

use std::time::Duration;

use tokenex_azure::{Entra, ManagedIdentity};
use tokenex_core::{Claims, ErrorKind, Passthrough};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, PlatformTwin, TokenVersion};

use crate::managed_identity::machine::IMDS;
use crate::world::{ARM, GRAPH, World, minutes};

/// A machine with a user-assigned identity, in the tenant of the world's app.
struct Setup {
    world: World,
    machine: PlatformTwin,
    identity: App,
}

impl Setup {
    fn new() -> Self {
        let world = World::new();
        let machine = PlatformTwin::imds(&world.twin);
        let identity = world.tenant.user_assigned_identity("deployer");
        machine.assign(&identity).route(&world.network, IMDS);
        Self { world, machine, identity }
    }

    fn managed(&self) -> ManagedIdentity {
        let none = |_: &str| None;
        ManagedIdentity::builder().client_id(self.identity.client_id()).variables(none).build().unwrap()
    }

    /// The world's app, proven by the machine.
    fn entra(&self) -> Entra {
        self.world.builder_with(self.managed()).build().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn the_machine_is_the_proof_of_the_app_though_its_token_names_the_audience_by_another_name() {
    let setup = Setup::new();
    let (world, identity) = (&setup.world, &setup.identity);
    world.app.federate_identity(identity).unwrap();
    let token = world.keep(&setup.entra(), GRAPH);
    token.get().await.unwrap();

    let asked = &setup.machine.asked()[0];
    assert_eq!((asked.resource.as_str(), asked.selector.as_deref()), (EXCHANGE_AUDIENCE, Some(identity.client_id())));
    let machine = world.scheduler.keep(Passthrough::new(setup.managed()).audience(EXCHANGE_AUDIENCE));
    let error = machine.get().await.unwrap_err();
    assert_eq!(error.code(), Some("wrong_audience"), "its token says {EXCHANGE_AUDIENCE_ID}");
    assert_eq!(error.presented().unwrap().audience, EXCHANGE_AUDIENCE_ID);
    let exchange = &world.twin.exchanges()[0];
    assert_eq!((exchange.client_id.as_str(), exchange.outcome.is_ok()), (world.app.client_id(), true));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_the_app_does_not_trust_is_refused_with_what_to_compare() {
    let setup = Setup::new();
    let (world, tenant) = (&setup.world, &setup.world.tenant);
    let error = world.keep(&setup.entra(), GRAPH).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trust, "{error}");
    let presented = error.presented().unwrap();
    assert_eq!(presented.issuer, tenant.issuer(TokenVersion::V2));
    assert_eq!(
        (presented.subject.as_str(), presented.audience.as_str()),
        (&*setup.identity.object_id(), EXCHANGE_AUDIENCE_ID)
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_loses_its_identity_is_a_failure_of_its_own_name_and_costs_no_token() {
    let setup = Setup::new();
    let world = &setup.world;
    world.app.federate_identity(&setup.identity).unwrap();
    let token = world.keep(&setup.entra(), ARM);
    token.ready(minutes(1)).await.unwrap();
    setup.machine.unassign(&setup.identity);
    world.seconds(3500).await;
    let failing = token.status().failing.expect("the machine has no identity any more").last.clone();
    assert_eq!((failing.kind(), failing.step()), (ErrorKind::NotFound, Some("managed identity (IMDS)")), "{failing}");
    assert!(failing.to_string().contains("az vm identity assign"), "{failing}");
    assert!(token.peek().is_some());
    setup.machine.assign(&setup.identity);
    world.seconds(61).await;
    assert!(token.status().failing.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_day_of_the_app_on_one_token_of_the_machine() {
    let setup = Setup::new();
    let world = &setup.world;
    world.app.federate_identity(&setup.identity).unwrap();
    world.twin.token_lifetime(minutes(60));
    setup.machine.cached_until(Duration::from_secs(600));
    let token = world.keep(&setup.entra(), ARM);
    token.ready(minutes(1)).await.unwrap();
    for _ in 0..24 * 60 {
        world.seconds(60).await;
        assert!(token.peek().is_some());
    }
    let exchanges = world.twin.exchanges();
    assert!(exchanges.iter().all(|exchange| exchange.outcome.is_ok()));
    assert!((35..=50).contains(&exchanges.len()), "{} exchanges", exchanges.len());
    assert_eq!(
        setup.machine.asked().len(),
        exchanges.len(),
        "the platform keeps its own token, so it is asked each time"
    );
    let claims = Claims::read(token.get().await.unwrap().secret().expose()).unwrap();
    assert_eq!(claims.subject().map(str::to_owned), Some(world.app.object_id()));
}

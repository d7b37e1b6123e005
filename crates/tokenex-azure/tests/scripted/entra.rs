//! What holds for every client: mistakes in its options, scopes, and many callers.

use std::sync::Arc;

use tokenex_azure::{Cloud, Entra};
use tokenex_core::sources::StaticText;
use tokenex_core::{ErrorKind, Result};
use tokio::sync::Barrier;

use crate::world::{ARM, GRAPH, HOST, VAULT, World, minutes};

const CLIENT: &str = "1950a258-227b-4e31-a9cf-717495945fc2";

fn build(tenant: &str, client: &str) -> Result<Entra> {
    Entra::federated(tenant, client, StaticText::new("e30.e30.c2ln")).build()
}

#[test]
fn mistakes_in_options_are_found_when_building_and_name_the_option() {
    for (tenant, client, code) in [
        ("", CLIENT, "tenant"),
        ("common", CLIENT, "tenant"),
        ("organizations", CLIENT, "tenant"),
        ("contoso.example/../other", CLIENT, "tenant"),
        (" contoso.example", CLIENT, "tenant"),
        ("contoso.example", "", "client_id"),
        ("contoso.example", "a b", "client_id"),
        ("contoso.example", "1950a258-227b-4e31-a9cf-717495945fc2\n", "client_id"),
    ] {
        let error = build(tenant, client).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{tenant:?} {client:?}");
        assert!(error.advice().is_some() && error.provider() == Some("azure"), "{error}");
    }
    let entra = build("contoso.example", CLIENT).unwrap();
    let error = entra.token("https://management.azure.com").unwrap_err();
    assert!(error.to_string().contains("did you mean \"https://management.azure.com/.default\"?"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_of_three_scopes_cause_three_exchanges() {
    let world = World::new();
    world.network.latency(std::time::Duration::from_millis(200));
    let entra = world.entra();
    let handles = [ARM, VAULT, GRAPH].map(|scope| world.keep(&entra, scope));
    let barrier = Arc::new(Barrier::new(1000));
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (barrier, handles) = (barrier.clone(), handles.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                for handle in &handles {
                    let token = handle.get().await.unwrap();
                    assert!(!token.secret().is_empty());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let mut asked: Vec<_> = world.twin.exchanges().into_iter().map(|exchange| exchange.scope).collect();
    asked.sort();
    assert_eq!(asked, [GRAPH, ARM, VAULT]);
    assert_eq!((world.count(), world.twin.issued()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn each_scope_is_refreshed_for_itself() {
    let world = World::new();
    let entra = world.entra();
    let arm = world.keep(&entra, ARM);
    arm.get().await.unwrap();
    world.seconds(1200).await;
    let vault = world.keep(&entra, VAULT);
    vault.get().await.unwrap();
    world.seconds(1200).await;
    assert_eq!((arm.get().await.unwrap().generation(), vault.get().await.unwrap().generation()), (2, 1));
    assert!(!arm.get().await.unwrap().secret().same_as(vault.get().await.unwrap().secret()));
}

#[tokio::test(start_paused = true)]
async fn a_token_for_an_api_of_ones_own_is_an_identity_for_the_next_exchange() {
    use tokenex_testkit::twins::azure::TokenVersion;
    let world = World::new();
    let api = world.tenant.app("api");
    api.expose("api://partner", TokenVersion::V2);
    let token = world.keep(&world.entra(), "api://partner/.default");
    let other = world.scheduler.keep(tokenex_core::Passthrough::new(token));
    let identity = other.get().await.unwrap();
    assert_eq!(identity.claims().audiences(), [api.client_id()]);
    assert_eq!(identity.claims().issuer(), Some(world.tenant.issuer(TokenVersion::V2).as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_cloud_of_ones_own_is_where_requests_go() {
    let world = World::new();
    tokenex_testkit::twins::Twin::route(&world.twin, &world.network, "login.private.test:8443");
    let cloud = Cloud::at("https://login.private.test:8443/").unwrap();
    let arm = world.keep(&world.builder().cloud(cloud).build().unwrap(), ARM);
    arm.get().await.unwrap();
    assert_eq!((world.network.count("login.private.test:8443"), world.network.count(HOST)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_transport_of_its_own_carries_the_requests() {
    let world = World::new();
    let own = tokenex_testkit::transport::InMemory::new();
    tokenex_testkit::twins::Twin::route(&world.twin, &own, HOST);
    let arm = world.keep(&world.builder().transport(own.clone()).build().unwrap(), ARM);
    arm.ready(minutes(1)).await.unwrap();
    assert_eq!((own.count(HOST), world.count()), (1, 0));
}

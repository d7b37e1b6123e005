//! Several scopes of one client.

use std::sync::Arc;
use std::time::Duration;

use tokenex_azure::{ManagedIdentity, Platform, Tokens};
use tokenex_core::{ErrorKind, Scheduler, State};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::PlatformTwin;
use tokio::sync::Barrier;

use crate::world::{ARM, GRAPH, VAULT, World};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tokens(world: &World) -> Tokens {
    world.entra().tokens(&world.scheduler)
}

/// How many requests for this scope the twin judged.
fn asked(world: &World, scope: &str) -> usize {
    world.twin.exchanges().iter().filter(|exchange| exchange.scope == scope).count()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_a_scope_is_asked_for() {
    let world = World::new();
    let tokens = tokens(&world);
    world.seconds(60).await;
    assert_eq!(world.count(), 0);
    tokens.handle(ARM).unwrap().ready(s(5)).await.unwrap();
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_scope_is_a_credential_with_a_refresh_of_its_own() {
    let world = World::new();
    let tokens = tokens(&world);
    let arm = tokens.handle(ARM).unwrap();
    arm.ready(s(5)).await.unwrap();
    world.seconds(1800).await;
    let graph = tokens.handle(GRAPH).unwrap();
    graph.ready(s(5)).await.unwrap();

    // The first is replaced by now; the second, half an hour younger, is not.
    world.seconds(900).await;
    assert_eq!((asked(&world, ARM), asked(&world, GRAPH)), (2, 1));
    let (arm, graph) = (arm.get().await.unwrap(), graph.get().await.unwrap());
    assert_eq!((arm.generation(), graph.generation()), (2, 1));
    assert_eq!((arm.scope().as_str(), graph.scope().as_str()), (ARM, GRAPH));
    assert!(!arm.secret().same_as(graph.secret()));
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_refused_does_not_hold_up_another() {
    let world = World::new();
    let tokens = tokens(&world);
    let unknown = tokens.handle("https://unknown.example/.default").unwrap();
    let arm = tokens.handle(ARM).unwrap();
    arm.ready(s(5)).await.unwrap();
    assert_eq!(unknown.get().await.unwrap_err().code(), Some("AADSTS500011"));
    assert_eq!((arm.status().state, unknown.status().state), (State::Ready, State::Failing));
}

#[tokio::test(start_paused = true)]
async fn the_same_scope_is_the_same_handle_from_all_clones() {
    let world = World::new();
    let tokens = tokens(&world);
    let (one, two) = (tokens.handle(ARM).unwrap(), tokens.clone().handle(ARM).unwrap());
    one.ready(s(5)).await.unwrap();
    assert_eq!(one.name(), two.name());
    assert!(Arc::ptr_eq(&one.get().await.unwrap(), &two.get().await.unwrap()));
    assert_eq!(world.scheduler.status().await.len(), 1);
}

/// In real time: a race needs threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_for_a_new_scope_keeps_one_credential() {
    const RACERS: usize = 64;
    let (scheduler, tokens) = unreachable_client();
    let start = Arc::new(Barrier::new(RACERS));
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            let (tokens, start) = (tokens.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                tokens.handle([ARM, GRAPH, VAULT][racer % 3]).unwrap()
            })
        })
        .collect();
    let mut handles = Vec::new();
    for racer in racers {
        handles.push(racer.await.unwrap());
    }
    assert_eq!((handles.len(), scheduler.status().await.len()), (RACERS, 3));
    scheduler.shutdown(s(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_scopes_are_kept_and_one_more_is_an_error_that_says_so() {
    let (_scheduler, tokens) = unreachable_client();
    let scope = |n: usize| format!("api://{n}/.default");
    let kept: Vec<_> = (0..100).map(|n| tokens.handle(scope(n)).unwrap()).collect();

    let error = tokens.handle(scope(100)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("too_many_scopes")));
    assert!(error.to_string().contains("100") && error.advice().unwrap().contains("close"), "{error}");
    tokens.handle(scope(99)).expect("what is kept is still handed out");

    kept[7].close(s(5)).await;
    tokens.handle(scope(100)).expect("a place is free");
    assert!(tokens.handle(scope(101)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_closed_scope_begins_anew_when_it_is_asked_for_again() {
    let world = World::new();
    let tokens = tokens(&world);
    let closed = tokens.handle(ARM).unwrap();
    closed.ready(s(5)).await.unwrap();
    closed.close(s(5)).await;
    assert_eq!(closed.get().await.unwrap_err().kind(), ErrorKind::Closed);
    tokens.handle(ARM).unwrap().ready(s(5)).await.unwrap();
    assert_eq!(asked(&world, ARM), 2);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_clone_lets_the_handles_go() {
    let world = World::new();
    let tokens = tokens(&world);
    let held = tokens.handle(ARM).unwrap();
    drop((tokens.handle(GRAPH).unwrap(), tokens.handle(VAULT).unwrap()));
    let clone = tokens.clone();
    drop(tokens);
    world.seconds(1).await;
    assert_eq!(world.scheduler.status().await.len(), 3, "a clone keeps all");

    drop(clone);
    world.seconds(1).await;
    let left = world.scheduler.status().await;
    assert_eq!(left.iter().map(|status| &*status.name).collect::<Vec<_>>(), [held.name()], "what is held stays");
    world.seconds(24 * 3600).await;
    held.get().await.expect("and stays fresh");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_scope_is_refused_and_nothing_is_kept() {
    let world = World::new();
    let tokens = tokens(&world);
    for bad in ["", "https://vault.azure.net", &format!("{ARM} {GRAPH}")] {
        assert_eq!(tokens.handle(bad).unwrap_err().kind(), ErrorKind::Configuration);
    }
    assert!(world.scheduler.status().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_a_scope_says_so() {
    let world = World::new();
    let tokens = tokens(&world);
    tokens.handle(ARM).unwrap().ready(s(5)).await.unwrap();
    world.scheduler.shutdown(s(5)).await;
    for scope in [ARM, GRAPH] {
        assert_eq!(tokens.handle(scope).unwrap().get().await.unwrap_err().kind(), ErrorKind::Shutdown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_managed_identity_has_several_scopes_like_any_client() {
    let world = World::new();
    let machine = PlatformTwin::imds(&world.twin);
    machine.assign(&world.tenant.system_assigned_identity("machine"));
    machine.route(&world.network, "169.254.169.254");
    let identity = ManagedIdentity::builder().platform(Platform::Imds).build().unwrap();
    let tokens = identity.tokens(&world.scheduler);
    for _ in 0..2 {
        for scope in [ARM, VAULT] {
            let token = tokens.handle(scope).unwrap().ready(s(5)).await.unwrap();
            assert_eq!(token.scope().as_str(), scope);
        }
    }
    assert_eq!(machine.asked().len(), 2);
}

/// Tokens of a client that never gets one: its network has no hosts.
fn unreachable_client() -> (Scheduler, Tokens) {
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
        .transport(tokenex_testkit::transport::InMemory::new())
        .start();
    let identity = tokenex_core::sources::StaticText::new("e30.e30.c2ln");
    let client = tokenex_azure::Entra::federated("contoso.example", "app", identity).build().unwrap();
    let tokens = client.tokens(&scheduler);
    (scheduler, tokens)
}

//! When a new login is due, and when it is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokenex_core::ErrorKind;
use tokenex_core::sources::Closure;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{CREDS, ISSUER, LOGIN, LOOKUP, RENEW_LOGIN, World, refuse, reply};

const MINUTE: u64 = 60;

#[tokio::test(start_paused = true)]
async fn a_path_without_policy_costs_a_new_login_at_most_each_quarter_of_an_hour() {
    let world = World::new();
    world.role.ttl(Duration::from_secs(24 * 3600)).forbid("kv/*");
    let forbidden = world.scheduler.keep(world.vault().kv1("kv", "a"));
    assert_eq!(forbidden.get().await.unwrap_err().kind(), ErrorKind::Denied);
    for _ in 0..60 {
        world.seconds(MINUTE).await;
    }
    let (logins, reads) = (world.count(LOGIN), world.count("kv/a"));
    assert!((2..=5).contains(&logins), "{logins} logins in an hour");
    assert!((30..=130).contains(&reads), "{reads} reads in an hour");
}

#[tokio::test(start_paused = true)]
async fn a_login_that_dies_again_and_again_is_replaced_at_most_each_five_seconds() {
    let world = World::new();
    let vault = world.vault();
    let handles: Vec<_> = (0..20).map(|_| world.scheduler.keep(vault.database("app"))).collect();
    for handle in &handles {
        handle.ready(Duration::from_secs(10)).await.unwrap();
    }
    assert_eq!(world.count(LOGIN), 1);
    // From now on every token is dead, at a server that goes on handing them out.
    for path in [CREDS, LOOKUP, RENEW_LOGIN, "sys/leases/renew"] {
        world.on(path, |_| refuse(403, "permission denied"));
    }
    world.seconds(2 * MINUTE).await;
    let logins = world.count(LOGIN) - 1;
    assert!((1..=24).contains(&logins), "{logins} logins in two minutes, by 20 secrets");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_keeps_the_login_until_its_end() {
    let world = World::new();
    world.twin.fault_at(RENEW_LOGIN, 1000, Fault::OutOfOrder(500, RetryAfter::Absent));
    let login = world.vault().login();
    login.ready(Duration::from_secs(10)).await.unwrap();
    world.seconds(50 * MINUTE).await;
    assert_eq!((world.count(LOGIN), login.get().await.unwrap().generation()), (1, 1));
    assert!(login.status().failing.is_some());
    world.seconds(11 * MINUTE).await;
    assert_eq!(login.get().await.unwrap().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_wants_a_second_factor_or_holds_no_token_is_an_error() {
    let mfa = json!({"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "x"}}});
    for (answer, kind, word) in
        [(mfa, ErrorKind::Configuration, "second factor"), (json!({"auth": {}}), ErrorKind::Protocol, "no token")]
    {
        let world = World::new();
        world.on(LOGIN, move |_| reply(200, answer.clone()));
        let error = world.scheduler.keep(world.vault().database("app")).get().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_the_server_cannot_reach_is_a_passing_failure() {
    let world = World::new();
    world.vault().login().ready(Duration::from_secs(10)).await.unwrap();
    world.twin.issuer_down(ISSUER);
    let db = world.scheduler.keep(world.vault().database("app"));
    let error = db.get().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    world.twin.issuer_up(ISSUER);
    db.ready(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_login_lives_as_long_as_its_last_secret() {
    let world = World::new();
    let vault = world.vault();
    let (one, other) = (world.scheduler.keep(vault.database("app")), world.scheduler.keep(vault.database("app")));
    one.get().await.unwrap();
    other.get().await.unwrap();
    one.close(Duration::from_secs(5)).await;
    world.seconds(1).await;
    assert_eq!(world.count("auth/token/revoke-self"), 0);
    drop(other);
    world.seconds(1).await;
    assert_eq!(world.count("auth/token/revoke-self"), 1);
    assert!(world.twin.logins().is_empty() && world.twin.leases().is_empty());
    world.scheduler.keep(vault.database("app")).get().await.unwrap();
    assert_eq!(world.count(LOGIN), 2);
}

#[tokio::test(start_paused = true)]
async fn the_secrets_of_a_short_batch_token_are_replaced_while_the_old_ones_live() {
    let world = World::new();
    world.network.latency(Duration::from_millis(500));
    world.role.batch().ttl(Duration::from_secs(4));
    let db = world.scheduler.keep(world.vault().database("app"));
    world.seconds(60).await;
    let users = world.database.users();
    assert!(users.len() >= 15, "{} users", users.len());
    for pair in users.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        assert!(new.made_at + Duration::from_secs(1) < old.ends_at, "{old:?} has no time left beside {new:?}");
    }
    drop(db);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_while_the_server_starts_is_waited_for() {
    let world = World::new();
    world.twin.issuer_down(ISSUER);
    let db = world.scheduler.keep(world.vault().database("app"));
    let error = db.get().await.unwrap_err();
    assert!(error.is_transient() && error.kind() == ErrorKind::Unavailable, "{error}");
    world.twin.issuer_up(ISSUER);
    world.seconds(5).await;
    assert!(db.peek().is_some(), "{}", db.status());
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_runs_out_on_the_way_is_replaced_in_the_same_attempt() {
    let world = World::new();
    let (jwt, asked) = (world.token(), AtomicUsize::new(0));
    // Twice what the server takes no more, though it may still be sent; then a good one.
    let late = Closure::plain(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Ok(jwt.clone().expired_since(Duration::from_secs(200)).sign()),
        _ => Ok(jwt.sign()),
    });
    let login = world.builder_for(late).build(&world.scheduler).unwrap().login();
    login.get().await.unwrap();
    assert_eq!((login.status().attempts, world.count(LOGIN)), (1, 2));
}

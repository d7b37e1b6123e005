//! The trap of the field: a lease dies with the login that made it, whatever its own duration says.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokenex_testkit::servers::JwtRole;
use tokenex_vault::TokenKind;
use tokio::task::JoinSet;

use crate::world::{PATIENCE, SECOND, World, login_role};

/// Logins end after 12 seconds at most, leases after 60.
///
/// Shorter ones leave too little behind the last renewal: the server counts what is left until the maximum in whole seconds, so
/// that renewal can bring the end forward, by up to a second.
fn short_login() -> JwtRole {
    login_role().token_ttl(6 * SECOND).token_max_ttl(12 * SECOND)
}

const EVERY: Duration = Duration::from_millis(100);
const LOGINS: usize = 5;
const CONNECTIONS: usize = 100;

/// Ten times a second somebody opens a connection, with a user read a second before, until five logins were seen.
async fn every_connection_succeeds(world: &World) {
    let vault = world.vault();
    let db = world.scheduler.keep(vault.database("app"));
    db.ready(PATIENCE).await.unwrap();

    let (began, address) = (Instant::now(), world.postgres.address());
    let (mut read, mut connections, mut tick) = (VecDeque::new(), JoinSet::new(), tokio::time::interval(EVERY));
    while world.logins() < LOGINS || connections.len() < CONNECTIONS {
        tick.tick().await;
        read.push_back((Instant::now(), db.get().await.expect("there is always a usable user")));
        // The oldest that is at most a second old.
        while read.front().is_some_and(|(at, _)| at.elapsed() > SECOND - EVERY / 2) {
            read.pop_front();
        }
        let Some((at, user)) = read.front().cloned() else { continue };
        let database = world.postgres.database();
        connections.spawn(async move {
            if at.elapsed() > SECOND {
                return Ok(false);
            }
            let login = tokenex_testkit::servers::login(address, database, user.username(), user.password().expose());
            let outcome = login.await.map(|()| true);
            outcome.map_err(|error| format!("generation {}, {:?} after: {error}", user.generation(), at.elapsed()))
        });
        assert!(began.elapsed() < 3 * PATIENCE, "only {} logins: {}", world.logins(), db.status());
    }
    let outcomes = connections.join_all().await;
    let failures: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(failures.is_empty(), "{} of {} connections were refused: {failures:?}", failures.len(), outcomes.len());
    let in_time = outcomes.iter().filter(|outcome| **outcome == Ok(true)).count();
    assert!(in_time > outcomes.len() * 9 / 10, "the machine is too slow to tell: {in_time} of {}", outcomes.len());

    // One user for each login, and not one more.
    let (mints, logins) = (world.mints(), world.logins());
    assert!(mints <= logins, "{mints} users were made by {logins} logins");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_fails_over_five_logins_with_service_tokens() {
    let world = World::alone(short_login()).await;
    every_connection_succeeds(&world).await;
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_fails_over_five_logins_with_batch_tokens() {
    let world = World::alone(short_login().batch()).await;
    every_connection_succeeds(&world).await;

    // Nobody can end a batch token: the report says until when it lives.
    let login = world.vault().login();
    assert_eq!(login.ready(PATIENCE).await.unwrap().kind(), TokenKind::Batch);
    let report = login.close(5 * SECOND).await;
    assert!(report.left.as_ref().is_some_and(|left| left.until.is_some()), "{report}");
    world.scheduler.shutdown(5 * SECOND).await;
}

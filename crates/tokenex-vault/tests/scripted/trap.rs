//! The trap of the field in long times: a lease dies with the login that made it, whatever its own duration says.

use std::time::{Duration, SystemTime};

use tokenex_core::Handle;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::transport::Fault;
use tokenex_vault::DatabaseCredentials;

use crate::world::{CREDS, HOST, LOGIN, World};

const MINUTE: Duration = Duration::from_secs(60);

/// Logins end after an hour at most, and users would live for a day.
fn world() -> World {
    let world = World::new();
    world.role.ttl(20 * MINUTE).max_ttl(60 * MINUTE);
    world.database.role("app").ttl(30 * MINUTE).max_ttl(24 * 60 * MINUTE);
    world
}

impl World {
    /// Each second for so long, whatever the handle gives can log in to the database.
    async fn every_user_can_log_in(&self, db: &Handle<DatabaseCredentials>, time: Duration) {
        for second in 0..time.as_secs() {
            let user = db.get().await.unwrap_or_else(|error| panic!("after {second} s: {error}"));
            assert!(
                self.database.accepts(user.username(), user.password().expose()),
                "after {second} s, generation {}: {:?}",
                user.generation(),
                self.database.users().iter().find(|known| known.username == user.username())
            );
            self.time.advance(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_user_is_handed_out_that_died_with_its_login() {
    let world = world();
    let db = world.scheduler.keep(world.vault().database("app"));
    world.every_user_can_log_in(&db, 6 * 60 * MINUTE).await;
    let (users, logins) = (world.count(CREDS), world.count(LOGIN));
    assert!((6..=16).contains(&logins), "{logins} logins in six hours");
    assert!(users <= logins, "{users} users were made by {logins} logins");
}

#[tokio::test(start_paused = true)]
async fn nor_of_batch_tokens_which_are_never_renewed() {
    let world = world();
    world.role.batch();
    let db = world.scheduler.keep(world.vault().database("app"));
    world.every_user_can_log_in(&db, 2 * 60 * MINUTE).await;
    assert!(world.count(CREDS) <= world.count(LOGIN));
}

#[tokio::test(start_paused = true)]
async fn nor_when_the_server_is_away_for_six_minutes_beginning_at_each_minute_of_the_hour() {
    for minute in 0..60 {
        let world = world();
        let db = world.scheduler.keep(world.vault().database("app"));
        world.every_user_can_log_in(&db, minute * MINUTE).await;
        db.ready(MINUTE).await.unwrap();
        world.network.fault(HOST, Fault::Unreachable);
        world.every_user_can_log_in(&db, 6 * MINUTE).await;
        world.network.heal(HOST);
        world.every_user_can_log_in(&db, 30 * MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_an_operator_ends_is_replaced_once_somebody_says_so() {
    let world = world();
    let db = world.scheduler.keep(world.vault().database("app"));
    let user = db.get().await.unwrap();
    world.role.revoke_logins();
    assert!(!world.database.accepts(user.username(), user.password().expose()));
    db.rejected(user.generation()).await.unwrap();
    let user = db.get().await.unwrap();
    assert!(world.database.accepts(user.username(), user.password().expose()));
    assert_eq!((world.count(LOGIN), world.twin.logins().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_no_user_and_no_login_is_left() {
    let world = world();
    let vault = world.vault();
    let handles: Vec<_> = (0..5).map(|_| world.scheduler.keep(vault.database("app"))).collect();
    for handle in &handles {
        handle.ready(MINUTE).await.unwrap();
    }
    world.seconds(3 * 3600).await;
    assert!(world.database.alive_at(world.now()).len() >= 5);
    let report = world.scheduler.shutdown(MINUTE).await;
    assert!(report.left.is_empty(), "{report}");
    assert!(world.twin.logins().is_empty() && world.twin.leases().is_empty());
    assert!(world.database.alive_at(world.now()).is_empty());
}

impl World {
    fn now(&self) -> SystemTime {
        self.time.wall()
    }
}

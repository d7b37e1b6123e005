//! A user that stays, whose password the server rotates.

use std::time::{Duration, Instant};

use serde_json::json;
use tokenex_core::Rejection;
use tokenex_testkit::servers::{JwtRole, StaticRole};

use crate::world::{MINUTE, PATIENCE, SECOND, World, eventually, login_role};

async fn rotate(world: &World, period: Duration) {
    world.bao.admin().static_role("database", &StaticRole::new("fixed", period), &world.postgres).await.unwrap();
}

/// A login of ten minutes.
fn long_login() -> JwtRole {
    login_role().token_ttl(10 * MINUTE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_costs_at_most_two_seconds_of_failures() {
    let world = World::alone(long_login()).await;
    rotate(&world, 5 * SECOND).await;
    let db = world.scheduler.keep(world.vault().static_database("fixed"));
    let first = db.ready(PATIENCE).await.unwrap();
    assert!(first.lease().is_none() && first.fingerprint().is_some());

    let (began, mut failing_since, mut worst) = (Instant::now(), None, Duration::ZERO);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    // Four rotations.
    while db.status().generation < 5 {
        tick.tick().await;
        let asked = Instant::now();
        let user = db.get().await.expect("there is always a password");
        assert!(asked.elapsed() <= 2 * SECOND, "a reader waited for {:?}", asked.elapsed());
        match world.try_login(&user).await {
            Ok(()) => failing_since = None,
            Err(_) => {
                let since = *failing_since.get_or_insert(asked);
                worst = worst.max(since.elapsed());
            }
        }
        assert!(began.elapsed() < 3 * PATIENCE, "the password is not rotated: {}", db.status());
    }
    assert!(worst <= 2 * SECOND, "logins failed for {worst:?} at a rotation");
}

#[tokio::test]
async fn a_password_rotated_by_hand_is_noticed_by_polling_and_by_rejection() {
    let world = World::with_login(long_login()).await;
    rotate(&world, 10 * MINUTE).await;
    let vault = world.vault();
    let polling = world.scheduler.keep(vault.static_database("fixed").poll_interval(SECOND));
    let resting = world.scheduler.keep(vault.static_database("fixed"));
    let old = resting.ready(PATIENCE).await.unwrap();
    polling.ready(PATIENCE).await.unwrap();

    world.bao.admin().write("database/rotate-role/fixed", &json!({})).await.unwrap();
    assert!(world.try_login(&old).await.is_err());
    eventually("the polling handle has the new password", || async {
        world.try_login(&polling.get().await.unwrap()).await.is_ok()
    })
    .await;
    assert_eq!(resting.rejected(old.generation()).await.unwrap(), Rejection::Replaced { generation: 2 });
    world.try_login(&resting.get().await.unwrap()).await.unwrap();
    assert!(polling.status().same_credential <= polling.status().attempts, "unchanged reads are no events");
}

#[tokio::test]
async fn a_rotation_that_waits_for_the_database_takes_nothing_away() {
    let world = World::with_login(long_login()).await;
    rotate(&world, 5 * SECOND).await;
    let db = world.scheduler.keep(world.vault().static_database("fixed"));
    let old = db.ready(PATIENCE).await.unwrap();
    world.postgres.stop().await.unwrap();

    // Two rotations are due in this time, and none can happen.
    let began = Instant::now();
    while began.elapsed() < 11 * SECOND {
        let user = db.get().await.expect("the old password is still the one that will work");
        assert_eq!(user.generation(), old.generation());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.postgres.start_again().await.unwrap();
    eventually("the password is rotated and works", || async {
        let user = db.get().await.unwrap();
        user.generation() > old.generation() && world.try_login(&user).await.is_ok()
    })
    .await;
}

//! The moments around a rotation, at their exact times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::world::{World, reply};

const PATH: &str = "database/static-creds/app";
const TICK: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn while_a_rotation_is_due_the_password_is_read_each_half_second() {
    let world = World::new();
    // Rotation is due after 10 s and done after 14; before 10 s, `ttl` counts down.
    let (time, began) = (world.time.clone(), tokio::time::Instant::now());
    world.on(PATH, move |_| {
        let _ = &time;
        let at = began.elapsed().as_secs();
        let (password, ttl) = if at < 14 { ("old", 10_u64.saturating_sub(at)) } else { ("new", 24 - at) };
        reply(200, json!({"data": {"username": "u", "password": password, "ttl": ttl, "rotation_period": 10}}))
    });
    let db = world.scheduler.keep(world.vault().static_database("app"));
    let first = db.get().await.unwrap();
    assert_eq!(first.password().expose(), "old");

    let mut stale = Duration::ZERO;
    while began.elapsed() < Duration::from_secs(20) {
        world.time.advance(TICK).await;
        let now = db.get().await.expect("there is always a password");
        if began.elapsed() > Duration::from_secs(14) && now.password().expose() == "old" {
            stale += TICK;
        }
    }
    assert!(stale <= Duration::from_secs(1), "the old password was handed out for {stale:?} after the rotation");
    let polls = world.asked(PATH).iter().filter(|read| (10..14).contains(&(read.at() - began).as_secs())).count();
    assert!((7..=9).contains(&polls), "{polls} reads in 4 seconds");
    assert_eq!(db.status().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_rotation_in_a_week_is_looked_at_each_five_minutes() {
    let world = World::new();
    let password = Arc::new(AtomicU64::new(1));
    let current = password.clone();
    world.on(PATH, move |_| {
        let password = format!("p{}", current.load(Ordering::SeqCst));
        let week = 7 * 24 * 3600;
        reply(
            200,
            json!({"data": {"username": "u", "password": password, "ttl": week, "rotation_schedule": "0 0 * * SAT"}}),
        )
    });
    let db = world.scheduler.keep(world.vault().static_database("app"));
    db.get().await.unwrap();
    world.seconds(3600).await;
    assert!((11..=14).contains(&world.count(PATH)), "{} reads in an hour", world.count(PATH));
    assert_eq!(db.status().generation, 1);
    password.store(2, Ordering::SeqCst);
    world.seconds(301).await;
    assert_eq!(db.get().await.unwrap().password().expose(), "p2");
}

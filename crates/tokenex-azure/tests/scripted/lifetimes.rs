//! Tokens of any length stay fresh, and are not asked for more often than the design says.

use std::time::Duration;

use serde_json::{Value, json};
use tokenex_azure::AccessToken;
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{AsIdentity as _, ErrorKind, Handle};
use tokenex_testkit::transport::Fault;

use crate::world::{ARM, HOST, World, minutes, reply};

/// The token read now is one that Entra itself would still take.
async fn read(world: &World, handle: &Handle<AccessToken>) {
    let token = handle.get().await.unwrap();
    let end = token.as_identity().unwrap().claims().expires_at().unwrap();
    assert!(world.time.wall() < end, "a read of an expired token");
}

/// When 40 % of the life are left, and at most one hour before the end.
fn pace(life: Duration) -> Duration {
    life - life.mul_f64(0.4).min(minutes(60))
}

#[tokio::test(start_paused = true)]
async fn from_five_minutes_to_a_day_no_read_is_expired_and_refreshes_keep_the_pace() {
    for life in [minutes(5), minutes(10), Duration::from_secs(3599), minutes(90), minutes(60 * 8), minutes(60 * 24)] {
        let world = World::new();
        world.twin.token_lifetime(life);
        let handle = world.keep(&world.entra(), ARM);
        handle.get().await.unwrap();
        let (lives, reads) = (5, 40);
        for _ in 0..lives * reads {
            world.time.advance(life / reads).await;
            read(&world, &handle).await;
        }
        let expected = f64::from(lives) * life.as_secs_f64() / pace(life).as_secs_f64();
        let asked = world.count() as f64;
        assert!((expected * 0.9..=expected * 1.1 + 1.0).contains(&asked), "{life:?}: {asked} requests, not {expected}");
        handle.close(minutes(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_hint_of_the_answer_is_when_the_token_is_replaced() {
    for as_text in [false, true] {
        let world = World::new();
        world.twin.token_lifetime(minutes(60 * 24));
        world.twin.refresh_in(minutes(60 * 12));
        world.twin.seconds_as_text(as_text);
        let handle = world.keep(&world.entra(), ARM);
        handle.get().await.unwrap();
        for _ in 0..48 {
            world.time.advance(minutes(60)).await;
            read(&world, &handle).await;
        }
        let times: Vec<_> = world.twin.exchanges().iter().map(|exchange| exchange.at).collect();
        assert!(times.len() >= 4, "{} exchanges in two days", times.len());
        for pair in times.windows(2) {
            let apart = pair[1].duration_since(pair[0]).unwrap();
            assert!((minutes(60 * 11)..=minutes(60 * 13)).contains(&apart), "{apart:?} between refreshes");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_third_of_the_life_costs_no_read() {
    let life = minutes(5);
    let world = World::new();
    world.twin.token_lifetime(life);
    let handle = world.keep(&world.entra(), ARM);
    for _ in 0..10 {
        // The outage begins at another point of the life each time.
        for _ in 0..70 {
            world.seconds(3).await;
            read(&world, &handle).await;
        }
        world.network.fault(HOST, Fault::Unreachable);
        for _ in 0..33 {
            world.seconds(3).await;
            read(&world, &handle).await;
        }
        world.network.heal(HOST);
    }
}

#[tokio::test(start_paused = true)]
async fn the_life_counts_from_just_before_the_request_was_sent() {
    let world = World::new();
    world.twin.token_lifetime(minutes(5));
    // Finding the identity takes ten seconds, which do not count; the answer takes as long, which do.
    world.network.latency(Duration::from_secs(10));
    let (jwt, clock) = (world.jwt(), world.time.clock());
    let slow = Closure::new(move |audience: Option<String>| {
        let (jwt, clock) = (jwt.clone(), clock.clone());
        async move {
            clock.sleep(Duration::from_secs(10)).await;
            Ok(jwt.audience(audience.unwrap_or_default()).sign())
        }
    });
    let began = world.time.wall();
    let handle = world.keep(&world.builder_with(slow).build().unwrap(), ARM);
    let end = handle.get().await.unwrap().expires_at().unwrap();
    let life = end.duration_since(began + Duration::from_secs(10)).unwrap();
    assert!(life.abs_diff(minutes(5)) < Duration::from_millis(50), "{life:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_is_read_in_every_form_and_never_made_up() {
    for (member, value, expected) in [
        ("expires_in", json!(600), Some(600)),
        ("expires_in", json!("600"), Some(600)),
        ("expires_in", json!(600.7), Some(600)),
        ("expires_on", json!("1767226200"), Some(600)),
        ("expires_on", json!(1_767_226_200), Some(600)),
        ("expires_in", json!("soon"), None),
        ("expires_in", Value::Null, None),
        ("ext_expires_in", json!(600), None),
    ] {
        let world = World::new();
        let began = world.time.wall();
        let body = json!({"token_type": "Bearer", "access_token": "opaque", member: value});
        world.answers(move |_| reply(200, &body));
        let handle = world.keep(&world.entra(), ARM);
        match (handle.get().await, expected) {
            (Ok(token), Some(seconds)) => {
                let life = token.expires_at().unwrap().duration_since(began).unwrap();
                assert_eq!(life.as_secs_f64().round() as u64, seconds, "{member} {value}");
                assert_eq!(token.fingerprint(), None);
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Protocol, "{member} {value}: {error}"),
            (found, _) => panic!("{member} {value}: {found:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_over_when_they_come_do_not_make_it_spin() {
    let world = World::new();
    world.answers(|_| reply(200, &json!({"access_token": "opaque", "expires_in": 0})));
    let handle = world.keep(&world.entra(), ARM);
    world.seconds(600).await;
    assert!(handle.get().await.is_err());
    let asked = world.count();
    assert!((5..=120).contains(&asked), "{asked} requests in ten minutes");
}

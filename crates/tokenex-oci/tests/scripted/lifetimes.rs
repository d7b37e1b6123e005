//! Tokens of any length stay fresh, are not asked for more often than the design says, and go together with their keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokenex_core::sources::Closure;
use tokenex_core::{ErrorKind, Handle};
use tokenex_oci::SessionToken;
use tokenex_testkit::transport::Fault;

use crate::world::{HOST, World, minutes};

/// The token read now is one that Oracle would take, with the key beside it.
async fn read(world: &World, session: &Handle<SessionToken>) {
    let token = session.get().await.unwrap();
    assert_eq!(world.call(&token), 200, "{}", session.status());
}

#[tokio::test(start_paused = true)]
async fn from_a_minute_to_an_hour_no_read_is_expired_and_refreshes_keep_the_pace() {
    for life in [minutes(1), minutes(5), minutes(20), minutes(60)] {
        let world = World::new();
        world.domain.longest_life(life);
        let session = world.session();
        let (lives, reads) = (3, 40);
        for _ in 0..lives * reads {
            read(&world, &session).await;
            world.time.advance(life / reads).await;
        }
        // A new one when 40 % are left.
        let expected = f64::from(lives) / 0.6;
        let asked = world.count() as f64;
        assert!(
            (expected * 0.9..=expected * 1.1 + 1.0).contains(&asked),
            "{life:?}: {asked} exchanges, not {expected}"
        );
        session.close(minutes(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_third_of_the_life_costs_no_read_whenever_it_begins() {
    let life = minutes(60);
    for minute in [0, 33, 39] {
        let world = World::new();
        let session = world.session();
        session.get().await.unwrap();
        world.seconds(60 * minute).await;
        world.network.fault(HOST, Fault::Unreachable);
        for _ in 0..19 {
            world.seconds(60).await;
            let held = session.peek().unwrap_or_else(|| panic!("from minute {minute} on: {}", session.status()));
            assert_eq!(world.call(&held), 200);
        }
        world.network.heal(HOST);
        for _ in 0..life.as_secs() / 60 {
            world.seconds(60).await;
            assert_eq!(world.call(&session.peek().unwrap()), 200);
        }
        assert!(session.status().failing.is_none(), "from minute {minute} on: {}", session.status());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_the_identity_token_and_each_refresh_brings_a_new_one() {
    let world = World::new();
    // What GitHub hands out lives for five minutes.
    let jwt = world.jwt().lifetime(minutes(5));
    let source = Closure::plain(move |audience: Option<String>| Ok(jwt.clone().audience(audience.unwrap()).sign()));
    let session = world.session_with(source);
    let first = session.get().await.unwrap();
    assert_eq!(first.expires_at().unwrap().duration_since(world.wall()).unwrap(), minutes(5));
    for _ in 0..60 {
        world.seconds(30).await;
        read(&world, &session).await;
    }
    let exchanges = world.domain.exchanges();
    assert!((9..=12).contains(&exchanges.len()), "{} exchanges in half an hour", exchanges.len());
    assert!(session.get().await.unwrap().generation() as usize >= exchanges.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn one_identity_token_serves_until_its_end_and_then_says_so() {
    let world = World::new();
    let session = world.session_with(world.fixed(&world.jwt().lifetime(minutes(10))));
    for _ in 0..119 {
        read(&world, &session).await;
        world.seconds(5).await;
    }
    // Its tokens got shorter and shorter, since all end with it; that is no storm.
    assert!(world.count() < 25, "{} exchanges in ten minutes", world.count());
    world.seconds(400).await;
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("expired")), "{error}");
    assert!(error.presented().is_some());
}

#[tokio::test(start_paused = true)]
async fn ends_are_read_by_oracles_clock() {
    for ahead in [minutes(3), Duration::from_secs(200)] {
        let world = World::with_twin_ahead(ahead);
        world.trust.clock_skew(minutes(5));
        world.domain.longest_life(minutes(10));
        let session = world.session();
        for _ in 0..60 {
            read(&world, &session).await;
            world.seconds(20).await;
        }
        let left = session.get().await.unwrap().expires_at().unwrap().duration_since(world.wall()).unwrap();
        assert!(left <= minutes(10), "{left:?} left of ten minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn token_and_key_are_swapped_together_under_a_crowd_of_readers() {
    let world = World::new();
    world.domain.longest_life(minutes(1));
    let session = world.session();
    session.get().await.unwrap();
    let world = Arc::new(world);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..20)
        .map(|reader| {
            let (world, session, done) = (world.clone(), session.clone(), done.clone());
            tokio::spawn(async move {
                let mut generations = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    world.time.clock().sleep(Duration::from_millis(997 + 31 * reader)).await;
                    let token = session.get().await.unwrap();
                    assert_eq!(world.call(&token), 200, "a token with the key of another");
                    generations.push(token.generation());
                }
                assert!(generations.is_sorted(), "a reader went back in time");
                generations.dedup();
                generations.len()
            })
        })
        .collect();
    for _ in 0..8 {
        world.seconds(15).await;
        // In between, Oracle refuses one for no reason.
        let generation = session.get().await.unwrap().generation();
        session.rejected(generation).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() >= 8);
    }
}

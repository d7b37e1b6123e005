//! Promise 11: listening.

use tokenex_core::{Grant, Removed};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn promise_11_a_slow_listener_sees_the_newest_state_and_holds_nobody_up() {
    let world = World::new();
    let fake = Fake::fresh(60);
    let handle = world.scheduler.keep(fake.clone());
    let mut slow = handle.listen();
    world.time.advance(s(600)).await;
    let newest = handle.get().await.unwrap().generation();
    assert!(newest > 10, "the engine waited for the listener");
    let event = slow.next().await.unwrap();
    assert_eq!(event.credential.map(|issued| issued.generation()), Some(newest));
    assert!(event.updated && !event.renewed && event.removed.is_none());
    let nothing_more = tokio::time::timeout(s(1), slow.next()).await;
    assert!(nothing_more.is_err(), "it is a queue: {nothing_more:?}");
}

#[tokio::test(start_paused = true)]
async fn promise_11_removed_is_seen_after_any_gap_and_recovery_ends_failing() {
    let world = World::new();
    let clock = world.time.clock();
    let fake = Fake::new(move |n| match clock.monotonic().as_secs() {
        _ if n == 1 => Answer::token(1, 60),
        0..100 => Answer::down(),
        _ => Answer::token(2, 3600),
    });
    let handle = world.scheduler.keep(fake.clone());
    let mut prompt = handle.listen();
    let mut late = handle.listen();
    assert!(prompt.next().await.unwrap().updated);
    late.next().await.unwrap();
    let failing = prompt.next().await.unwrap();
    assert!(failing.failing.is_some() && failing.credential.is_some() && failing.removed.is_none());
    let removed = loop {
        let event = prompt.next().await.unwrap();
        if event.removed.is_some() {
            break event;
        }
    };
    assert_eq!(removed.removed, Some(Removed::Expired));
    assert!(removed.credential.is_none() && removed.failing.is_some());
    handle.ready(s(600)).await.unwrap();
    // One that slept through all of it sees the gap, the recovery and the new credential at once.
    let event = late.next().await.unwrap();
    assert!(event.updated && event.removed == Some(Removed::Expired) && event.failing.is_none(), "{event:?}");
    assert_eq!(event.credential.map(|issued| issued.0), Some(2));
}

#[tokio::test(start_paused = true)]
async fn promise_11_recovery_with_an_equal_credential_ends_failing() {
    let world = World::new();
    let fake = Fake::new(|n| match n {
        2..=4 => Answer::down(),
        _ => Answer::token(1, 60),
    });
    let handle = world.scheduler.keep(fake);
    let mut listener = handle.listen();
    assert!(listener.next().await.unwrap().updated);
    let mut seen_failing = false;
    let event = loop {
        let event = listener.next().await.unwrap();
        seen_failing |= event.failing.is_some();
        if event.recovered {
            break event;
        }
    };
    assert!(seen_failing && event.failing.is_none() && !event.updated);
    assert_eq!(event.credential.map(|issued| issued.generation()), Some(1));
}

#[tokio::test(start_paused = true)]
async fn promise_11_a_renewal_is_updated_with_renewed_set() {
    let world = World::new();
    let fake = Fake::new(|n| Answer::Grant(Grant::new(Token(n)).lifetime(s(60)).renewable()))
        .renew(|_| Ok(Some((s(60), true))));
    let handle = world.scheduler.keep(fake);
    let mut listener = handle.listen();
    let first = listener.next().await.unwrap();
    let until = first.credential.as_ref().unwrap().expires_at().unwrap();
    assert!(first.updated && !first.renewed);
    let second = listener.next().await.unwrap();
    assert!(second.updated && second.renewed);
    let credential = second.credential.unwrap();
    assert_eq!(credential.generation(), 1);
    assert!(credential.expires_at().unwrap() > until);
}

//! Promises 1, 2, 9, 13, 14, 15: what a caller gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenex_core::{ErrorKind, Grant, Keep, Rejection, State};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn promise_1_get_returns_the_current_credential_or_waits_for_the_attempt_in_flight() {
    let world = World::new();
    let fake = Fake::fresh(60).latency(s(3));
    let handle = world.scheduler.keep(fake.clone());
    assert!(handle.peek().is_none());
    let issued = handle.get().await.unwrap();
    assert_eq!((issued.0, world.now()), (1, s(3)));
    assert_eq!(handle.get().await.unwrap().0, 1);
    assert_eq!(handle.peek().unwrap().0, 1);
    assert_eq!(fake.issues(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_1_get_returns_the_last_failure_at_once_with_the_time_of_the_next_attempt() {
    let world = World::with(|b| b.policy(exact()));
    let fake = Fake::new(|_| Answer::refused());
    let handle = world.scheduler.keep(fake.clone());
    let first = handle.get().await.unwrap_err();
    let before = world.now();
    let error = handle.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trust);
    assert_eq!(first.kind(), ErrorKind::Trust);
    assert!(error.next_attempt_in().is_some_and(|wait| wait >= s(25) && wait <= s(60)), "{error}");
    assert_eq!(world.now(), before, "it waited");
    assert_eq!(fake.issues(), 1, "it started a second attempt");
}

#[tokio::test(start_paused = true)]
async fn promise_1_get_never_hangs_beyond_the_deadline_of_the_attempt() {
    let world = World::new();
    let handle = world.scheduler.keep(Fake::new(|_| Answer::Hang));
    let error = handle.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(world.now().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn promise_1_get_never_hangs_beyond_the_queue_bound_when_all_places_are_taken() {
    let world = World::with(|b| b.max_in_flight(1).policy(exact().with_attempt_deadline(s(600))));
    let hanging = world.scheduler.keep(Fake::new(|_| Answer::Hang));
    world.time.settle().await;
    let queued = world.scheduler.keep(Fake::fresh(60));
    let error = queued.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(world.now() <= s(31), "{:?}", world.now());
    drop(hanging);
}

#[tokio::test(start_paused = true)]
async fn promise_1_an_expired_credential_is_never_returned() {
    let world = World::new();
    let fake = Fake::new(|n| if n == 1 { Answer::token(1, 10) } else { Answer::down() });
    let handle = world.scheduler.keep(fake);
    handle.get().await.unwrap();
    world.time.advance(ms(9_990)).await;
    assert!(handle.peek().is_some(), "it is still valid");
    world.time.advance(ms(15)).await;
    assert!(handle.peek().is_none());
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn promise_1_a_reader_sees_the_expiry_before_the_engine_has_had_its_turn() {
    let world = World::new();
    let handle = world.scheduler.keep(Fake::fresh(10));
    handle.get().await.unwrap();
    // No other task runs between this and the reads.
    world.time.step_wall_forward(s(11));
    assert!(handle.peek().is_none());
    assert_eq!(handle.get().await.unwrap().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_when_it_ended_also_afterwards() {
    let world = World::new();
    let handle = world.scheduler.keep(Fake::new(|n| if n == 1 { Answer::token(1, 10) } else { Answer::down() }));
    let issued = handle.get().await.unwrap();
    let ends_at = issued.expires_at().unwrap();
    world.time.advance(s(20)).await;
    assert!(handle.peek().is_none());
    let told = issued.expires_at().unwrap();
    assert!(told <= ends_at && ends_at.duration_since(told).unwrap() < ms(1), "{told:?} instead of {ends_at:?}");
}

#[tokio::test(start_paused = true)]
async fn promise_1_ready_waits_across_failures_and_then_returns_the_first_and_the_last_error() {
    let world = World::new();
    let fake = Fake::new(|n| if n < 4 { Answer::down() } else { Answer::token(n, 60) });
    let handle = world.scheduler.keep(fake);
    assert_eq!(handle.ready(s(60)).await.unwrap().0, 4);

    let never = world.scheduler.keep(Fake::new(|n| if n == 1 { Answer::refused() } else { Answer::down() }));
    let (before, error) = (world.now(), never.ready(s(90)).await.unwrap_err());
    assert!(error.to_string().contains("the target is down"), "{error}");
    let first = std::error::Error::source(&error).expect("the first error").to_string();
    assert!(first.contains("does not trust"), "{first}");
    assert!(world.now() - before >= s(90) && world.now() - before < s(91));
}

#[tokio::test(start_paused = true)]
async fn promise_2_any_number_of_callers_cause_one_exchange() {
    let world = World::new();
    let fake = Fake::fresh(60).latency(ms(200));
    let handle = world.scheduler.keep(fake.clone());
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.get().await.unwrap().generation() })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 1);
    }
    assert_eq!(fake.issues(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_9_a_dropped_caller_cancels_nothing_that_others_wait_for() {
    let world = World::new();
    let fake = Fake::fresh(60).latency(s(2));
    let handle = world.scheduler.keep(fake.clone());
    let (impatient, patient) = (handle.clone(), handle.clone());
    let dropped = tokio::spawn(async move { impatient.get().await.map(|_| ()) });
    let waiting = tokio::spawn(async move { patient.get().await.unwrap().0 });
    world.time.advance(s(1)).await;
    dropped.abort();
    drop(handle);
    assert_eq!(waiting.await.unwrap(), 1);
    assert_eq!(fake.issues(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_9_a_listener_does_not_keep_work_alive_and_the_last_handle_revokes() {
    let world = World::new();
    let fake = Fake::new(|n| Answer::Grant(Grant::new(Token(n)).lifetime(s(60)).revocable()));
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    let (listener, clone) = (handle.listen(), handle.clone());
    drop(handle);
    world.time.advance(s(1)).await;
    assert!(fake.log().revoked.is_empty(), "a clone still holds it");
    drop(clone);
    world.time.advance(s(1)).await;
    assert_eq!(fake.log().revoked.len(), 1);
    let issued = fake.issues();
    world.time.advance(s(600)).await;
    assert_eq!(fake.issues(), issued, "the work goes on");
    drop(listener);
}

#[tokio::test(start_paused = true)]
async fn promise_13_status_says_that_failing_but_valid_is_degraded_and_ready() {
    let world = World::new();
    let down = Arc::new(AtomicBool::new(false));
    let fake = {
        let down = down.clone();
        Fake::new(move |n| if down.load(Ordering::Relaxed) { Answer::down() } else { Answer::token(n, 60) })
    };
    let handle = world.scheduler.keep(Keep::new(fake).name("db"));
    assert_eq!(handle.status().state, State::Starting);
    handle.get().await.unwrap();
    assert_eq!(handle.status().state, State::Ready);
    assert!(handle.status().next_attempt_at.is_some());

    down.store(true, Ordering::Relaxed);
    world.time.advance(s(45)).await;
    let status = handle.status();
    assert_eq!((status.state, status.state.is_ready()), (State::Degraded, true));
    let failing = status.failing.clone().expect("it is failing");
    assert!(failing.failures > 1 && failing.last.kind() == ErrorKind::Unavailable);
    let words = status.to_string();
    assert!(words.starts_with("db (fake at fake): degraded") && words.contains("failures in a row"), "{words}");

    world.time.advance(s(30)).await;
    assert_eq!(handle.status().state, State::Failing);
    down.store(false, Ordering::Relaxed);
    handle.ready(s(120)).await.unwrap();
    assert!(handle.status().failing.is_none());
    assert_eq!(world.scheduler.status().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_14_get_valid_for_refreshes_once_per_generation_and_then_names_the_longest_seen() {
    let world = World::new();
    let fake = Fake::fresh(60);
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(20)).await;
    assert_eq!(handle.get_valid_for(s(30)).await.unwrap().generation(), 1, "40 s are left");
    assert_eq!(handle.get_valid_for(s(50)).await.unwrap().generation(), 2, "a new one has 60 s");

    for _ in 0..5 {
        let error = handle.get_valid_for(s(90)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("60 s"), "{error}");
    }
    assert!(fake.issues() <= 2 + 5, "at most one refresh for each generation: {}", fake.issues());
    let generation = handle.get().await.unwrap().generation();
    assert!(handle.get_valid_for(s(10)).await.is_ok_and(|issued| issued.generation() == generation));
}

#[tokio::test(start_paused = true)]
async fn promise_14_a_target_with_its_own_cache_is_asked_once_for_a_longer_life() {
    let world = World::new();
    let fake = Fake::new(|_| Answer::token(1, 60));
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    for _ in 0..20 {
        handle.get_valid_for(s(90)).await.unwrap_err();
    }
    assert_eq!(fake.issues(), 2);
}

#[tokio::test(start_paused = true)]
async fn promise_15_rejected_forces_one_refresh_for_all_who_report() {
    let world = World::new();
    let fake = Fake::fresh(3600).latency(ms(100));
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(10)).await;
    let reports: Vec<_> = (0..100)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.rejected(1).await.unwrap() })
        })
        .collect();
    assert_eq!(handle.peek().unwrap().generation(), 1, "nothing takes away what is valid");
    for report in reports {
        assert_eq!(report.await.unwrap(), Rejection::Replaced { generation: 2 });
    }
    assert_eq!(fake.issues(), 2);
    assert_eq!(handle.rejected(1).await.unwrap(), Rejection::Replaced { generation: 2 }, "an old report");
    assert!(matches!(handle.rejected(2).await.unwrap(), Rejection::TooSoon { .. }), "reports are rate-limited");
    assert_eq!(fake.issues(), 2);
}

#[tokio::test(start_paused = true)]
async fn promise_15_rejected_says_when_the_target_returned_the_same_credential() {
    let world = World::new();
    let handle = world.scheduler.keep(Fake::new(|_| Answer::token(1, 3600)));
    handle.get().await.unwrap();
    world.time.advance(s(10)).await;
    assert_eq!(handle.rejected(1).await.unwrap(), Rejection::Same);
}

#[tokio::test(start_paused = true)]
async fn promise_15_nothing_is_published_after_close() {
    let world = World::new();
    let fake = Fake::new(|n| Answer::Grant(Grant::new(Token(n)).lifetime(s(60)).revocable())).latency(s(5));
    let handle = world.scheduler.keep(fake.clone());
    let mut listener = handle.listen();
    world.time.advance(s(1)).await;
    let report = handle.close(s(20)).await;
    assert_eq!(report.accepted, 1, "what the running attempt brought is revoked: {report}");
    assert!(handle.peek().is_none());
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Closed);
    let last = listener.next().await.unwrap();
    assert!(last.closed && last.credential.is_none() && !last.updated, "{last:?}");
    assert!(listener.next().await.is_none());
}

//! Promises 3, 4, 5, 6, 7, 10, 16, 17: the loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokenex_core::{Error, ErrorKind, Grant, Policy, State};

use crate::support::*;

/// Distances between moments.
fn gaps(times: &[Duration]) -> Vec<Duration> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn promise_3_a_refresh_happens_before_expiry_and_readers_never_wait_for_it() {
    for lifetime in [4, 60, 3600, 86_400] {
        let world = World::new();
        let fake = Fake::fresh(lifetime).latency(ms(200));
        let handle = world.scheduler.keep(fake.clone());
        handle.get().await.unwrap();
        for _ in 0..500 {
            world.time.advance(s(lifetime) / 97).await;
            assert!(handle.peek().is_some(), "a reader of a {lifetime} s credential had to wait");
        }
        let cycles = 500 / 97;
        assert!(fake.issues() > cycles && fake.issues() <= 2 * cycles + 2, "{lifetime} s: {}", fake.issues());
    }
}

#[tokio::test(start_paused = true)]
async fn promise_4_no_error_takes_away_a_credential_that_is_still_valid() {
    for answer in [Answer::down as fn() -> Answer, Answer::refused, || Answer::Hang, || Answer::Panic] {
        let world = World::new();
        let handle = world.scheduler.keep(Fake::new(move |n| if n == 1 { Answer::token(1, 600) } else { answer() }));
        handle.get().await.unwrap();
        world.time.advance(ms(599_980)).await;
        assert_eq!(handle.peek().map(|issued| issued.0), Some(1));
        assert_eq!(handle.get().await.unwrap().0, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn promise_4_withdrawn_takes_it_away_and_it_may_come_back() {
    let world = World::new();
    let hint = |n| Answer::Grant(Grant::new(Token(n)).refresh_in(s(30)));
    let handle = world.scheduler.keep(Fake::new(move |n| if n == 2 { Answer::Withdrawn } else { hint(n) }));
    handle.get().await.unwrap();
    world.time.advance(s(31)).await;
    assert!(handle.peek().is_none());
    assert_eq!(handle.status().state, State::Withdrawn);
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("withdrawn")));
    world.time.advance(s(61)).await;
    assert_eq!(handle.get().await.unwrap().0, 3);
}

#[tokio::test(start_paused = true)]
async fn promise_5_transient_failures_are_spaced_by_at_most_a_quarter_of_what_is_left() {
    let world = World::new();
    let fake = Fake::new(|n| if n == 1 { Answer::token(1, 3600) } else { Answer::down() });
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(3600)).await;
    let times = fake.log().issues;
    for pair in times[1..].windows(2) {
        let left = s(3600).saturating_sub(pair[0]);
        let (gap, bound) = (pair[1] - pair[0], (left / 4).max(ms(500)) + ms(2));
        assert!(gap <= bound && gap >= ms(500), "{gap:?} with {left:?} left");
        assert!(gap <= s(60) + ms(2));
    }
    assert!(times.len() > 20 && times.len() <= Policy::default().attempts_per_lifetime as usize, "{}", times.len());
}

#[tokio::test(start_paused = true)]
async fn promise_5_backoff_spreads_over_the_whole_interval() {
    // Full jitter: with many clients the first retry may come at any time up to the base, not at the base.
    let mut firsts = Vec::new();
    for seed in 0..40 {
        let world = World::with(|b| b.seed(seed).policy(Policy::default().with_backoff_base(s(40))));
        let fake = Fake::new(|_| Answer::down());
        let _handle = world.scheduler.keep(fake.clone());
        world.until(s(60), || fake.issues() >= 2).await;
        firsts.push(gaps(&fake.log().issues)[0]);
    }
    firsts.sort();
    assert!(firsts[4] < s(10) && firsts[35] > s(30), "{firsts:?}");
}

#[tokio::test(start_paused = true)]
async fn promise_5_what_lived_for_seconds_is_back_within_seconds_after_an_outage_of_minutes() {
    for seed in 0..10 {
        let world = World::with(|b| b.seed(seed));
        let clock = world.time.clock();
        let fake = Fake::new(move |n| match clock.monotonic() {
            now if now > s(4) && now < s(1200) => Answer::down(),
            _ => Answer::token(n, 10),
        });
        let handle = world.scheduler.keep(fake.clone());
        handle.get().await.unwrap();
        world.time.advance(s(1200)).await;
        assert!(handle.peek().is_none());
        handle.ready(ms(2600)).await.expect("within a quarter of its life");
    }
}

#[tokio::test(start_paused = true)]
async fn promise_5_retry_after_is_honoured_up_to_half_of_what_is_left_and_five_minutes() {
    let slow = |wait| Answer::Fail(Error::new(ErrorKind::Throttled, "slow down").with_retry_after(wait));
    // Nothing in hand: honoured, up to five minutes.
    for (asked, kept) in [(s(40), s(40)), (s(4000), s(300))] {
        let world = World::new();
        let fake = Fake::new(move |_| slow(asked));
        let _handle = world.scheduler.keep(fake.clone());
        world.until(s(400), || fake.issues() >= 2).await;
        let gap = gaps(&fake.log().issues)[0];
        assert!(gap >= kept && gap <= kept + s(61), "{gap:?} for {asked:?}");
    }
    // 100 s in hand with 40 left at the first failure: never past half of what is left.
    let world = World::with(|b| b.policy(exact()));
    let fake = Fake::new(move |n| if n == 1 { Answer::token(1, 100) } else { slow(s(90)) });
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(81)).await;
    assert_eq!(fake.log().issues[1..].iter().map(Duration::as_secs).collect::<Vec<_>>(), [60, 80]);
}

#[tokio::test(start_paused = true)]
async fn promise_5_a_terminal_failure_slows_the_loop_down_and_does_not_end_it() {
    let world = World::new();
    let fake = Fake::new(|n| if n < 30 { Answer::refused() } else { Answer::token(n, 60) });
    let handle = world.scheduler.keep(fake.clone());
    handle.ready(s(3600)).await.unwrap();
    assert!(gaps(&fake.log().issues).iter().all(|gap| *gap >= s(30) && *gap <= s(61)));
}

#[tokio::test(start_paused = true)]
async fn promise_5_one_knob_makes_terminal_failures_final() {
    let world = World::with(|b| b.policy(Policy::default().with_terminal_is_final(true)));
    let fake = Fake::new(|n| if n == 1 { Answer::down() } else { Answer::refused() });
    let handle = world.scheduler.keep(fake.clone());
    world.time.advance(s(7200)).await;
    assert_eq!(fake.issues(), 2);
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.next_attempt_in()), (ErrorKind::Trust, None));
    assert_eq!(handle.rejected(0).await.unwrap_err().kind(), ErrorKind::Trust, "a report must not hang either");
}

#[tokio::test(start_paused = true)]
async fn promise_6_without_a_hint_the_refresh_comes_with_forty_percent_left_at_most_an_hour_before() {
    for (lifetime, due) in [(10, 6.0), (600, 360.0), (3600, 2160.0), (86_400, 82_800.0)] {
        let mut times = Vec::new();
        for seed in 0..20 {
            let world = World::with(|b| b.seed(seed));
            let fake = Fake::fresh(lifetime);
            let _handle = world.scheduler.keep(fake.clone());
            world.time.advance(s(lifetime)).await;
            times.push(fake.log().issues[1].as_secs_f64());
        }
        let lead = (lifetime as f64 * 0.4).min(3600.0);
        for time in &times {
            assert!((time - due).abs() <= lead * 0.05 + 0.01, "{lifetime} s: {time}");
        }
        let spread = times.iter().copied().fold(0.0, f64::max) - times.iter().copied().fold(f64::MAX, f64::min);
        assert!(spread > lead * 0.03, "{lifetime} s: no jitter");
    }
}

#[tokio::test(start_paused = true)]
async fn promise_6_the_hint_comes_first_but_leaves_time_for_several_attempts() {
    for (hint, due) in [(s(1800), s(1800)), (s(3599), s(3240))] {
        let world = World::new();
        let fake = Fake::new(move |n| Answer::Grant(Grant::new(Token(n)).lifetime(s(3600)).refresh_in(hint)));
        let _handle = world.scheduler.keep(fake.clone());
        world.time.advance(s(3600)).await;
        let second = fake.log().issues[1];
        assert!(second >= due && second <= due + ms(5), "{second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn promise_6_an_outage_of_a_third_of_the_lifetime_wherever_it_starts_costs_no_read() {
    for lifetime in [60, 600, 3600, 6 * 3600] {
        for start in 0..10 {
            for hang in [false, true] {
                let world = World::with(|b| b.seed(start));
                let clock = world.time.clock();
                let from = s(lifetime) + s(lifetime).mul_f64(start as f64 / 10.0);
                let to = from + (s(lifetime) / 3).min(s(40 * 60));
                let fake = Fake::new(move |n| match clock.monotonic() {
                    now if now < from || now >= to => Answer::token(n, lifetime),
                    _ if hang => Answer::Hang,
                    _ => Answer::down(),
                });
                let handle = world.scheduler.keep(fake.clone());
                handle.get().await.unwrap();
                let step = s(lifetime) / 50;
                while world.now() < to + s(lifetime) {
                    world.time.advance(step).await;
                    assert!(
                        handle.peek().is_some(),
                        "{lifetime} s, outage from {from:?} ({hang}): gap at {:?}",
                        world.now()
                    );
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn promise_7_expired_or_ever_shorter_credentials_cannot_make_the_loop_spin() {
    for shape in 0..3_u64 {
        let world = World::new();
        let fake = Fake::new(move |n| match shape {
            0 => Answer::token(n, 0),
            1 => Answer::Grant(Grant::new(Token(n)).lifetime(s(64) / (1 << n.min(40)))),
            _ => Answer::Grant(Grant::new(Token(n)).lifetime(s(60)).refresh_in(Duration::ZERO)),
        });
        let handle = world.scheduler.keep(fake.clone());
        world.time.advance(s(600)).await;
        let times = fake.log().issues;
        assert!(gaps(&times).iter().all(|gap| *gap >= ms(499)), "shape {shape}: {:?}", &gaps(&times)[..5]);
        let minute = Policy::default().attempts_per_minute() as usize;
        assert!(times.windows(minute + 1).all(|window| window[minute] - window[0] >= s(60)), "shape {shape}");
        if shape == 0 {
            assert!(times.len() < 60, "expired credentials are failures: {}", times.len());
            assert_eq!(handle.get().await.unwrap_err().code(), Some("expired_on_arrival"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn promise_10_a_panic_in_a_provider_is_a_failure_and_not_a_dead_handle() {
    let world = World::new();
    let fake = Fake::new(|n| if n % 2 == 1 { Answer::Panic } else { Answer::token(n, 60) });
    let handle = world.scheduler.keep(fake.clone());
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Panic);
    assert_eq!(handle.ready(s(10)).await.unwrap().0, 2);
    let pending =
        world.scheduler.keep(Fake::new(|n| if n == 1 { Answer::Panic } else { Answer::token(n, 60) }).latency(s(1)));
    assert_eq!(pending.get().await.unwrap_err().kind(), ErrorKind::Panic);
    assert_eq!(pending.ready(s(10)).await.unwrap().0, 2);
    world.time.advance(s(200)).await;
    assert!(handle.peek().is_some());
}

#[tokio::test(start_paused = true)]
async fn promise_16_each_attempt_has_its_own_deadline_shorter_when_something_usable_is_in_hand() {
    let world = World::with(|b| b.policy(exact()));
    let fake = Fake::new(|n| if n == 1 { Answer::token(1, 100) } else { Answer::Hang });
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(400)).await;
    let log = fake.log();
    assert_eq!(log.limits[0], s(30), "nothing in hand");
    assert_eq!(log.limits[1], s(25), "a quarter of the life");
    assert!(log.limits[2] < s(4), "a quarter of what is left, since one has run into its limit");
    assert_eq!(log.limits.last(), Some(&s(30)), "nothing in hand any more");
    assert_eq!(log.most_in_flight, 1);
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn promise_16_an_exchange_that_takes_a_quarter_of_the_lifetime_costs_no_read() {
    for (life, took) in [(4, ms(990)), (10, ms(2400)), (60, ms(14_900)), (100, ms(24_900)), (3600, ms(29_900))] {
        let world = World::new();
        let fake = Fake::new(move |n| Answer::token(n, life)).latency(took);
        let handle = world.scheduler.keep(fake.clone());
        handle.ready(s(60)).await.unwrap();
        for _ in 0..100 {
            world.time.advance(s(life) / 20).await;
            assert!(handle.peek().is_some(), "a gap in a life of {life} s with exchanges of {took:?}");
        }
        assert!(fake.issues() >= 6);
    }
}

#[tokio::test(start_paused = true)]
async fn promise_17_an_equal_credential_keeps_its_generation_is_counted_and_causes_no_storm() {
    // A target that hands out its own copy, of an hour, until its last five minutes.
    let world = World::new();
    let clock = world.time.clock();
    let first_end = s(3600);
    let fake = Fake::new(move |_| {
        let now = clock.monotonic();
        if now + s(300) < first_end {
            Answer::Grant(Grant::new(Token(1)).lifetime(first_end - now))
        } else {
            Answer::token(2, 3600)
        }
    });
    let handle = world.scheduler.keep(fake.clone());
    let mut listener = handle.listen();
    handle.get().await.unwrap();
    assert!(listener.next().await.unwrap().updated);
    world.time.advance(s(3600)).await;
    assert_eq!(handle.get().await.unwrap().generation(), 2);
    let second = listener.next().await.unwrap();
    assert_eq!(second.credential.map(|issued| issued.0), Some(2), "equal credentials are no events");
    assert!(handle.status().same_credential > 0);
    assert!(fake.issues() < 20, "a storm: {}", fake.issues());
}

#[tokio::test(start_paused = true)]
async fn a_renewable_credential_is_renewed_and_then_issued_anew_in_good_time() {
    let world = World::with(|b| b.policy(exact()));
    // 10 s at a time, 20 s in all.
    let started = Arc::new(AtomicU64::new(0));
    let clock = world.time.clock();
    let fake = {
        let (started, clock) = (started.clone(), clock.clone());
        Fake::new(move |n| {
            started.store(clock.monotonic().as_millis() as u64, Ordering::Relaxed);
            Answer::Grant(Grant::new(Token(n)).lifetime(s(10)).renewable())
        })
    }
    .renew(move |_| {
        let end = ms(started.load(Ordering::Relaxed)) + s(20);
        let left = end - clock.monotonic();
        Ok(Some((left.min(s(10)), left > s(10))))
    });
    let handle = world.scheduler.keep(fake.clone());
    let mut listener = handle.listen();
    handle.get().await.unwrap();
    for _ in 0..2000 {
        world.time.advance(ms(50)).await;
        assert!(handle.peek().is_some(), "gap at {:?}", world.now());
    }
    let log = fake.log();
    // Renewed at 6 s; capped at 12 s; the wall stands at 20 s, so a new one is due with 8 s left.
    assert_eq!(log.renews[..2].iter().map(Duration::as_secs).collect::<Vec<_>>(), [6, 12]);
    assert!(log.issues[1] >= s(12) && log.issues[1] < s(13), "{:?}", log.issues);
    assert!(listener.next().await.unwrap().updated);
}

#[tokio::test(start_paused = true)]
async fn a_failing_renewal_is_never_a_permission_to_mint() {
    let world = World::new();
    let fake = Fake::new(|n| Answer::Grant(Grant::new(Token(n)).lifetime(s(600)).renewable()))
        .renew(|_| Err(Error::new(ErrorKind::Unavailable, "the database is down")));
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(599)).await;
    assert_eq!(fake.issues(), 1);
    assert!(fake.log().renews.len() > 10);
    world.time.advance(s(3)).await;
    assert_eq!(fake.issues(), 2, "only once it is over");
}

//! Promise 8: two clocks.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokenex_core::{Attempt, ClockSkew, Credential, Grant, Outcome, Provider, Result, Target};
use tokenex_testkit::transport::InMemory;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn promise_8_after_a_suspend_nothing_expired_is_read_and_a_refresh_starts_at_once() {
    let world = World::new();
    let fake = Fake::fresh(600);
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(60)).await;
    world.time.suspend(s(3600));
    assert!(handle.peek().is_none(), "readers see the wall clock");
    let before = world.now();
    assert_eq!(handle.get().await.unwrap().generation(), 2);
    assert!(world.now() - before < ms(20), "the reader had to wait for the clock comparison");
}

#[tokio::test(start_paused = true)]
async fn promise_8_without_readers_the_clocks_are_compared_every_ten_seconds() {
    let world = World::new();
    let fake = Fake::fresh(600);
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(60)).await;
    // The refresh was due at 360 s. The suspend moves it, and does not wait for its old time.
    world.time.suspend(s(400));
    world.time.advance(s(11)).await;
    assert_eq!(fake.issues(), 2);
    assert!(handle.peek().is_some());
}

#[tokio::test(start_paused = true)]
async fn promise_8_a_clock_set_back_revives_nothing() {
    let world = World::new();
    let fake = Fake::new(|n| if n == 1 { Answer::token(1, 600) } else { Answer::down() });
    let handle = world.scheduler.keep(fake);
    handle.get().await.unwrap();
    world.time.advance(s(100)).await;
    world.time.step_wall_back(s(3600));
    assert!(handle.peek().is_some());
    world.time.advance(s(499)).await;
    assert!(handle.peek().is_some(), "it is valid by the time since receipt");
    world.time.advance(s(2)).await;
    assert!(handle.peek().is_none(), "600 s have passed, whatever the wall clock says");

    // Forward and back again, with only a reader looking in between.
    let other = world.scheduler.keep(Fake::new(|n| if n == 1 { Answer::token(1, 600) } else { Answer::down() }));
    other.get().await.unwrap();
    world.time.step_wall_forward(s(3600));
    assert!(other.peek().is_none());
    world.time.step_wall_back(s(3600));
    assert!(other.peek().is_none(), "what a reader has seen dead stays dead");
}

#[tokio::test(start_paused = true)]
async fn promise_8_a_clock_set_back_revives_no_superseded_parent_either() {
    let world = World::with(|b| b.policy(exact()));
    let parent = world.scheduler.keep(Fake::fresh(100));
    let leases = Fake::new(|n| if n == 1 { Answer::token(1, 3600) } else { Answer::down() });
    let child = world.scheduler.keep(leases.child_of(&parent));
    child.get().await.unwrap();
    world.time.advance(s(70)).await;
    assert_eq!(parent.peek().unwrap().generation(), 2, "the child is still bound to the first");
    world.time.step_wall_back(s(50));
    world.time.advance(s(29)).await;
    assert!(child.peek().is_some(), "its parent lives for another second");
    world.time.advance(s(2)).await;
    assert!(child.peek().is_none(), "it died with the parent that it was made from");
}

/// Answers with an absolute expiry by its own clock, which is wrong by `ahead`.
struct Absolute {
    ahead: i64,
    lifetime: Duration,
}

struct Key(u64);

impl Credential for Key {
    fn same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Provider for Absolute {
    type Credential = Key;

    fn name(&self) -> &'static str {
        "absolute"
    }

    fn target(&self) -> Target {
        Target::new("absolute")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Key>> {
        let request = http::Request::post("https://absolute.test/").body(Bytes::new()).expect("a request");
        cx.send(request).await?;
        let local = cx.clock().wall();
        let by = Duration::from_secs(self.ahead.unsigned_abs());
        let target = if self.ahead >= 0 { local + by } else { local - by };
        Ok(Grant::new(Key(cx.number())).expires_at(target + self.lifetime).into())
    }
}

#[tokio::test(start_paused = true)]
async fn promise_8_skew_is_learnt_from_date_headers_used_for_absolute_expiries_and_shown() {
    for ahead in [-7200, -45, 45, 7200] {
        let network = InMemory::new();
        let time = tokenex_testkit::clock::TestClock::new();
        let clock = time.clock();
        network.route("absolute.test", move |_| {
            let by = Duration::from_secs(i64::unsigned_abs(ahead));
            let now: SystemTime = if ahead >= 0 { clock.wall() + by } else { clock.wall() - by };
            let date = httpdate::fmt_http_date(now);
            async move { http::Response::builder().header("date", date).body(Bytes::new()).expect("an answer") }
        });
        let scheduler = tokenex_core::Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.transport())
            .seed(1)
            .start();
        let handle = scheduler.keep(Absolute { ahead, lifetime: s(600) });
        let issued = handle.get().await.unwrap();
        let ends_in = issued.expires_at().unwrap().duration_since(time.clock().wall()).unwrap();
        assert!(ends_in > s(598) && ends_in < s(602), "clock {ahead} s off: {ends_in:?}");
        let skew = handle.status().clock_skew;
        match skew {
            Some(ClockSkew::TargetAhead(by)) => assert!(ahead > 0 && by.abs_diff(s(ahead as u64)) < s(2)),
            Some(ClockSkew::TargetBehind(by)) => assert!(ahead < 0 && by.abs_diff(s(-ahead as u64)) < s(2)),
            other => panic!("{other:?}"),
        }
        time.advance(s(3000)).await;
        assert!(handle.peek().is_some());
    }
}

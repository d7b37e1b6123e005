//! Promise 19: places for attempts.

use tokenex_core::ErrorKind;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn promise_19_attempts_in_flight_are_bounded_overall_and_per_target() {
    let world = World::with(|b| b.max_in_flight(20).max_per_target(8));
    let fakes: Vec<_> = (0..4).map(|n| Fake::fresh(3600).latency(s(1)).target(["a", "b", "c", "d"][n])).collect();
    // Many credentials of the same provider value: its log then counts what is in flight at that target.
    let handles: Vec<_> = fakes.iter().flat_map(|fake| (0..50).map(|_| world.scheduler.keep(fake.clone()))).collect();
    for handle in &handles {
        handle.ready(s(120)).await.unwrap();
    }
    for fake in &fakes {
        assert_eq!(fake.log().most_in_flight, 5, "a quarter of 20 for each of four targets");
        assert_eq!(fake.issues(), 50);
    }
    let alone = World::with(|b| b.max_in_flight(20).max_per_target(8));
    let fake = Fake::fresh(3600).latency(s(1));
    let handles: Vec<_> = (0..50).map(|_| alone.scheduler.keep(fake.clone())).collect();
    for handle in &handles {
        handle.ready(s(120)).await.unwrap();
    }
    assert_eq!(fake.log().most_in_flight, 8);
}

#[tokio::test(start_paused = true)]
async fn promise_19_a_thousand_credentials_at_a_black_hole_never_delay_ten_at_a_healthy_target() {
    let world = World::new();
    let dead = Fake::new(|_| Answer::Hang).target("black hole");
    let holes: Vec<_> = (0..1000).map(|_| world.scheduler.keep(dead.clone())).collect();
    let healthy: Vec<_> = (0..10).map(|_| Fake::fresh(60).latency(ms(50)).target("healthy")).collect();
    let handles: Vec<_> = healthy.iter().map(|fake| world.scheduler.keep(fake.clone())).collect();
    for handle in &handles {
        handle.ready(s(1)).await.unwrap();
    }
    for _ in 0..600 {
        world.time.advance(s(1)).await;
        assert!(handles.iter().all(|handle| handle.peek().is_some()), "late at {:?}", world.now());
    }
    for fake in &healthy {
        let times = fake.log().issues;
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= s(38)), "late: {times:?}");
    }
    assert!(dead.log().most_in_flight <= 32);
    assert!(dead.issues() > 200, "the dead target is still tried");
    let error = holes[999].get().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Timeout), "{error}");
}

#[tokio::test(start_paused = true)]
async fn promise_19_an_attempt_that_a_running_attempt_waits_for_needs_no_place() {
    let world = World::with(|b| b.max_in_flight(1));
    let parent_fake = Fake::fresh(3600).latency(s(1));
    let parent = world.scheduler.keep(parent_fake.clone());
    let child = world.scheduler.keep(Fake::fresh(3600).made_from(&parent));
    assert_eq!(child.ready(s(5)).await.unwrap().0, 1);
    // The only place is held by a child that waits for its parent: a deadlock, if the parent needed one too.
    let slow_parent = world.scheduler.keep(Fake::new(|n| if n == 1 { Answer::down() } else { Answer::token(n, 60) }));
    let second = world.scheduler.keep(Fake::fresh(3600).made_from(&slow_parent));
    second.ready(s(20)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn promise_19_a_failing_credential_queues_behind_one_not_yet_tried() {
    let world = World::with(|b| b.max_in_flight(1).policy(exact().with_backoff_max(ms(500))));
    let failing: Vec<_> = (0..10).map(|_| world.scheduler.keep(Fake::new(|_| Answer::down()).latency(s(1)))).collect();
    world.time.advance(s(60)).await;
    let fresh = world.scheduler.keep(Fake::fresh(60).latency(s(1)));
    let before = world.now();
    fresh.ready(s(30)).await.unwrap();
    assert!(world.now() - before <= s(3), "it queued behind the failing ones: {:?}", world.now() - before);
    drop(failing);
}

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenex_testkit::clock::TestClock;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_month_takes_no_time_and_timers_fire_in_order() {
    let time = TestClock::new();
    let clock = time.clock();
    let (begun, wall) = (std::time::Instant::now(), clock.wall());
    let fired = Arc::new(Mutex::new(Vec::new()));
    for hours in [500, 3, 40] {
        let (clock, fired) = (clock.clone(), Arc::clone(&fired));
        tokio::spawn(async move {
            clock.sleep(hours * HOUR).await;
            fired.lock().unwrap().push((hours, clock.monotonic()));
        });
    }
    time.advance(720 * HOUR).await;
    assert_eq!(*fired.lock().unwrap(), [3, 40, 500].map(|hours| (hours, hours * HOUR)));
    assert_eq!(clock.wall(), wall + 720 * HOUR);
    assert!(begun.elapsed() < Duration::from_secs(10), "time was not paused");
}

#[tokio::test(start_paused = true)]
async fn steps_and_suspends_move_the_wall_clock_only() {
    let time = TestClock::at(UNIX_EPOCH + 10 * HOUR);
    let clock = time.clock();
    let wall = |hours| UNIX_EPOCH + hours * HOUR;
    time.step_wall_forward(HOUR);
    assert_eq!(clock.wall(), wall(11));
    time.step_wall_back(5 * HOUR);
    assert_eq!(clock.wall(), wall(6));
    time.suspend(2 * HOUR);
    assert_eq!(clock.wall(), wall(8));
    assert_eq!(clock.monotonic(), Duration::ZERO);
    time.advance(HOUR).await;
    assert_eq!((clock.wall(), clock.monotonic()), (wall(9), HOUR));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_already_completes_at_once_and_the_end_of_time_never() {
    let time = TestClock::new();
    let clock = time.clock();
    time.advance(HOUR).await;
    clock.sleep_until(Duration::ZERO).await;
    assert_eq!(clock.monotonic(), HOUR);
    assert!(tokio::time::timeout(1_000_000 * HOUR, clock.sleep_until(Duration::MAX)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn settling_lets_chains_of_tasks_run_to_their_end() {
    let time = TestClock::new();
    let (send, mut receive) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for n in 0..100 {
            send.send(n).await.unwrap();
        }
    });
    let sum = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(n) = receive.recv().await {
            sum += n;
        }
        sum
    });
    time.settle().await;
    assert!(sum.is_finished());
    assert_eq!(sum.await.unwrap(), 4950);
    assert_eq!(time.clock().monotonic(), Duration::from_millis(1));
}

#[tokio::test]
#[should_panic(expected = "time is not frozen")]
async fn a_test_that_forgot_to_pause_is_told() {
    TestClock::new().advance(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn it_starts_at_a_fixed_time() {
    let start: SystemTime = TestClock::new().clock().wall();
    assert_eq!(start.duration_since(UNIX_EPOCH).unwrap().as_secs() % 86_400, 0);
    assert_eq!(start, TestClock::new().clock().wall());
}

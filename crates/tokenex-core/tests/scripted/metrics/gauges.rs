//! Gauges: how things stand. They belong to a name, so each test has names of its own.

use std::time::Duration;

use tokenex_core::{Bond, Grant, Outcome};

use super::recorder::Kept;
use super::support::*;

const EXPIRES: &str = "credential_expires_at_seconds";
const SUCCESS: &str = "credential_last_success_seconds";
const FAILURES: &str = "credential_consecutive_failures";
const IN_FLIGHT: &str = "attempts_in_flight";
const SKEW: &str = "clock_skew_seconds";

#[tokio::test(start_paused = true)]
async fn a_life_from_before_the_first_credential_to_after_the_last() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let start = world.now();
    // Slow at first; then an outage from the second refresh on, until it is told otherwise.
    let provider = Scripted::new(|n| if (3..8).contains(&n) { Err(down()) } else { token(n, 1000) }).latency(s(10));
    let handle = world.keep("life", provider);
    let gauge = |metric: &str| kept.gauge(&of(metric, "life"));

    world.pass(5).await;
    assert_eq!([EXPIRES, SUCCESS, FAILURES, IN_FLIGHT].map(gauge), [0.0, 0.0, 0.0, 1.0]);

    world.pass(6).await;
    assert_near(gauge(EXPIRES), start + 1000.0);
    assert_near(gauge(SUCCESS), start + 10.0);
    assert_eq!([FAILURES, IN_FLIGHT, SKEW].map(gauge), [0.0, 0.0, 0.0]);

    // Refreshed when 40 % are left.
    world.pass(600).await;
    assert_near(gauge(SUCCESS), start + 610.0);
    assert_near(gauge(EXPIRES), start + 1600.0);

    // Failing, and in hand: the end stays.
    world.pass(620).await;
    assert!(gauge(FAILURES) >= 1.0);
    assert_eq!(handle.status().failing.unwrap().failures, gauge(FAILURES) as u32);
    assert_near(gauge(EXPIRES), start + 1600.0);
    assert_near(gauge(SUCCESS), start + 610.0);

    // Recovered.
    world.pass(500).await;
    assert_eq!(gauge(FAILURES), 0.0);
    let ends = handle.peek().unwrap().expires_at().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_near(gauge(EXPIRES), ends.as_secs_f64());
    assert!(gauge(EXPIRES) > start + 1700.0);

    handle.close(s(60)).await;
    world.time.settle().await;
    for metric in [EXPIRES, SUCCESS, FAILURES, SKEW] {
        assert!(gauge(metric).is_nan(), "{metric}: no rule fires on a credential that nobody keeps");
    }
    assert_eq!(gauge(IN_FLIGHT), 0.0);
}

#[tokio::test(start_paused = true)]
async fn an_end_without_successor_stays_visible() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let start = world.now();
    let handle = world.keep("expired", Scripted::new(|n| if n == 1 { token(n, 100) } else { Err(down()) }));
    world.pass(500).await;
    assert!(handle.peek().is_none());
    assert_near(kept.gauge(&of(EXPIRES, "expired")), start + 100.0);
    assert!(kept.gauge(&of(FAILURES, "expired")) > 3.0);
}

#[tokio::test(start_paused = true)]
async fn what_was_withdrawn_ended_then() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let start = world.now();
    let handle =
        world.keep("withdrawn", Scripted::new(|n| if n == 1 { token(n, 1000) } else { Ok(Outcome::Withdrawn) }));
    world.pass(650).await;
    assert!(handle.peek().is_none());
    assert_near(kept.gauge(&of(EXPIRES, "withdrawn")), start + 600.0);
    assert_eq!(kept.gauge(&of(FAILURES, "withdrawn")), 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_end_ends_never() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let _handle = world.keep("endless", Scripted::new(|n| Ok(Grant::new(Token(n)).into())));
    world.pass(5).await;
    assert_eq!(kept.gauge(&of(EXPIRES, "endless")), f64::INFINITY);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_moves_the_end_and_that_of_children_at_once() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let start = world.now();
    let login = Scripted::new(|n| Ok(Grant::new(Token(n)).lifetime(s(1000)).renewable().into()));
    let login = world.keep("login", login.renew(|_| Ok(Some(s(1000)))));
    world.pass(1).await;
    let child = world.keep("child", Scripted::fresh(100_000).child_of(&login));
    world.pass(1).await;
    let grandchild = world.keep("grandchild", Scripted::fresh(100_000).child_of(&child));
    world.pass(1).await;
    let names = ["login", "child", "grandchild"];
    for name in names {
        assert_near(kept.gauge(&of(EXPIRES, name)), start + 1000.0);
    }
    world.pass(600).await;
    assert_eq!(login.status().generation, 1, "renewed, not replaced");
    for name in names {
        assert_near(kept.gauge(&of(EXPIRES, name)), start + 1600.0);
    }
    assert_near(kept.gauge(&of(SUCCESS, "login")), start + 600.0);
    assert_near(kept.gauge(&of(SUCCESS, "child")), start + 1.0);
    drop(grandchild);
}

#[tokio::test(start_paused = true)]
async fn of_several_under_one_name_the_worst_shows_and_those_that_go_leave_the_rest() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let other_scheduler = scheduler(&world.time);
    let start = world.now();
    let gauge = |metric: &str| kept.gauge(&of(metric, "shared"));

    let long = world.keep("shared", Scripted::fresh(5000));
    world.pass(10).await;
    let short = keep(&other_scheduler, "shared", Scripted::new(|n| if n == 1 { token(n, 1000) } else { Err(down()) }));
    world.pass(10).await;
    assert_near(gauge(EXPIRES), start + 1010.0);
    assert_near(gauge(SUCCESS), start);

    world.pass(700).await;
    assert!(gauge(FAILURES) > 0.0);
    let slow = world.keep("shared", Scripted::fresh(5000).latency(s(20)));
    world.pass(5).await;
    assert_eq!((gauge(IN_FLIGHT), gauge(EXPIRES)), (1.0, 0.0), "one has none yet");
    world.pass(20).await;
    assert_near(gauge(EXPIRES), start + 1010.0);

    drop(short);
    world.pass(1).await;
    assert_near(gauge(EXPIRES), start + 5000.0);
    assert_eq!((gauge(FAILURES), gauge(IN_FLIGHT)), (0.0, 0.0));

    drop((long, slow));
    world.pass(1).await;
    assert!(gauge(EXPIRES).is_nan() && gauge(FAILURES).is_nan());
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_ends_leaves_no_gauge_behind() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let handle = world.keep("ending", Scripted::fresh(1000));
    world.pass(1).await;
    world.scheduler.shutdown(s(5)).await;
    world.time.settle().await;
    assert!(kept.gauge(&of(EXPIRES, "ending")).is_nan());
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_steps_moves_the_ends_with_it() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let start = world.now();
    let handle = world.keep("stepped", Scripted::fresh(1000));
    world.pass(100).await;
    world.time.step_wall_back(s(50));
    world.pass(20).await;
    // By the time since receipt, 880 s are left.
    assert_near(kept.gauge(&of(EXPIRES, "stepped")), start + 950.0);
    assert_near(kept.gauge(&of(EXPIRES, "stepped")) - world.now(), 880.0);
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_target_is_compared() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let network = tokenex_testkit::transport::InMemory::new();
    let clock = world.time.clock();
    network.route("scripted.test", move |_| {
        let date = httpdate(clock.wall() - s(90));
        async move { http::Response::builder().header("date", date).body(bytes::Bytes::new()).unwrap() }
    });
    let scheduler = tokenex_core::Scheduler::builder(tokio::runtime::Handle::current())
        .clock(world.time.clock())
        .transport(network)
        .start();
    let _handle = scheduler.keep(tokenex_core::Keep::new(Asking).name("skewed"));
    world.pass(1).await;
    let skew = kept.gauge("tokenex_clock_skew_seconds{name=skewed,provider=asking}");
    assert!((-91.0..-89.0).contains(&skew), "{skew}");
}

/// Asks a server before it grants.
struct Asking;

impl tokenex_core::Provider for Asking {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "asking"
    }

    fn target(&self) -> tokenex_core::Target {
        tokenex_core::Target::new("asking")
    }

    async fn issue(&self, cx: &tokenex_core::Attempt) -> tokenex_core::Result<Outcome<Token>> {
        cx.send(http::Request::get("https://scripted.test/").body(bytes::Bytes::new()).unwrap()).await?;
        let bonds: [Bond; 0] = [];
        Ok(Grant::new(Token(1)).lifetime(Duration::from_secs(1000)).bound_to(&bonds).into())
    }
}

/// `Thu, 01 Jan 2026 00:00:00 GMT`
fn httpdate(at: std::time::SystemTime) -> String {
    httpdate::fmt_http_date(at)
}

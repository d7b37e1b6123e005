//! Answers that are not what the documents promise.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Handle};
use tokenex_gcp::AccessToken;
use tokenex_testkit::twins::google::Endpoint;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{IAM, STS, World, federated_token, minutes, reply};

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_may_be_a_number_or_a_text_and_must_be_something() {
    for (expires_in, seconds) in [(json!(1800), 1800), (json!("1800"), 1800), (json!(1800.5), 1800)] {
        let world = World::new();
        world.answers(STS, move |_| reply(200, &federated_token("ya29.x", expires_in.clone())));
        let token = world.federated().get().await.unwrap();
        let left = token.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
        assert_eq!(left, Duration::from_secs(seconds));
    }
    for (expires_in, kind, code) in [
        (Value::Null, ErrorKind::Protocol, None),
        (json!("soon"), ErrorKind::Protocol, None),
        (json!(0), ErrorKind::Protocol, Some("expired_on_arrival")),
        (json!(-3600), ErrorKind::Protocol, Some("expired_on_arrival")),
        (json!("-1"), ErrorKind::Protocol, Some("expired_on_arrival")),
    ] {
        let world = World::new();
        world.answers(STS, move |_| reply(200, &federated_token("ya29.x", expires_in.clone())));
        let error = world.federated().get().await.unwrap_err();
        assert_eq!((error.kind(), error.code(), error.is_transient()), (kind, code, true), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_is_counted_from_before_the_request_was_sent() {
    let world = World::new();
    world.network.latency(Duration::from_secs(8));
    let token = world.federated().get().await.unwrap();
    let left = token.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert_eq!(left, Duration::from_secs(3592));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_impersonated_token_comes_with_fractions_and_without() {
    for fractional in [false, true] {
        let world = World::new();
        world.twin.fractional_expire_time(fractional);
        let token = world.impersonated().get().await.unwrap();
        let left = token.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
        assert_eq!(left.as_secs(), 3600);
        assert_eq!(left.subsec_nanos() > 0, fractional);
    }
    for end in [Value::Null, json!("soon"), json!(3600), json!("2020-01-01T00:00:00Z")] {
        let world = World::new();
        world.answers(IAM, move |_| reply(200, &json!({"accessToken": "ya29.x", "expireTime": end})));
        let error = world.impersonated().get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Protocol, true), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_by_a_clock_that_is_ahead_is_corrected_by_what_the_clock_says() {
    let world = World::with_twin_ahead(minutes(3));
    let token = world.impersonated().get().await.unwrap();
    let left = token.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(left <= Duration::from_secs(3602) && left >= Duration::from_secs(3598), "{left:?}");
}

/// Each kind of page, at each of the two services, while a good token is in hand and while none is.
#[tokio::test(start_paused = true)]
async fn a_page_in_place_of_an_answer_takes_nothing_away() {
    let pages: [(Page, ErrorKind); 8] = [
        (|| page(200, "<html>log in to the guest network</html>"), ErrorKind::Protocol),
        (|| page(200, ""), ErrorKind::Protocol),
        (|| page(200, "{\"access_token\": \"ya29"), ErrorKind::Protocol),
        (|| page(204, ""), ErrorKind::Protocol),
        (|| page(400, "<html>bad request</html>"), ErrorKind::Protocol),
        (|| page(502, "<html>bad gateway</html>"), ErrorKind::Unavailable),
        (|| page(302, ""), ErrorKind::Configuration),
        (|| page(404, "<html>not found</html>"), ErrorKind::Protocol),
    ];
    for host in [STS, IAM] {
        for (make, kind) in pages {
            let world = World::new();
            let token: Handle<AccessToken> = if host == STS { world.federated() } else { world.impersonated() };
            token.get().await.unwrap();
            world.answers(host, move |_| make());
            world.seconds(45 * 60).await;
            assert!(token.peek().is_some());
            let failing = token.status().failing.unwrap().last.clone();
            assert_eq!(failing.kind(), kind, "{failing}");
            assert!(failing.advice().is_some(), "{failing}");
            world.seconds(16 * 60).await;
            assert_eq!(token.get().await.unwrap_err().kind(), kind);
        }
    }
}

type Page = fn() -> Response<Bytes>;

fn page(status: u16, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

#[tokio::test(start_paused = true)]
async fn google_is_asked_again_when_it_says() {
    let world = World::new();
    world.twin.fault_at(Endpoint::TokenExchange, 1, Fault::Throttled(RetryAfter::Seconds(40)));
    let token = world.federated();
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(Duration::from_secs(40))));
    world.seconds(38).await;
    assert_eq!(world.count(STS), 1);
    world.seconds(5).await;
    assert_eq!(world.count(STS), 2);
    assert!(token.peek().is_some());

    world.twin.fault_at(Endpoint::AccessToken, 1, Fault::OutOfOrder(503, RetryAfter::Absent));
    let acting = world.scheduler.keep(world.acting(&token).build().unwrap());
    let error = acting.get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.step()),
        (ErrorKind::Unavailable, Some("UNAVAILABLE"), Some("impersonate"))
    );
    acting.ready(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_or_not_at_all_is_a_timeout() {
    let world = World::new();
    world.twin.fault_at(Endpoint::TokenExchange, 1, Fault::Slow(minutes(2)));
    let token = world.federated();
    assert_eq!(token.get().await.unwrap_err().kind(), ErrorKind::Timeout);
    token.ready(Duration::from_secs(10)).await.unwrap();
}

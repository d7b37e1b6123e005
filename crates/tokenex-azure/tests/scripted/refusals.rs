//! What Entra, or whatever answers in its place, says no with.

use std::time::Duration;

use http::Response;
use serde_json::json;
use tokenex_core::{ErrorKind, Status};
use tokenex_testkit::transport::Fault as Broken;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{ARM, HOST, World, minutes, reply};

fn refusal(code: u32) -> serde_json::Value {
    json!({"error": "invalid_request", "error_codes": [code], "trace_id": "t", "correlation_id": "c",
        "timestamp": "2026-01-01 00:00:00Z",
        "error_description": format!("AADSTS{code}: No. Trace ID: t Correlation ID: c Timestamp: 2026-01-01 00:00:00Z")})
}

#[tokio::test(start_paused = true)]
async fn each_class_of_refusal_has_its_kind_and_is_retried_at_its_pace() {
    use ErrorKind::*;
    for (code, kind, at_least, at_most) in [
        (700_213, Trust, 10, 25),
        (700_016, NotFound, 10, 25),
        (53_003, Denied, 10, 25),
        (70_011, Configuration, 10, 25),
        (700_024, Identity, 12, 45),
        (90_033, Unavailable, 12, 45),
        (50_166, Unavailable, 12, 45),
        (90_055, Throttled, 12, 45),
        // Two minutes are left between two requests.
        (50_196, Throttled, 5, 6),
    ] {
        let world = World::new();
        world.answers(move |_| reply(400, &refusal(code)));
        // The same identity token each time, so that one attempt is one request.
        let jwt = world.jwt().audience("api://AzureADTokenExchange").lifetime(minutes(60)).sign();
        let source = tokenex_core::sources::StaticText::new(jwt);
        let handle = world.keep(&world.builder_with(source).build().unwrap(), ARM);
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some(format!("AADSTS{code}").as_str())), "{error}");
        assert_eq!((error.request_id(), error.correlation_id()), (Some("t"), Some("c")));
        world.seconds(600).await;
        let asked = world.count();
        assert!((at_least..=at_most).contains(&asked), "{code}: {asked} requests in ten minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn no_refusal_takes_away_a_token_that_is_valid() {
    for fault in [
        Fault::Throttled(RetryAfter::Seconds(3600)),
        Fault::OutOfOrder(503, RetryAfter::Absent),
        Fault::Html(200),
        Fault::Html(502),
        Fault::Empty(200),
        Fault::Empty(503),
        Fault::HalfBody,
        Fault::Slow(minutes(2)),
    ] {
        let world = World::new();
        world.twin.token_lifetime(minutes(30));
        let handle = world.keep(&world.entra(), ARM);
        handle.get().await.unwrap();
        world.twin.fault(10_000, fault.clone());
        world.seconds(29 * 60).await;
        assert_eq!(handle.get().await.unwrap().generation(), 1, "{fault:?}");
        assert!(handle.status().failing.is_some(), "{fault:?}");
        world.twin.heal();
        handle.ready(minutes(6)).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_entras_answer_is_told_by_its_status_and_named() {
    use ErrorKind::*;
    for (fault, kind, code) in [
        (Fault::Html(502), Unavailable, Some("foreign_answer")),
        (Fault::Html(400), Protocol, Some("foreign_answer")),
        (Fault::Html(429), Throttled, Some("foreign_answer")),
        (Fault::Html(302), Configuration, Some("foreign_answer")),
        (Fault::Html(200), Protocol, Some("foreign_answer")),
        (Fault::Empty(200), Protocol, Some("foreign_answer")),
        (Fault::Empty(503), Unavailable, Some("foreign_answer")),
        (Fault::HalfBody, Protocol, Some("foreign_answer")),
        (Fault::OutOfOrder(500, RetryAfter::Absent), Unavailable, Some("AADSTS90033")),
        (Fault::Slow(minutes(2)), Timeout, None),
    ] {
        let world = World::new();
        world.twin.fault(1, fault.clone());
        let error = world.keep(&world.entra(), ARM).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{fault:?}: {error}");
        assert!(!error.to_string().contains("Not now"), "the page is not repeated: {error}");
        assert_eq!(error.provider(), Some("azure"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_asked_for_is_kept_in_seconds_and_as_a_date() {
    use tokenex_core::time::TimeSource as _;
    let in_date = |world: &World| RetryAfter::At(world.time.wall() + Duration::from_secs(90));
    for (name, wait) in [("seconds", None), ("date", Some(in_date))] {
        let world = World::new();
        let wait = wait.map_or(RetryAfter::Seconds(90), |wait| wait(&world));
        world.twin.fault(1, Fault::Throttled(wait));
        let handle = world.keep(&world.entra(), ARM);
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Throttled, Some("AADSTS90055")));
        let asked = error.retry_after().unwrap();
        assert!((88..=90).contains(&asked.as_secs()), "{name}: {asked:?}");
        world.seconds(80).await;
        assert_eq!(world.count(), 1, "{name}");
        handle.ready(minutes(2)).await.unwrap();
        assert_eq!(world.count(), 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_tenant_or_client_says_which_cloud_and_what_to_give() {
    let world = World::new();
    let typo = tokenex_azure::Entra::federated("fabrikam.example", world.app.client_id(), world.identity());
    let error = world.keep(&typo.build().unwrap(), ARM).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("AADSTS90002")));
    assert!(error.to_string().contains("the public cloud (https://login.microsoftonline.com)"), "{error}");

    let object_id = world.app.object_id();
    let typo = tokenex_azure::Entra::federated(world.tenant.id(), object_id, world.identity());
    let error = world.keep(&typo.build().unwrap(), ARM).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("AADSTS700016")));
    assert!(error.to_string().contains("not the object id"), "{error}");
    assert_eq!(error.presented(), None, "the identity is not what is wrong");

    let unknown = world.keep(&world.entra(), "https://nobody.example/.default");
    assert_eq!(unknown.get().await.unwrap_err().code(), Some("AADSTS500011"));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_entra_cannot_read_is_a_passing_failure() {
    let world = World::new();
    world.twin.issuer_down(crate::world::ISSUER);
    let handle = world.keep(&world.entra(), ARM);
    let error = handle.get().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Unavailable && error.is_transient(), "{error}");
    assert!(error.to_string().contains("reachable from the internet"), "{error}");
    world.twin.issuer_up(crate::world::ISSUER);
    handle.ready(minutes(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_down_is_told_apart_from_a_refusal() {
    for (fault, kind) in [
        (Broken::Unreachable, ErrorKind::Unavailable),
        (Broken::Hang, ErrorKind::Timeout),
        (Broken::Cut, ErrorKind::Unavailable),
        (Broken::Untrusted, ErrorKind::Tls),
    ] {
        let world = World::new();
        world.network.fault(HOST, fault);
        let error = world.keep(&world.entra(), ARM).get().await.unwrap_err();
        assert_eq!((error.kind(), error.provider(), error.status()), (kind, Some("azure"), None), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_and_the_assertion_stays_home() {
    let world = World::new();
    world.answers(|_| {
        Response::builder().status(307).header("location", "https://elsewhere.test/").body(Default::default()).unwrap()
    });
    let handle = world.keep(&world.entra(), ARM);
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(world.network.requests().len(), 1);
    let _: Status = handle.status();
}

//! Refusals: each class of them, what it means for the token in hand, and what the error says.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_core::{Attempt, Error, ErrorKind, Input, Result, Secret, Source};
use tokenex_oci::Domain;
use tokenex_testkit::transport::Fault as Way;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{HOST, ISSUER, SUBJECT, World, minutes};

async fn refused(world: &World) -> Error {
    let session = world.session();
    let error = session.get().await.unwrap_err();
    session.close(minutes(1)).await;
    assert_eq!((error.provider(), error.step()), (Some("oci"), Some("exchange")));
    error
}

#[tokio::test(start_paused = true)]
async fn what_the_trust_does_not_take_is_said_with_what_the_token_said() {
    let world = World::new();
    world.trust.active(false);
    let error = refused(&world).await;
    assert_eq!((error.kind(), error.is_transient(), error.code()), (ErrorKind::Trust, false, Some("invalid_grant")));
    assert!(error.to_string().contains("identity propagation trust"), "{error}");
    assert!(error.request_id().is_some());
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.subject.as_str()), (ISSUER, SUBJECT));
    assert_eq!(presented.audience, world.app.client_id());
    world.trust.active(true);

    for (jwt, word) in [
        (world.jwt().subject("repo:org/app:pull_request"), "impersonationServiceUsers"),
        (world.jwt().forged(), "publicKeyEndpoint"),
        (world.jwt().claim("iss", "https://other.test"), "identity propagation trust"),
    ] {
        let error = world.session_with(world.fixed(&jwt)).get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, false), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.presented().is_some());
    }

    let domain = world.builder().audience("nobody's").build().unwrap();
    let error = world.keep(domain.user_token()).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trust);
    assert!(error.to_string().contains("clientClaimValues"), "{error}");
    assert_eq!(error.presented().unwrap().audience, "nobody's");
}

#[tokio::test(start_paused = true)]
async fn a_refused_application_is_told_from_a_refused_identity() {
    let world = World::new();
    world.app.active(false);
    let error = refused(&world).await;
    assert_eq!((error.kind(), error.is_transient(), error.code()), (ErrorKind::Trust, false, Some("invalid_client")));
    assert!(error.to_string().contains("is it activated") && error.presented().is_none(), "{error}");
    world.app.active(true).client_credentials(false);
    let error = refused(&world).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("unauthorized_client")));
    assert!(error.to_string().contains("client credentials"), "{error}");
    world.app.client_credentials(true);

    let other = world.domain.app("not-in-the-trust");
    let domain = Domain::builder(world.domain.url(), world.identity())
        .client(other.client_id(), StaticText::new(other.secret()))
        .audience(world.app.client_id())
        .build()
        .unwrap();
    let error = world.keep(domain.user_token()).get().await.unwrap_err();
    assert!(error.to_string().contains("oauthClients"), "{error}");
}

/// A secret that was made a while ago, as far as its source knows.
struct Aged(Secret, Option<Duration>);

impl Source<Secret> for Aged {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<Secret>> {
        let input = Input::new(self.0.clone());
        Ok(match self.1 {
            Some(age) => input.with_issued_at(cx.clock().wall() - age),
            None => input,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_that_is_young_may_not_have_spread_and_is_tried_again_soon() {
    let world = World::new();
    world.app.unseen_for(3);
    for (age, transient) in [(None, false), (Some(minutes(11)), false), (Some(minutes(9)), true)] {
        let secret = Aged(world.app.secret().into(), age);
        let domain = Domain::builder(world.domain.url(), world.identity()).client(world.app.client_id(), secret);
        let session = world.keep(domain.build().unwrap().user_token());
        let error = session.get().await.unwrap_err();
        assert_eq!((error.code(), error.is_transient()), (Some("invalid_client"), transient), "{error}");
        assert_eq!(error.to_string().contains("may not have reached"), transient, "{error}");
        if transient {
            session.ready(Duration::from_secs(10)).await.unwrap();
        }
        session.close(minutes(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_trust_is_tried_again_until_all_of_the_domain_knows_it() {
    let world = World::new();
    world.trust.seen_from(world.wall() + minutes(4));
    let session = world.session();
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, false));
    let before = world.count();
    session.ready(minutes(6)).await.unwrap();
    let looked = world.count() - before;
    assert!((3..=10).contains(&looked), "looked again {looked} times in 5 minutes");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_oracle_cannot_reach_passes_by_itself() {
    let world = World::new();
    world.oci.issuer_down(ISSUER);
    let session = world.session();
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{error}");
    world.oci.issuer_up(ISSUER);
    session.ready(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_domain_on_a_bad_day_is_waited_for_as_long_as_it_asks() {
    for (fault, kind, code) in [
        (Fault::Throttled(RetryAfter::Seconds(40)), ErrorKind::Throttled, Some("too_many_requests")),
        (Fault::OutOfOrder(503, RetryAfter::Seconds(40)), ErrorKind::Unavailable, Some("temporarily_unavailable")),
        (Fault::OutOfOrder(500, RetryAfter::Absent), ErrorKind::Unavailable, Some("server_error")),
        (Fault::Html(502), ErrorKind::Unavailable, Some("foreign_answer")),
        (Fault::Html(403), ErrorKind::Protocol, Some("foreign_answer")),
        (Fault::Html(200), ErrorKind::Protocol, Some("foreign_answer")),
        (Fault::Empty(200), ErrorKind::Protocol, Some("foreign_answer")),
        (Fault::HalfBody, ErrorKind::Protocol, Some("foreign_answer")),
    ] {
        let world = World::new();
        let asks =
            matches!(fault, Fault::Throttled(RetryAfter::Seconds(_)) | Fault::OutOfOrder(_, RetryAfter::Seconds(_)));
        world.domain.fault(1, fault.clone());
        let session = world.session();
        let begun = world.wall();
        let error = session.get().await.unwrap_err();
        assert_eq!((error.kind(), error.code(), error.is_transient()), (kind, code, true), "{fault:?}: {error}");
        assert_eq!(error.retry_after(), asks.then_some(Duration::from_secs(40)));
        session.ready(minutes(1)).await.unwrap();
        let waited = world.wall().duration_since(begun).unwrap();
        assert_eq!(waited >= Duration::from_secs(40), asks, "{fault:?}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_that_is_broken_is_told_with_its_kind_and_a_domain_that_hangs_ends_with_the_attempt() {
    for (way, kind) in [
        (Way::Unreachable, ErrorKind::Unavailable),
        (Way::Hang, ErrorKind::Timeout),
        (Way::Cut, ErrorKind::Unavailable),
        (Way::Untrusted, ErrorKind::Tls),
    ] {
        let world = World::new();
        world.network.fault(HOST, way);
        let session = world.session();
        let begun = world.wall();
        let error = session.get().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(world.wall().duration_since(begun).unwrap() <= Duration::from_secs(31));
        world.network.heal(HOST);
        session.ready(minutes(2)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_refusal_takes_away_a_token_that_is_still_good() {
    let world = World::new();
    let session = world.session();
    let token = session.get().await.unwrap();
    world.trust.active(false);
    world.app.active(false);
    // Until a moment before its end.
    for _ in 0..118 {
        world.seconds(30).await;
        let held = session.peek().unwrap();
        assert!(held.secret().same_as(token.secret()));
        assert_eq!(world.call(&held), 200);
    }
    assert!(session.status().failing.is_some());
    world.seconds(120).await;
    assert!(session.peek().is_none());
    assert_eq!(session.get().await.unwrap_err().code(), Some("invalid_client"));
    world.trust.active(true);
    world.app.active(true);
    session.ready(minutes(2)).await.unwrap();
    assert!(session.status().failing.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_and_a_missing_endpoint_is_named() {
    let world = World::new();
    for (status, kind, word) in [
        (302, ErrorKind::Configuration, "redirect"),
        (404, ErrorKind::NotFound, "Domain URL"),
        (418, ErrorKind::Other, "refused"),
    ] {
        world.answers(HOST, status, &json!({"error": "odd", "error_description": "d"}));
        let error = refused(&world).await;
        assert_eq!((error.kind(), error.is_transient(), error.code()), (kind, false, Some("odd")), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

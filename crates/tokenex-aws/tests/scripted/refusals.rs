//! What STS refuses, and what becomes of it.

use std::time::Duration;

use tokenex_core::sources::Closure;
use tokenex_core::{ErrorKind, Retry};
use tokenex_testkit::transport;
use tokenex_testkit::twins::aws::IdentityProviderFailure;
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{AUDIENCE, HOST, ISSUER, SUBJECT, World, minutes, refuse};

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_trust_says_what_was_shown() {
    let world = World::new();
    let jwt = world.issuer.token().subject("system:serviceaccount:prod:other").audience(AUDIENCE);
    let source = Closure::plain(move |_| Ok(jwt.sign()));
    let handle = world.keep(world.builder_with(source).build().unwrap());
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.retry(), error.code()), (ErrorKind::Trust, Retry::Terminal, Some("AccessDenied")));
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.audience.as_str()), (ISSUER, AUDIENCE));
    assert_eq!(presented.subject, "system:serviceaccount:prod:other");
    assert_eq!(error.request_id(), Some(world.last().request_id.as_str()));
    assert!(error.time().is_some() && error.advice().is_some_and(|advice| advice.contains("trust policy")), "{error}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
}

#[tokio::test(start_paused = true)]
async fn trust_that_somebody_repairs_is_found() {
    let world = World::new();
    let role = world.account.role("new");
    let provider =
        tokenex_aws::WebIdentity::builder(role.arn(), world.identity()).region("eu-central-1").build().unwrap();
    let handle = world.keep(provider);
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Trust);
    // It takes a while to spread, as in AWS: one call in between does not see it.
    role.trust_subject(ISSUER, SUBJECT, AUDIENCE).seen_by([true, false]);
    world.seconds(200).await;
    handle.get().await.unwrap();
    assert!(world.twin.exchanges().len() <= 5, "{} calls in 200 s", world.twin.exchanges().len());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_aws_cannot_reach_passes_although_the_status_says_400() {
    for (failure, kind, code) in [
        (IdentityProviderFailure::Unreachable, ErrorKind::Unavailable, "IDPCommunicationError"),
        (IdentityProviderFailure::NoVerificationKey, ErrorKind::Unavailable, "InvalidIdentityToken"),
    ] {
        let world = World::new();
        world.twin.identity_provider_fails(2, failure);
        let handle = world.web_identity();
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient(), error.code()), (kind, true, Some(code)), "{error}");
        handle.ready(Duration::from_secs(30)).await.unwrap();
        assert_eq!(world.requests().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_waits_as_long_as_aws_asks() {
    let world = World::new();
    world.twin.fault(1, Fault::Throttled(RetryAfter::Seconds(40)));
    let handle = world.web_identity();
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Throttled, Some("Throttling")));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    world.seconds(38).await;
    assert_eq!(world.requests().len(), 1);
    world.seconds(5).await;
    assert_eq!(world.requests().len(), 2);
    assert!(handle.peek().is_some());
}

#[tokio::test(start_paused = true)]
async fn mistakes_in_the_account_are_told_apart() {
    let world = World::new();
    let foreign = tokenex_testkit::issuer::IssuerKeys::new("https://unknown.test");
    let jwt = foreign.token().subject(SUBJECT).audience(AUDIENCE);
    let unknown = world.builder_with(Closure::plain(move |_| Ok(jwt.sign()))).build().unwrap();
    let (forged, unsigned) = (world.jwt().audience(AUDIENCE).forged(), world.jwt().audience(AUDIENCE).unsigned());
    let cases = [
        (unknown, "no OIDC provider"),
        (world.builder().audience("not-listed").build().unwrap(), "does not take this audience"),
        (world.builder().duration(minutes(12 * 60)).build().unwrap(), ""),
        (
            world.builder_with(Closure::plain(move |_| Ok(forged.sign()))).build().unwrap(),
            "does not accept the identity token",
        ),
        (
            world.builder_with(Closure::plain(move |_| Ok(unsigned.sign()))).build().unwrap(),
            "does not accept the identity token",
        ),
    ];
    for (provider, word) in cases {
        let outcome = world.keep(provider).get().await;
        if word.is_empty() {
            outcome.unwrap();
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Trust, Retry::Terminal), "{error}");
        assert!(error.to_string().contains(word) && error.presented().is_some(), "{error}");
    }
    world.role.maximum_session(minutes(60));
    let error = world.keep(world.builder().duration(minutes(120)).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("ValidationError")));
    assert!(error.advice().unwrap().contains("max-session-duration"), "{error}");
    world.twin.disable_region("eu-central-1");
    let error = world.web_identity().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("RegionDisabledException")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_while_a_credential_is_valid_takes_nothing_away() {
    let world = World::new();
    let handle = world.web_identity();
    handle.get().await.unwrap();
    world.answers(|_| refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"));
    for _ in 0..59 {
        world.seconds(60).await;
        assert!(handle.get().await.is_ok());
    }
    assert!(handle.status().failing.is_some());
    world.seconds(120).await;
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Trust);
}

#[tokio::test(start_paused = true)]
async fn what_the_transport_says_is_not_covered_up_by_the_sdk() {
    for (fault, kind) in [
        (transport::Fault::Unreachable, ErrorKind::Unavailable),
        (transport::Fault::Untrusted, ErrorKind::Tls),
        (transport::Fault::Hang, ErrorKind::Timeout),
        (transport::Fault::Cut, ErrorKind::Unavailable),
    ] {
        let world = World::new();
        world.network.fault(HOST, fault);
        let error = world.web_identity().get().await.unwrap_err();
        assert_eq!((error.kind(), error.provider()), (kind, Some("aws")), "{error}");
        assert_eq!(world.requests().len(), 1, "{fault:?}");
    }
}

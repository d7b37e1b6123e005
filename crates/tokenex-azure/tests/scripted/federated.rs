//! An identity token becomes an access token, or does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_azure::Cloud;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{Error, ErrorKind, TokenSource};
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID};

use crate::world::{ARM, GRAPH, ISSUER, SUBJECT, World, field, minutes};

/// Hands out one after the other, and the last one for ever.
fn one_after_the_other(jwts: Vec<String>) -> impl TokenSource {
    let asked = AtomicUsize::new(0);
    Closure::plain(move |_| Ok(jwts[asked.fetch_add(1, Ordering::Relaxed).min(jwts.len() - 1)].clone()))
}

#[tokio::test(start_paused = true)]
async fn the_request_is_as_documented_and_secret_only_in_its_body() {
    let world = World::new();
    let arm = world.keep(&world.entra(), ARM);
    let token = arm.get().await.unwrap();
    let requests = world.network.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!((request.method().as_str(), request.query()), ("POST", ""));
    assert_eq!(request.path(), format!("/{}/oauth2/v2.0/token", world.tenant.id()));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", world.app.client_id()),
        ("scope", ARM),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ] {
        assert_eq!(field(request, name).as_deref(), Some(value));
    }
    let assertion = field(request, "client_assertion").unwrap();
    assert!(world.issuer.verify(&assertion).is_ok());
    let in_headers = request.headers().values().any(|value| value.as_bytes() == assertion.as_bytes());
    assert!(!in_headers && !request.path().contains(&assertion));

    let id = request.header("client-request-id");
    assert_eq!(world.twin.exchanges()[0].correlation_id, id);
    assert_eq!(id.len(), 36);
    assert_eq!(token.fingerprint(), world.twin.exchanges()[0].outcome.as_deref().ok());
    assert!(token.bonds().is_empty(), "the token outlives the identity token");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_may_be_named_by_its_domain() {
    let world = World::new();
    let entra = tokenex_azure::Entra::federated("contoso.example", world.app.client_id(), world.identity());
    let arm = world.keep(&entra.build().unwrap(), ARM);
    assert_eq!(arm.get().await.unwrap().scope().as_str(), ARM);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_anew_in_each_attempt_for_the_audience_of_the_cloud() {
    let world = World::new();
    let (asked, jwt) = (Arc::new(Mutex::new(Vec::new())), world.jwt());
    let heard = asked.clone();
    let source = Closure::plain(move |audience: Option<String>| {
        heard.lock().unwrap().push(audience.clone());
        Ok(jwt.clone().audience(audience.unwrap()).sign())
    });
    let arm = world.keep(&world.builder_with(source).build().unwrap(), ARM);
    arm.get().await.unwrap();
    world.seconds(3600).await;
    assert_eq!(world.count(), 2);
    assert_eq!(*asked.lock().unwrap(), vec![Some(EXCHANGE_AUDIENCE.to_owned()); 2]);
    let sent: Vec<_> = world.network.requests().iter().map(|request| field(request, "client_assertion")).collect();
    assert_ne!(sent[0], sent[1]);
}

#[tokio::test(start_paused = true)]
async fn a_token_for_somebody_else_is_not_sent() {
    let world = World::new();
    let jwt = world.jwt().audience("sts.amazonaws.com").sign();
    let arm = world.keep(&world.builder_with(StaticText::new(jwt)).build().unwrap(), ARM);
    let error = arm.get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.provider()),
        (ErrorKind::Identity, Some("wrong_audience"), Some("azure"))
    );
    assert!(error.to_string().contains(EXCHANGE_AUDIENCE), "{error}");
    assert_eq!(world.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn audiences_that_the_target_reads_as_its_own_are_sent() {
    let world = World::new();
    // Entra's own tokens carry the id; the trust fits it, as it does a user's own audience.
    for (cloud, audience) in [
        (Cloud::public(), EXCHANGE_AUDIENCE_ID),
        (Cloud::public().exchange_audience("api://ours"), "api://ours"),
        (Cloud::public().exchange_audience("api://ours").accept_audience("ours"), "ours"),
    ] {
        world.app.federate(ISSUER, audience, audience).unwrap();
        let jwt = world.issuer.token().subject(audience).audience(audience).sign();
        let entra = world.builder_with(StaticText::new(jwt)).cloud(cloud).build().unwrap();
        world.keep(&entra, ARM).get().await.unwrap_or_else(|error| panic!("{audience}: {error}"));
    }
}

/// Entra's clock is two minutes ahead and forgives nothing.
fn strict() -> World {
    let world = World::with_twin_ahead(minutes(2));
    world.twin.assertion_leeway(Duration::ZERO);
    world
}

#[tokio::test(start_paused = true)]
async fn an_expired_identity_token_is_replaced_once_within_the_attempt() {
    let world = strict();
    let jwt = world.jwt().audience(EXCHANGE_AUDIENCE);
    let (stale, fresh) = (jwt.clone().lifetime(minutes(1)).sign(), jwt.lifetime(minutes(10)).sign());
    let source = one_after_the_other(vec![stale, fresh]);
    let arm = world.keep(&world.builder_with(source).build().unwrap(), ARM);
    arm.get().await.unwrap();
    assert_eq!((world.count(), world.twin.exchanges()[0].code()), (2, Some(700_024)));
}

#[tokio::test(start_paused = true)]
async fn an_expired_identity_token_without_a_newer_one_is_sent_once() {
    let world = strict();
    let jwt = world.jwt().audience(EXCHANGE_AUDIENCE).lifetime(minutes(1)).sign();
    let arm = world.keep(&world.builder_with(StaticText::new(jwt)).build().unwrap(), ARM);
    let error = arm.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("AADSTS700024")));
    assert_eq!(error.presented().unwrap().subject, SUBJECT);
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_newer_identity_token_that_is_refused_too_is_the_error() {
    let world = strict();
    let jwt = world.jwt().audience(EXCHANGE_AUDIENCE).lifetime(minutes(1));
    let source = one_after_the_other(vec![jwt.sign(), jwt.claim("n", 2).sign(), "never asked for".to_owned()]);
    let arm = world.keep(&world.builder_with(source).build().unwrap(), ARM);
    assert_eq!(arm.get().await.unwrap_err().code(), Some("AADSTS700024"));
    assert_eq!(world.count(), 2, "never more than two requests in an attempt");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_when_asked_again_leaves_the_refusal_standing() {
    let world = strict();
    let jwt = world.jwt().audience(EXCHANGE_AUDIENCE).lifetime(minutes(1)).sign();
    let asked = AtomicUsize::new(0);
    let source = Closure::plain(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(jwt.clone()),
        _ => Err(Error::new(ErrorKind::Identity, "no more")),
    });
    let arm = world.keep(&world.builder_with(source).build().unwrap(), ARM);
    assert_eq!(arm.get().await.unwrap_err().code(), Some("AADSTS700024"));
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_does_not_fit_is_tried_with_a_newer_token_and_then_a_matter_of_trust() {
    let world = World::new();
    let jwt = world.jwt().audience(EXCHANGE_AUDIENCE);
    let forged = jwt.clone().forged();
    let source = one_after_the_other(vec![forged.sign(), jwt.sign()]);
    let arm = world.keep(&world.builder_with(source).build().unwrap(), ARM);
    arm.get().await.unwrap();
    assert_eq!((world.count(), world.twin.exchanges()[0].code()), (2, Some(700_027)));

    let forged = Closure::plain(move |_| Ok(forged.sign()));
    let arm = world.keep(&world.builder_with(forged).build().unwrap(), GRAPH);
    let error = arm.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Trust, Some("AADSTS700027"), false));
    assert_eq!(world.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refused_trust_shows_what_was_presented_and_what_to_compare() {
    let world = World::new();
    let other = tokenex_testkit::issuer::IssuerKeys::new("https://other.test");
    world.twin.reach(&other);
    let good = || world.jwt().audience(EXCHANGE_AUDIENCE);
    for (jwt, code, word) in [
        (other.token().subject(SUBJECT).audience(EXCHANGE_AUDIENCE), "AADSTS700211", "compare the issuer"),
        (good().subject("repo:org/other"), "AADSTS700213", "compare the subject"),
        (good().subject(SUBJECT.to_uppercase()), "AADSTS7002138", "upper and lower case"),
    ] {
        let (jwt, before) = (jwt.sign(), world.count());
        let arm = world.keep(&world.builder_with(StaticText::new(jwt)).build().unwrap(), ARM);
        let error = arm.get().await.unwrap_err();
        assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Trust, Some(code), false));
        let (text, presented) = (error.to_string(), error.presented().unwrap());
        assert!(text.contains(word) && text.contains(&presented.issuer) && text.contains(&presented.subject), "{text}");
        assert_eq!(presented.audience, EXCHANGE_AUDIENCE);
        assert!(error.request_id().is_some() && error.correlation_id().is_some() && error.time().is_some());
        assert_eq!(error.step(), Some("token"));
        assert_eq!(world.count(), before + 1, "a newer token would change nothing");
    }
    let source = world.builder_with(StaticText::new(good().sign()));
    world.trust.remove();
    world.app.federate(ISSUER, SUBJECT, "api://another").unwrap();
    let error = world.keep(&source.build().unwrap(), ARM).get().await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS700212"));
    assert!(error.to_string().contains("compare the audience"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn new_trust_is_waited_for_with_patience() {
    use tokenex_core::time::TimeSource as _;
    let world = World::new();
    world.trust.seen_from(world.time.wall() + minutes(5));
    let arm = world.keep(&world.entra(), ARM);
    let error = arm.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("AADSTS70025")));
    arm.ready(minutes(10)).await.unwrap();
    let requests = world.count();
    assert!((5..=15).contains(&requests), "{requests} requests in the five minutes until the trust was seen");
}

#[tokio::test(start_paused = true)]
async fn trust_that_spreads_unevenly_is_asked_for_in_each_exchange() {
    let world = World::new();
    world.trust.seen_by([true, false, false]);
    let entra = world.entra();
    let arm = world.keep(&entra, ARM);
    arm.get().await.unwrap();
    let graph = world.keep(&entra, GRAPH);
    assert_eq!(graph.get().await.unwrap_err().kind(), ErrorKind::Trust);
    graph.ready(minutes(5)).await.unwrap();
    assert_eq!(world.count(), 4);
    assert_eq!(arm.get().await.unwrap().generation(), 1);
}

#[tokio::test(start_paused = true)]
async fn trust_that_is_taken_back_ends_no_token_that_is_valid() {
    let world = World::new();
    let arm = world.keep(&world.entra(), ARM);
    arm.get().await.unwrap();
    world.trust.remove();
    world.seconds(3500).await;
    assert_eq!(arm.get().await.unwrap().generation(), 1);
    assert_eq!(arm.status().failing.unwrap().last.kind(), ErrorKind::Trust);
    world.seconds(120).await;
    assert_eq!(arm.get().await.unwrap_err().code(), Some("AADSTS70025"));
}

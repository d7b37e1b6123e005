//! Federated tokens: what is sent, what is refused before, and what refusals mean.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{ErrorKind, Secret};
use tokenex_gcp::WorkloadIdentity;
use tokenex_testkit::issuer::{Algorithm, OldKey};

use crate::world::{CLOUD_PLATFORM, ISSUER, STORAGE, STS, SUBJECT, World, federated_token, field, minutes, reply};

#[tokio::test(start_paused = true)]
async fn an_identity_token_becomes_a_federated_token_for_cloud_platform() {
    let world = World::new();
    let token = world.federated().get().await.unwrap();
    assert_eq!(token.scopes(), [CLOUD_PLATFORM]);
    assert_eq!(token.universe_domain(), "googleapis.com");
    assert!(token.authorization().is_sensitive());
    assert_eq!(token.expires_at().unwrap().duration_since(world.time.clock().wall()).unwrap().as_secs(), 3600);
    assert!(world.twin.access(token.secret().expose()).is_some());

    let request = &world.network.requests_to(STS)[0];
    assert_eq!((request.method().as_str(), request.path()), ("POST", "/v1/token"));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(request.header("authorization"), "", "a request with credentials of its own may be refused");
    assert_eq!(field(request, "audience").unwrap(), world.provider.audience());
    assert_eq!(field(request, "scope").unwrap(), CLOUD_PLATFORM);
    assert_eq!(field(request, "subject_token_type").unwrap(), "urn:ietf:params:oauth:token-type:jwt");
    assert_eq!(field(request, "options"), None);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_for_the_https_form_of_the_providers_name() {
    let world = World::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (jwt, seen) = (world.jwt(), asked.clone());
    let source = Closure::plain(move |audience: Option<String>| {
        seen.lock().unwrap().push(audience.clone());
        Ok(jwt.clone().audience(audience.unwrap()).sign())
    });
    world.scheduler.keep(world.builder_with(source).build().unwrap()).get().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [Some(world.provider.token_audience())]);
}

#[tokio::test(start_paused = true)]
async fn both_forms_of_the_providers_name_are_good_audiences() {
    let world = World::new();
    for audience in [world.provider.token_audience(), world.provider.audience()] {
        let source = StaticText::new(world.jwt().audience(audience).sign());
        world.scheduler.keep(world.builder_with(source).build().unwrap()).get().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_for_somebody_else_is_refused_before_it_is_sent() {
    let world = World::new();
    let source = StaticText::new(world.jwt().audience("sts.amazonaws.com").sign());
    let error = world.scheduler.keep(world.builder_with(source).build().unwrap()).get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.step()),
        (ErrorKind::Identity, Some("wrong_audience"), Some("exchange"))
    );
    assert_eq!(world.count(STS), 0);
}

#[tokio::test(start_paused = true)]
async fn an_allowed_audience_is_asked_for_first_and_any_audience_leaves_the_choice_to_the_source() {
    let world = World::new();
    world.provider.allow_audience("gcp");
    let chosen = world.builder().accept_audience("gcp").build().unwrap();
    world.scheduler.keep(chosen).get().await.unwrap();

    let source = StaticText::new(world.jwt().audience("gcp").sign());
    let any = world.builder_with(source).any_audience().build().unwrap();
    world.scheduler.keep(any).get().await.unwrap();

    // What the provider no longer takes is explained, with what the token said.
    let error = world.federated().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("invalid_grant")));
    assert_eq!(error.presented().unwrap().audience, world.provider.token_audience());
    assert!(error.to_string().contains("allowed audiences"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn all_forms_of_the_providers_name_are_sent_as_the_one_that_google_takes() {
    let world = World::new();
    let name = world.provider.audience();
    for form in [format!("https:{name}"), name["//iam.googleapis.com/".len()..].to_owned()] {
        let provider = WorkloadIdentity::builder(form, world.identity()).build().unwrap();
        assert_eq!(provider.provider_name(), name);
        world.scheduler.keep(provider).get().await.unwrap();
    }
    let with_id = name.replace("123456789012", "acme-prod");
    let error = WorkloadIdentity::builder(with_id, world.identity()).build().unwrap_err();
    assert_eq!(error.code(), Some("provider_name"));
    assert!(error.to_string().contains("gcloud projects describe acme-prod"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn each_refusal_says_what_the_token_said_and_what_to_do() {
    let world = World::new();
    let named = |audience: &str| world.jwt().audience(audience).sign();
    let good = world.provider.token_audience();
    let long = "s".repeat(128);
    for (jwt, kind, word) in [
        (world.jwt().audience(&good).claim("iss", "https://other.test").sign(), ErrorKind::Trust, "issuer URI"),
        (world.jwt().audience(&good).forged().sign(), ErrorKind::Trust, "signature"),
        (world.jwt().audience(&good).subject(&long).sign(), ErrorKind::Trust, "127 bytes"),
        (world.jwt().audience(&good).lifetime(minutes(48 * 60)).sign(), ErrorKind::Trust, "48 hours"),
    ] {
        let provider = world.builder_with(StaticText::new(jwt)).build().unwrap();
        let error = world.scheduler.keep(provider).get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, false), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.presented().is_some() && error.time().is_some());
        assert_eq!((error.provider(), error.step()), (Some("gcp"), Some("exchange")));
    }

    world.provider.only_subject("somebody else");
    let provider = world.builder_with(StaticText::new(named(&good))).build().unwrap();
    let error = world.scheduler.keep(provider).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("unauthorized_client")));
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.subject.as_str()), (ISSUER, SUBJECT));

    world.provider.enabled(false);
    let error = world.federated().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("invalid_target")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_too_old_for_google_is_replaced_once_in_the_same_attempt() {
    // Google's clock is ahead by more than the token has left.
    let world = World::with_twin_ahead(Duration::from_secs(120));
    let (jwt, asked) = (world.jwt().audience(world.provider.token_audience()), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let source = Closure::plain(move |_| {
        let seconds = if count.fetch_add(1, Ordering::Relaxed) == 0 { 60 } else { 600 };
        Ok(jwt.clone().lifetime(Duration::from_secs(seconds)).sign())
    });
    let token = world.scheduler.keep(world.builder_with(source).build().unwrap());
    token.get().await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), world.count(STS)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_same_old_token_is_not_sent_twice() {
    let world = World::with_twin_ahead(Duration::from_secs(120));
    let jwt = world.jwt().audience(world.provider.token_audience()).lifetime(Duration::from_secs(60)).sign();
    let token = world.scheduler.keep(world.builder_with(StaticText::new(jwt)).build().unwrap());
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient(), world.count(STS)), (ErrorKind::Identity, true, 1));
    assert!(error.presented().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_google_cannot_reach_and_a_pool_that_is_new_pass_by_themselves() {
    let world = World::new();
    world.twin.issuer_down(ISSUER);
    let token = world.federated();
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    world.twin.issuer_up(ISSUER);
    token.ready(Duration::from_secs(10)).await.unwrap();

    world.provider.seen_from(world.time.clock().wall() + minutes(4));
    let token = world.federated();
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, false));
    assert!(error.to_string().contains("5 minutes"), "{error}");
    let before = world.count(STS);
    token.ready(minutes(6)).await.unwrap();
    let looked = world.count(STS) - before;
    assert!((3..=10).contains(&looked), "looked again {looked} times in 5 minutes");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_issuers_keys_needs_nothing_here() {
    let world = World::new();
    let token = world.federated();
    token.get().await.unwrap();
    world.issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    for _ in 0..120 {
        world.seconds(60).await;
        assert!(token.peek().is_some());
    }
    assert!(token.get().await.unwrap().generation() >= 3);
}

#[tokio::test(start_paused = true)]
async fn scopes_type_and_address_are_as_chosen() {
    let world = World::new();
    world.answers("sts.apis.example", |_| reply(200, &federated_token("ya29.other", 3600)));
    let provider = world
        .builder()
        .universe_domain("apis.example")
        .scopes([STORAGE, "openid"])
        .subject_token_type("urn:ietf:params:oauth:token-type:id_token")
        .build()
        .unwrap();
    let token = world.scheduler.keep(provider).get().await.unwrap();
    assert_eq!((token.universe_domain(), token.scopes().len()), ("apis.example", 2));
    let request = &world.network.requests_to("sts.apis.example")[0];
    assert_eq!(field(request, "scope").unwrap(), format!("{STORAGE} openid"));
    assert_eq!(field(request, "subject_token_type").unwrap(), "urn:ietf:params:oauth:token-type:id_token");

    world.answers("sts.proxy.test", |_| reply(200, &federated_token("ya29.proxy", 3600)));
    let provider = world.builder().token_url("https://sts.proxy.test/google/token").build().unwrap();
    world.scheduler.keep(provider).get().await.unwrap();
    assert_eq!(world.network.requests_to("sts.proxy.test")[0].path(), "/google/token");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_jwt_is_sent_as_it_is() {
    let world = World::new();
    world.answers(STS, |_| reply(200, &federated_token("ya29.saml", 3600)));
    let saml: &str = "urn:ietf:params:oauth:token-type:saml2";
    let source = Closure::plain(|_| Ok(Secret::new("PHNhbWw+")));
    let provider = WorkloadIdentity::other_subject(world.provider.audience(), saml, source).build().unwrap();
    world.scheduler.keep(provider).get().await.unwrap();
    let request = &world.network.requests_to(STS)[0];
    assert_eq!(field(request, "subject_token").unwrap(), "PHNhbWw+");
    assert_eq!(field(request, "subject_token_type").unwrap(), saml);
}

#[tokio::test(start_paused = true)]
async fn options_out_of_range_are_refused_by_build() {
    let world = World::new();
    let build = |change: fn(tokenex_gcp::WorkloadIdentityBuilder) -> tokenex_gcp::WorkloadIdentityBuilder| {
        change(world.builder()).build().unwrap_err()
    };
    for (error, code) in [
        (build(|b| b.scopes(Vec::<String>::new())), "scopes"),
        (build(|b| b.scopes(["cloud-platform"])), "scopes"),
        (build(|b| b.subject_token_type("jwt")), "subject_token_type"),
        (build(|b| b.user_project("acme-prod")), "user_project"),
        (build(|b| b.client_auth("id", StaticText::new("s"))), "client_auth"),
        (build(|b| b.universe_domain("https://googleapis.com")), "universe_domain"),
        (build(|b| b.token_url("http://sts.googleapis.com/v1/token")), "token_url"),
        (build(|b| b.accept_audience(" ")), "accept_audience"),
        (build(|b| b.accept_audience("a".repeat(257))), "accept_audience"),
    ] {
        assert_eq!((error.kind(), error.code(), error.provider()), (ErrorKind::Configuration, Some(code), Some("gcp")));
        assert!(error.advice().is_some(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_and_an_oversized_token_are_refused_before_they_are_sent() {
    let world = World::new();
    for text in [String::new(), format!("e30.{}.c2ln", "A".repeat(70_000))] {
        let provider = world.builder_with(StaticText::new(text)).build().unwrap();
        let error = world.scheduler.keep(provider).get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Identity);
    }
    assert_eq!(world.count(STS), 0);
}

#[tokio::test(start_paused = true)]
async fn a_federated_token_lives_as_long_as_google_says() {
    let world = World::new();
    world.twin.token_lifetime(Duration::from_secs(900));
    world.twin.seconds_as_text(true);
    let token = world.federated().get().await.unwrap();
    let left = token.expires_at().unwrap().duration_since(world.time.clock().wall()).unwrap();
    assert_eq!(left.as_secs(), 900);
}

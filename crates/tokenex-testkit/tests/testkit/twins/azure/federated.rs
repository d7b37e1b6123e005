//! Trust in a foreign issuer.

use std::time::Duration;

use tokenex_testkit::issuer::{Algorithm, OldKey, verify_with_jwks};
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, FederationRefused};

use super::support::{ISSUER, SUBJECT, World};

#[test]
fn a_trusted_identity_becomes_a_token_that_the_tenants_keys_verify() {
    let world = World::federated();
    let answer = world.exchange(&world.identity().sign());
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 3599);
    assert_eq!(answer.body["ext_expires_in"], 3599);
    let claims = verify_with_jwks(&world.tenant.jwks(), answer.token()).unwrap();
    assert_eq!(claims["appid"], world.app.client_id());
    assert_eq!(claims["oid"], world.app.object_id());
}

#[test]
fn what_differs_is_told_apart() {
    let world = World::federated();
    let refusal = |token: &tokenex_testkit::issuer::TokenBuilder| world.exchange(&token.sign()).refusal().2;
    let identity = world.identity();
    assert_eq!(refusal(&identity.clone().claim("iss", "https://issuer.test/")), 700_211);
    assert_eq!(refusal(&world.issuer.token().subject(SUBJECT).audience("api://other")), 700_212);
    assert_eq!(refusal(&identity.clone().claim("iss", "https://Issuer.test")), 700_211, "case matters");
    let lower = EXCHANGE_AUDIENCE.to_lowercase();
    assert_eq!(refusal(&world.issuer.token().subject(SUBJECT).audience(lower)), 700_212, "case matters");
    assert_eq!(refusal(&identity.clone().subject("other")), 700_213);
    assert_eq!(refusal(&identity.clone().subject(SUBJECT.to_uppercase())), 7_002_138);
    assert_eq!(refusal(&identity.clone().forged()), 700_027);
    assert_eq!(refusal(&identity.clone().header("kid", "another")), 7_000_272);
    assert_eq!(refusal(&identity.clone().expired_since(Duration::from_secs(301))), 700_024);
    assert_eq!(refusal(&identity.clone().not_before(world.now() + Duration::from_secs(301))), 700_024);
    assert_eq!(world.exchange("no.token").refusal().2, 50_027);
    assert_eq!(world.exchange(&identity.sign()).status, 200);
}

#[test]
fn a_few_minutes_of_difference_between_clocks_are_borne() {
    let world = World::federated();
    assert_eq!(world.exchange(&world.identity().expired_since(Duration::from_secs(299)).sign()).status, 200);
    world.entra.assertion_leeway(Duration::ZERO);
    assert_eq!(world.exchange(&world.identity().expired_since(Duration::ZERO).sign()).refusal().2, 700_024);
}

#[test]
fn a_client_without_trust_says_so() {
    let world = World::new();
    assert_eq!(world.exchange(&world.identity().sign()).refusal(), (401, "invalid_client", 70_025));
}

#[test]
fn twenty_credentials_and_no_two_for_one_subject() {
    let world = World::new();
    for index in 0..20 {
        world.app.federate(ISSUER, &format!("subject {index}"), EXCHANGE_AUDIENCE).unwrap();
    }
    let refused = |issuer: &str, subject: &str| world.app.federate(issuer, subject, "api://any").unwrap_err();
    assert_eq!(refused(ISSUER, "subject 20"), FederationRefused::TooMany);
    assert_eq!(refused(ISSUER, "subject 7"), FederationRefused::Duplicate);
    assert_eq!(refused(ISSUER, &"x".repeat(601)), FederationRefused::Length);
    assert_eq!(refused("", "x"), FederationRefused::Length);
    assert!(world.tenant.app("other").federate(ISSUER, "subject 7", EXCHANGE_AUDIENCE).is_ok());
}

#[test]
fn new_trust_is_refused_even_after_it_worked_once() {
    let world = World::new();
    world.app.federate(ISSUER, "another", EXCHANGE_AUDIENCE).unwrap();
    world.app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap().seen_by([false, true, false]);
    let codes: Vec<_> = (0..4).map(|_| world.exchange(&world.identity().sign()).refusal().2).collect();
    assert_eq!(codes, [700_213, 0, 700_213, 0]);
}

#[test]
fn trust_can_wait_for_a_time_and_be_taken_away() {
    let world = World::new();
    let federation = world.app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    federation.seen_from(world.now() + Duration::from_secs(60));
    let code = || world.exchange(&world.identity().sign()).refusal().2;
    assert_eq!(code(), 70_025);
    world.advance(Duration::from_secs(60));
    assert_eq!(code(), 0);
    federation.remove();
    assert_eq!(code(), 70_025);
}

#[test]
fn keys_are_the_published_ones_and_must_be_readable() {
    let world = World::federated();
    let code = |token: &str| world.exchange(token).refusal().2;
    let old = world.identity().sign();
    world.issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    assert_eq!(code(&old), 7_000_272);
    assert_eq!(code(&world.identity().sign()), 0);
    world.entra.issuer_down(ISSUER);
    assert_eq!(code(&world.identity().sign()), 50_166);
    world.entra.issuer_up(ISSUER);
    assert_eq!(code(&world.identity().sign()), 0);

    // A document of keys, as an issuer that is not ours publishes it.
    world.entra.reach_jwks(ISSUER, &world.issuer.jwks());
    assert_eq!(code(&world.identity().sign()), 0);
    assert_eq!(code(&world.identity().forged().sign()), 700_027);
    world.issuer.rotate(Algorithm::Es256, OldKey::Kept);
    assert_eq!(code(&world.identity().sign()), 7_000_272);

    // Of very many keys Entra looks at the first hundred.
    let mut many = world.issuer.jwks();
    let keys = many["keys"].as_array_mut().unwrap();
    let newest = keys.pop().unwrap();
    let other = keys[0].clone();
    keys.resize(99, other.clone());
    keys.push(newest.clone());
    world.entra.reach_jwks(ISSUER, &many);
    assert_eq!(code(&world.identity().sign()), 0);
    many["keys"].as_array_mut().unwrap().insert(0, other);
    world.entra.reach_jwks(ISSUER, &many);
    assert_eq!(code(&world.identity().sign()), 7_000_272);
}

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tokenex_testkit::issuer::Algorithm;
use tokenex_testkit::twins::{Fault, RetryAfter};

use super::super::support::claims;
use super::support::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_token_that_the_trust_takes_becomes_a_session_token_of_the_service_user() {
    let world = World::new();
    let answer = world.exchange(&world.identity().algorithm(Algorithm::Rs256).sign());
    let token = answer.token();
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "neither a lifetime nor a type is told: {}", answer.body);
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    assert!(answer.headers.contains_key("opc-request-id"));
    let claims = claims(&token);
    assert_eq!((&claims["sub"], &claims["tenant"]), (&world.user.ocid().into(), &world.oci.tenancy().into()));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
    assert_eq!(world.oci.claims(&token).unwrap()["sub"], world.user.ocid());
    world.clock.advance(600);
    assert_eq!(world.oci.claims(&token), None);

    let [exchange] = world.domain.exchanges().try_into().unwrap();
    assert_eq!((exchange.client.as_str(), exchange.subject.as_str()), ("client", SUBJECT));
    assert_eq!((exchange.requested.as_str(), &exchange.public_key, exchange.code()), (USER, &KEY.public, None));
    assert_eq!((world.domain.issued(), world.oci.issued()), (1, 1));
}

#[test]
fn a_session_token_names_its_key_when_told_to() {
    let world = World::new();
    let jwk = || claims(&world.token())["jwk"].as_str().map(str::to_owned);
    assert_eq!(jwk(), None);
    world.oci.tokens_name_keys(true);
    let jwk: serde_json::Value = serde_json::from_str(&jwk().unwrap()).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let key = STANDARD.decode(&KEY.public).unwrap();
    assert!(modulus.len() == 256 && key.windows(256).any(|part| part == modulus), "{jwk}");
}

#[test]
fn a_session_token_lives_as_long_as_the_identity_token_and_an_hour_at_most() {
    let world = World::new();
    let life = |lifetime: u32| {
        let claims = claims(&world.exchange(&world.identity().lifetime(lifetime * SECOND).sign()).token());
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap()
    };
    assert_eq!([life(60), life(300), life(3600), life(7200)], [60, 300, 3600, 3600]);
    world.domain.longest_life(120 * SECOND);
    assert_eq!([life(60), life(300)], [60, 120]);
}

#[test]
fn the_client_must_prove_who_it_is_and_be_one_of_the_trusts() {
    let world = World::new();
    let jwt = world.identity().sign();
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    let with = |authorization: Option<&str>| world.post_form(authorization, form.to_owned());
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for authorization in [
        None,
        Some("Basic ???"),
        Some("Bearer x"),
        Some(&*basic("client")),
        Some(&*basic("client:wrong")),
        Some(&*basic("other:se:ret%+")),
    ] {
        assert_eq!(with(authorization).oauth(), (401, "invalid_client"), "{authorization:?}");
    }
    assert_eq!(with(Some(&basic("client:se%3Aret%25%2B"))).oauth(), (401, "invalid_client"), "nothing is decoded");
    assert_eq!(with(Some(&basic("client:se:ret%+"))).oauth(), (400, "invalid_request"), "the client is fine");

    assert_eq!(world.exchange(&jwt).status, 200);
    world.app.active(false);
    assert_eq!(world.exchange(&jwt).oauth(), (401, "invalid_client"));
    world.app.active(true).client_credentials(false);
    assert_eq!(world.exchange(&jwt).oauth(), (403, "unauthorized_client"));
    world.app.client_credentials(true).unseen_for(1);
    assert_eq!([world.exchange(&jwt).status, world.exchange(&jwt).status], [401, 200]);
    let old = basic("client:se:ret%+");
    assert_ne!(world.app.regenerate_secret(), "se:ret%+");
    assert_eq!(with(Some(&old)).oauth(), (401, "invalid_client"));
    assert_eq!(world.exchange(&jwt).status, 200);

    let stranger = world.domain.app_with("stranger", "secret");
    let body = form_urlencoded::Serializer::new(form.to_owned())
        .extend_pairs([("requested_token_type", USER), ("subject_token_type", "jwt")])
        .extend_pairs([("subject_token", &jwt), ("public_key", &KEY.public)])
        .finish();
    assert_eq!(world.post_form(Some(&basic("stranger:secret")), body.clone()).oauth(), (403, "unauthorized_client"));
    world.trust.oauth_client(&stranger);
    assert_eq!(world.post_form(Some(&basic("stranger:secret")), body).status, 200);
}

#[test]
fn a_new_trust_is_not_active_and_each_change_of_it_spreads_slowly() {
    let world = World::new();
    let jwt = world.identity().sign();
    world.trust.active(false);
    let refused = world.exchange(&jwt);
    assert_eq!(refused.oauth(), (400, "invalid_grant"));
    assert!(refused.description().contains(ISSUER), "{}", refused.body);
    world.trust.active(true).seen_by([false, true, false]);
    let statuses: Vec<u16> = (0..4).map(|_| world.exchange(&jwt).status).collect();
    assert_eq!(statuses, [400, 200, 400, 200]);
    world.trust.seen_from(world.clock.now() + 30 * SECOND);
    assert_eq!(world.exchange(&jwt).status, 400);
    world.clock.advance(30);
    assert_eq!(world.exchange(&jwt).status, 200);

    world.domain.trust("other", "https://other.test");
    let other = world.issuer.token().claim("iss", "https://other.test").subject(SUBJECT).audience("client").sign();
    assert_eq!(world.exchange(&other).oauth(), (400, "invalid_grant"), "it was made and not turned on");
}

#[test]
fn signature_times_and_audience_are_checked() {
    let world = World::new();
    let refused = |jwt: String| {
        let answer = world.exchange(&jwt);
        assert_eq!(answer.oauth(), (400, "invalid_grant"), "{}", answer.body);
        answer.description().to_owned()
    };
    assert!(refused(world.identity().forged().sign()).contains("signature"));
    assert!(refused(world.identity().unsigned().sign()).contains("signature"));
    assert!(refused("ey.ey.ey".to_owned()).contains("not a JWT"));
    assert!(refused(world.identity().without("exp").sign()).contains("no exp"));
    assert!(refused(world.identity().expired_since(SECOND).sign()).contains("expired"));
    assert!(refused(world.identity().not_before(world.clock.now() + 9 * SECOND).sign()).contains("not valid yet"));
    assert!(refused(world.issuer.token().subject(SUBJECT).audience("other").sign()).contains("aud"));
    assert!(refused(world.issuer.token().subject(SUBJECT).sign()).contains("aud"));
    world.trust.audience("other");
    assert_eq!(world.exchange(&world.issuer.token().subject(SUBJECT).audience("other").sign()).status, 200);
    world.trust.client_claim("project", "x");
    assert!(refused(world.identity().sign()).contains("project"));
    assert_eq!(world.exchange(&world.identity().claim("project", "x").sign()).status, 200);
    world.oci.issuer_down(ISSUER);
    assert!(refused(world.identity().sign()).contains("cannot be read"));
}

#[test]
fn the_trusts_clock_skew_forgives_on_both_sides() {
    let world = World::new();
    world.trust.clock_skew(60 * SECOND);
    let late = world.exchange(&world.identity().expired_since(59 * SECOND).sign()).token();
    assert!(world.oci.claims(&late).is_some());
    assert_eq!(world.exchange(&world.identity().expired_since(60 * SECOND).sign()).status, 400);
    let ahead = |seconds: u32| world.identity().issued_at(world.clock.now() + seconds * SECOND).sign();
    assert_eq!([world.exchange(&ahead(60)).status, world.exchange(&ahead(61)).status], [200, 400]);
}

#[test]
fn rules_decide_who_a_subject_becomes_and_the_first_that_fits_counts() {
    let world = World::new();
    let holder = |jwt: &str| claims(&world.exchange(jwt).token())["sub"].clone();
    let other = world.identity().subject("repo:acme/app:environment:prod").sign();
    let refused = world.exchange(&other);
    assert_eq!(refused.oauth(), (400, "invalid_grant"));
    assert!(refused.description().contains("rule"), "{}", refused.body);
    let (anybody, prod) = (world.domain.user("anybody"), world.domain.user("prod"));
    world.trust.impersonate("sub sw repo:acme/ and sub co prod", &prod).impersonate("sub sw \"repo:acme/\"", &anybody);
    assert_eq!(holder(&other), prod.ocid());
    assert_eq!(holder(&world.identity().sign()), world.user.ocid());
    assert_eq!(holder(&world.identity().subject("repo:acme/web").sign()), anybody.ocid());

    world.trust.allow_impersonation(false);
    assert_eq!(world.exchange(&world.identity().sign()).status, 400, "the subject is no user's name");
    assert_eq!(holder(&world.identity().subject("prod").sign()), prod.ocid());
    world.trust.subject_claim("email");
    let ada = world.domain.user("ada@acme.test");
    assert_eq!(holder(&world.identity().claim("email", "ada@acme.test").sign()), ada.ocid());
}

#[test]
fn each_field_of_the_request_is_checked() {
    let world = World::new();
    let jwt = world.identity().sign();
    let (small, pem) = (Key::public_of(1024), format!("-----BEGIN PUBLIC KEY-----{}", KEY.public));
    for (field, value, code) in [
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("requested_token_type", "", "invalid_request"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token", "invalid_request"),
        ("subject_token", "", "invalid_request"),
        ("subject_token_type", "", "invalid_request"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt", "invalid_request"),
        ("public_key", "", "invalid_request"),
        ("public_key", "AAAA", "invalid_request"),
        ("public_key", &small, "invalid_request"),
        ("public_key", &pem, "invalid_request"),
    ] {
        assert_eq!(world.exchange_with(&jwt, &[(field, value)]).oauth(), (400, code), "{field}={value}");
    }
    // What a client sends that forgets to encode `+`, or folds the lines of a PEM file.
    let folded = KEY.public.replace('+', " ");
    assert_eq!(world.exchange_with(&jwt, &[("public_key", &folded)]).oauth(), (400, "invalid_request"));
}

#[test]
fn a_resource_token_is_of_the_trusts_resource_and_carries_propagated_claims() {
    let world = World::new();
    let jwt = world.identity().claim("repository", "acme/app").claim("ref", "main").sign();
    let ask =
        |more: &[(&str, &str)]| world.exchange_with(&jwt, &[&[("requested_token_type", RESOURCE)], more].concat());
    assert_eq!(ask(&[]).oauth(), (400, "invalid_request"), "without res_type");
    assert_eq!(ask(&[("res_type", "deployer")]).oauth(), (400, "invalid_grant"), "the trust has no resource");
    world.trust.impersonating_resource("deployer").propagate("repository");
    assert_eq!(ask(&[("res_type", "other")]).oauth(), (400, "invalid_grant"));
    let token = claims(&ask(&[("res_type", "deployer")]).token());
    assert_eq!(token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(), 1200);
    assert_eq!((&token["res_type"], &token["ptype"]), (&"deployer".into(), &"identityfederateddomainapp".into()));
    assert_eq!((&token["ext_repository"], &token["ext_ref"]), (&"acme/app".into(), &serde_json::Value::Null));
    assert_eq!(token["res_tenant"], world.oci.tenancy());
    for (asked, status) in [("1", 200), ("43200", 200), ("0", 400), ("43201", 400), ("soon", 400)] {
        assert_eq!(ask(&[("res_type", "deployer"), ("rpst_exp", asked)]).status, status, "{asked}");
    }
}

#[test]
fn bad_days_speak_as_the_token_endpoint_does() {
    let world = World::new();
    let jwt = world.identity().sign();
    world.domain.fault(1, Fault::Throttled(RetryAfter::Seconds(7)));
    world.domain.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    world.domain.fault(1, Fault::HalfBody);
    let throttled = world.exchange(&jwt);
    assert_eq!(
        (throttled.oauth(), &throttled.headers["retry-after"]),
        ((429, "too_many_requests"), &"7".parse().unwrap())
    );
    assert_eq!(world.exchange(&jwt).oauth(), (503, "temporarily_unavailable"));
    assert!(world.exchange(&jwt).body.is_string(), "half of it is not JSON");
    world.oci.domain(HOST).fault(3, Fault::Html(502));
    assert_eq!(world.exchange(&jwt).status, 502, "the domain is the same whoever names it");
    world.domain.heal();
    assert_eq!(world.exchange(&jwt).status, 200);
}

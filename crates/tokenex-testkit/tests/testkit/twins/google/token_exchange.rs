use std::time::Duration;

use serde_json::json;
use tokenex_testkit::issuer::Algorithm;
use tokenex_testkit::twins::google::Endpoint;
use tokenex_testkit::twins::{Fault, RetryAfter};

use super::support::*;

#[test]
fn a_token_of_the_provider_becomes_an_access_token_of_an_hour() {
    let world = World::new();
    let answer = world.exchange(&world.identity().algorithm(Algorithm::Rs256).sign());
    let token = answer.text("access_token");
    assert_eq!(answer.body["expires_in"], 3600);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    let access = world.google.access(&token).unwrap();
    assert_eq!(
        access.member,
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci/subject/repo:acme/app"
    );
    assert_eq!(access.scopes, [CLOUD_PLATFORM]);
    world.clock.advance(3600);
    assert_eq!(world.google.access(&token), None);

    let [exchange] = world.google.exchanges().try_into().unwrap();
    assert_eq!((exchange.endpoint, exchange.caller.as_str()), (Endpoint::TokenExchange, SUBJECT));
    assert_eq!((exchange.target, exchange.outcome), (world.provider.audience(), Ok(())));
}

#[test]
fn a_form_is_as_good_as_json() {
    let world = World::new();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("audience", &world.provider.audience())
        .append_pair("scope", CLOUD_PLATFORM)
        .append_pair("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
        .append_pair("subject_token", &world.identity().sign())
        .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:id_token");
    world.google.seconds_as_text(true);
    let kind = "application/x-www-form-urlencoded";
    let answer = world.post("https://sts.googleapis.com/v1/token", kind, None, form.finish());
    assert_eq!((answer.status, &answer.body["expires_in"]), (200, &json!("3600")), "{}", answer.body);
}

#[test]
fn both_names_of_the_provider_are_audiences_until_others_are_allowed() {
    let world = World::new();
    let with = |audience: &str| world.exchange(&world.issuer.token().subject(SUBJECT).audience(audience).sign());
    assert_eq!(with(&world.provider.audience()).status, 200);
    assert_eq!(with(&world.provider.token_audience()).status, 200);
    let refused = with("other");
    assert_eq!(refused.oauth(), (400, "invalid_grant"));
    assert_eq!(refused.description(), "The audience in ID Token [other] does not match the expected audience.");
    world.provider.allow_audience("other");
    assert_eq!(with("other").status, 200);
    assert_eq!(with(&world.provider.audience()).oauth(), (400, "invalid_grant"));
}

#[test]
fn the_condition_decides_on_the_subject() {
    let world = World::new();
    world.provider.only_subject(SUBJECT);
    assert_eq!(world.exchange(&world.identity().sign()).status, 200);
    let refused = world.exchange(&world.identity().subject("repo:acme/other").sign());
    assert_eq!(refused.oauth(), (400, "unauthorized_client"));
    assert_eq!(refused.description(), "The given credential is rejected by the attribute condition.");
    let long = world.exchange(&world.identity().subject("x".repeat(128)).sign());
    assert!(long.description().contains("exceeds the 127 bytes limit"), "{}", long.body);
}

#[test]
fn signature_issuer_and_times_are_checked() {
    let world = World::new();
    let refused = |jwt: String| {
        let answer = world.exchange(&jwt);
        assert_eq!(answer.oauth(), (400, "invalid_grant"), "{}", answer.body);
        answer.description().to_owned()
    };
    assert!(refused(world.identity().forged().sign()).contains("signature"));
    assert!(refused(world.identity().without_header("kid").sign()).contains("kid"));
    assert!(refused("ey.ey.ey".to_owned()).contains("malformed"));
    assert!(
        refused(world.identity().claim("iss", "https://elsewhere.test").sign())
            .contains("does not match the expected ones")
    );
    assert!(refused(world.identity().expired_since(Duration::from_secs(1)).sign()).contains("is stale to sign-in"));
    assert!(refused(world.identity().lifetime(Duration::from_secs(48 * 3600)).sign()).contains("48 hours"));
    assert_eq!(world.exchange(&world.identity().lifetime(Duration::from_secs(48 * 3600 - 1)).sign()).status, 200);
    world.google.issuer_down(ISSUER);
    assert_eq!(refused(world.identity().sign()), "Error connecting to the given credential's issuer.");
}

#[test]
fn each_member_of_the_request_is_checked() {
    let world = World::new();
    let jwt = world.identity().sign();
    for (more, code) in [
        (json!({"grantType": "client_credentials"}), "unsupported_grant_type"),
        (
            json!({"audience": "//iam.googleapis.com/projects/acme-prod/locations/global/workloadIdentityPools/ci/providers/issuer"}),
            "invalid_request",
        ),
        (
            json!({"audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/issuer"}),
            "invalid_target",
        ),
        (json!({"audience": world.provider.token_audience()}), "invalid_request"),
        (json!({"scope": ""}), "invalid_request"),
        (json!({"requestedTokenType": "x"}), "invalid_request"),
        (json!({"subjectTokenType": "urn:ietf:params:oauth:token-type:saml2"}), "invalid_request"),
        (json!({"subjectToken": ""}), "invalid_request"),
    ] {
        assert_eq!(world.exchange_with(&jwt, more.clone()).oauth(), (400, code), "{more}");
    }
    let body = json!({"grantType": "urn:ietf:params:oauth:grant-type:token-exchange"}).to_string();
    let with_bearer = world.post("https://sts.googleapis.com/v1/token", "application/json", Some("x"), body);
    assert_eq!(with_bearer.status, 400);
}

#[test]
fn a_workforce_pool_asks_whose_project_pays() {
    let world = World::new();
    let provider = world.google.workforce_provider("staff", "sso", ISSUER);
    provider.allow_audience("client-7");
    let jwt = world.issuer.token().subject("ada").audience("client-7").sign();
    let audience = provider.audience();
    assert_eq!(world.exchange_with(&jwt, json!({"audience": audience})).oauth(), (400, "invalid_request"));
    for options in [r#"{"userProject":"acme-prod"}"#, "%7B%22userProject%22%3A%22acme-prod%22%7D"] {
        let answer = world.exchange_with(&jwt, json!({"audience": audience, "options": options}));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[test]
fn a_provider_spreads_slowly_and_can_be_off() {
    let world = World::new();
    let jwt = world.identity().sign();
    world.provider.unseen_for(1);
    assert_eq!(world.exchange(&jwt).oauth(), (400, "invalid_target"));
    assert_eq!(world.exchange(&jwt).status, 200);
    world.provider.enabled(false);
    assert_eq!(world.exchange(&jwt).oauth(), (400, "invalid_target"));
}

#[test]
fn bad_days_are_for_one_endpoint_or_for_all() {
    let world = World::new();
    let jwt = world.identity().sign();
    world.google.fault_at(Endpoint::AccessToken, 1, Fault::Html(502));
    world.google.fault_at(Endpoint::TokenExchange, 1, Fault::Throttled(RetryAfter::Seconds(7)));
    let answer = world.exchange(&jwt);
    assert_eq!(answer.google(), (429, "RESOURCE_EXHAUSTED", ""));
    assert_eq!(answer.headers["retry-after"], "7");
    world.google.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    assert_eq!(world.exchange(&jwt).google(), (503, "UNAVAILABLE", ""));
    assert_eq!(world.exchange(&jwt).status, 200);
    assert_eq!(world.impersonate(&world.federated(), "generateAccessToken", &json!({})).status, 502);
    world.google.fault(5, Fault::Empty(500));
    world.google.heal();
    assert_eq!(world.exchange(&jwt).status, 200);
}

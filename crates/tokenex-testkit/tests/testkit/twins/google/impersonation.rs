use serde_json::{Value, json};
use tokenex_testkit::twins::google::Endpoint;

use super::super::support::claims;
use super::support::*;

fn asked() -> Value {
    json!({"scope": [CLOUD_PLATFORM]})
}

#[test]
fn who_is_bound_gets_an_access_token_of_the_account() {
    let world = World::new();
    let answer = world.impersonate(&world.federated(), "generateAccessToken", &asked());
    assert_eq!(answer.text("expireTime"), "2026-01-01T01:00:00Z");
    let access = world.google.access(&answer.text("accessToken")).unwrap();
    assert_eq!(access.member, "serviceAccount:deployer@acme-prod.iam.gserviceaccount.com");
    world.google.fractional_expire_time(true);
    let body = json!({"scope": ["a"], "lifetime": "600s"});
    let answer = world.impersonate(&world.federated(), "generateAccessToken", &body);
    assert_eq!(answer.text("expireTime"), "2026-01-01T00:10:00.123456789Z");
    let last = world.google.exchanges().pop().unwrap();
    assert_eq!((last.endpoint, last.lifetime.as_deref()), (Endpoint::AccessToken, Some("600s")));
}

#[test]
fn the_wrong_subject_is_refused() {
    let world = World::new();
    let other = world.exchange(&world.identity().subject("repo:acme/other").sign()).text("access_token");
    for (method, body) in [("generateAccessToken", asked()), ("generateIdToken", json!({"audience": "a"}))] {
        let answer = world.impersonate(&other, method, &body);
        assert_eq!(answer.google(), (403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"));
    }
    let denied = world.google.exchanges().pop().unwrap();
    assert_eq!(denied.caller, world.provider.principal("repo:acme/other"));
    assert_eq!(denied.code(), Some("PERMISSION_DENIED"));
}

#[test]
fn the_bearer_must_be_good_and_reach_iam() {
    let world = World::new();
    assert_eq!(
        world.impersonate("x", "generateAccessToken", &asked()).google(),
        (401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED")
    );
    let narrow = json!({"scope": "https://www.googleapis.com/auth/devstorage.read_only"});
    let narrow = world.exchange_with(&world.identity().sign(), narrow).text("access_token");
    let answer = world.impersonate(&narrow, "generateAccessToken", &asked());
    assert_eq!(answer.google(), (403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"));
    let iam = json!({"scope": "https://www.googleapis.com/auth/iam"});
    let iam = world.exchange_with(&world.identity().sign(), iam).text("access_token");
    assert_eq!(world.impersonate(&iam, "generateAccessToken", &asked()).status, 200);
    world.google.revoke(&iam);
    assert_eq!(world.impersonate(&iam, "generateAccessToken", &asked()).status, 401);
    let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x@y:generateAccessToken";
    assert_eq!(world.post(url, "application/json", None, "{}".to_owned()).google().2, "CREDENTIALS_MISSING");
}

#[test]
fn lifetimes_have_bounds() {
    let world = World::new();
    let bearer = world.federated();
    let call = |lifetime: &str| {
        let body = json!({"scope": [CLOUD_PLATFORM], "lifetime": lifetime});
        world.impersonate(&bearer, "generateAccessToken", &body)
    };
    assert_eq!(call("3600s").status, 200);
    for lifetime in ["3601s", "0s", "-1s", "3600", "long"] {
        assert_eq!(call(lifetime).google(), (400, "INVALID_ARGUMENT", ""), "{lifetime}");
    }
    world.project.long_lifetimes(true);
    assert_eq!(call("43200s").text("expireTime"), "2026-01-01T12:00:00Z");
    assert_eq!(call("43201s").google(), (400, "INVALID_ARGUMENT", ""));
    assert_eq!(world.impersonate(&bearer, "generateAccessToken", &json!({})).google(), (400, "INVALID_ARGUMENT", ""));
}

#[test]
fn each_link_of_a_delegation_needs_a_binding_on_the_next() {
    let world = World::new();
    let middle = world.project.service_account("middle");
    middle.bind(&world.provider.principal("repo:acme/delegate"));
    let bearer = world.exchange(&world.identity().subject("repo:acme/delegate").sign()).text("access_token");
    let delegate = format!("projects/-/serviceAccounts/{}", middle.email());
    let body = json!({"scope": [CLOUD_PLATFORM], "delegates": [delegate]});
    assert_eq!(world.impersonate(&bearer, "generateAccessToken", &body).status, 403);
    let binding = world.account.bind(&middle.member());
    assert_eq!(world.impersonate(&bearer, "generateAccessToken", &body).status, 200);
    assert_eq!(world.impersonate(&bearer, "generateAccessToken", &asked()).status, 403);
    binding.remove();
    assert_eq!(world.impersonate(&bearer, "generateAccessToken", &body).status, 403);
}

#[test]
fn an_id_token_is_signed_with_googles_published_keys() {
    let world = World::new();
    let body = json!({"audience": "https://run.test", "includeEmail": true});
    let jwt = world.impersonate(&world.federated(), "generateIdToken", &body).text("token");
    assert_eq!(world.google.id_token_keys().verify(&jwt), Ok(claims(&jwt)));
    let claims = claims(&jwt);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://accounts.google.com"), &json!("https://run.test")));
    assert_eq!((&claims["sub"], &claims["email"]), (&json!(world.account.unique_id()), &json!(world.account.email())));
    assert_eq!(world.impersonate(&world.federated(), "generateIdToken", &json!({})).google().0, 400);
}

#[test]
fn absent_accounts_apis_that_are_off_and_young_bindings_are_told_apart() {
    let world = World::new();
    let bearer = world.federated();
    world.project.impersonation_api(false);
    let answer = world.impersonate(&bearer, "generateAccessToken", &asked());
    assert_eq!(answer.google(), (403, "PERMISSION_DENIED", "SERVICE_DISABLED"));
    world.project.impersonation_api(true);
    let young = world.project.service_account("young");
    young.bind(&world.provider.principal(SUBJECT)).unseen_for(1);
    let url = young.impersonation_url("https://iamcredentials.googleapis.com");
    let call = || world.post(&url, "application/json", Some(&bearer), asked().to_string()).status;
    assert_eq!([call(), call()], [403, 200]);
    young.delete();
    assert_eq!(call(), 404);
}

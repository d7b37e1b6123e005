//! The shape of what is issued.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::issuer::{OldKey, VerifyError, verify_with_jwks};
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, TokenVersion};

use super::support::{Answer, World};

fn ask(world: &World, scope: &str) -> Answer {
    world.exchange_as(world.app.client_id(), &world.identity().sign(), scope, &[])
}

#[test]
fn microsofts_apis_get_tokens_of_version_1() {
    let world = World::federated();
    let tenant = world.tenant.id();
    let claims = ask(&world, "https://storage.azure.com/.default").claims();
    let issuer = format!("https://sts.windows.net/{tenant}/");
    assert_eq!(claims["iss"], issuer);
    assert_eq!(world.tenant.issuer(TokenVersion::V1), issuer);
    // One text, as Azurite wants it.
    assert_eq!(claims["aud"], "https://storage.azure.com");
    assert_eq!(claims["appid"], world.app.client_id());
    assert_eq!(claims["ver"], "1.0");
    assert_eq!((&claims["sub"], &claims["tid"]), (&claims["oid"], &json!(tenant)));
    assert_eq!((claims["iat"].as_u64(), claims["nbf"].as_u64()), (Some(1_767_225_300), Some(1_767_225_300)));
    assert_eq!(claims["exp"], 1_767_225_600 + 3599);
    assert!(claims.get("jti").is_none() && claims["uti"].is_string());

    // The audience is what was asked for: with two slashes there is one at its end.
    assert_eq!(ask(&world, "https://storage.azure.com//.default").claims()["aud"], "https://storage.azure.com/");
    let account = "https://pictures.blob.core.windows.net";
    assert_eq!(ask(&world, &format!("{account}/.default")).claims()["aud"], account);
}

#[test]
fn an_api_of_ones_own_decides_the_version() {
    let world = World::federated();
    let old = world.tenant.app("old api");
    old.expose("api://old", TokenVersion::V1);
    let claims = ask(&world, "api://old/.default").claims();
    assert_eq!((&claims["aud"], &claims["ver"]), (&json!("api://old"), &json!("1.0")));

    let new = world.tenant.app("new api");
    new.expose("api://new", TokenVersion::V2);
    let claims = ask(&world, "api://new/.default").claims();
    assert_eq!(claims["iss"], world.tenant.issuer(TokenVersion::V2));
    assert_eq!(claims["aud"], new.client_id());
    assert_eq!(claims["azp"], world.app.client_id());
    assert_eq!(claims["ver"], "2.0");
    assert_eq!(ask(&world, &format!("{}/.default", new.client_id())).claims()["aud"], new.client_id());
    assert_eq!(ask(&world, &format!("api://{}/.default", new.client_id())).claims()["aud"], new.client_id());
}

#[test]
fn the_exchange_audience_is_written_as_its_guid() {
    let world = World::federated();
    let claims = ask(&world, &format!("{EXCHANGE_AUDIENCE}/.default")).claims();
    assert_eq!(claims["aud"], EXCHANGE_AUDIENCE_ID);
    assert_eq!(claims["iss"], world.tenant.issuer(TokenVersion::V2));
}

#[test]
fn lifetime_hint_and_spelling_can_be_set() {
    let world = World::federated();
    world.entra.token_lifetime(Duration::from_secs(86_400));
    world.entra.refresh_in(Duration::from_secs(43_200));
    let answer = ask(&world, "https://vault.azure.net/.default");
    assert_eq!((&answer.body["expires_in"], &answer.body["refresh_in"]), (&json!(86_400), &json!(43_200)));
    assert_eq!(answer.claims()["exp"], 1_767_225_600 + 86_400);
    world.entra.seconds_as_text(true);
    let answer = ask(&world, "https://vault.azure.net/.default");
    assert_eq!((&answer.body["expires_in"], &answer.body["refresh_in"]), (&json!("86400"), &json!("43200")));
    world.entra.refresh_in(None);
    assert!(ask(&world, "https://vault.azure.net/.default").body.get("refresh_in").is_none());
}

#[test]
fn each_tenant_signs_with_keys_of_its_own_and_can_roll_them_over() {
    let world = World::federated();
    let token = ask(&world, "https://vault.azure.net/.default").token().to_owned();
    let other = world.entra.tenant("fabrikam.com");
    assert_eq!(verify_with_jwks(&other.jwks(), &token), Err(VerifyError::UnknownKey));
    world.tenant.rotate_keys(OldKey::Kept);
    assert!(verify_with_jwks(&world.tenant.jwks(), &token).is_ok());
    let newer = ask(&world, "https://vault.azure.net/.default").token().to_owned();
    world.tenant.rotate_keys(OldKey::Dropped);
    assert!(verify_with_jwks(&world.tenant.jwks(), &newer).is_err());
}

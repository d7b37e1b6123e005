use std::time::Duration;

use serde_json::Value;
use tokenex_testkit::issuer::{IssuerKeys, SigningKey, TokenBuilder};

use super::super::support::claims;
use super::support::*;

const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Signs with the key in a key file, as its owner would.
fn signer(world: &World, file: &str) -> TokenBuilder {
    let file: Value = serde_json::from_str(file).unwrap();
    let key = std::sync::Arc::new(SigningKey::from_pkcs8_pem(file["private_key"].as_str().unwrap()).unwrap());
    let email = file["client_email"].as_str().unwrap();
    let keys = IssuerKeys::with(email, move |_| key.clone(), world.clock.reader());
    keys.token()
        .algorithm(tokenex_testkit::issuer::Algorithm::Rs256)
        .header("kid", file["private_key_id"].as_str().unwrap())
        .audience(file["token_uri"].as_str().unwrap())
        .lifetime(Duration::from_secs(3600))
        .claim("scope", CLOUD_PLATFORM)
}

fn grant(world: &World, jwt: &str) -> Answer {
    let body = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={jwt}");
    world.post(TOKEN_URI, "application/x-www-form-urlencoded", None, body)
}

#[test]
fn a_key_becomes_a_token_of_either_kind() {
    let world = World::new();
    let key = world.account.key();
    let jwt = signer(&world, &key.json(TOKEN_URI));
    let access = world.google.access(&grant(&world, &jwt.sign()).text("access_token")).unwrap();
    assert_eq!((access.member, access.scopes), (world.account.member(), vec![CLOUD_PLATFORM.to_owned()]));
    let id_token = grant(&world, &jwt.claim("target_audience", "https://run.test").sign()).text("id_token");
    assert_eq!(claims(&id_token)["aud"], "https://run.test");
    assert!(!format!("{key:?}").contains("PRIVATE"));
}

#[test]
fn a_key_that_is_young_deleted_or_of_another_is_refused() {
    let world = World::new();
    let key = world.account.key();
    let jwt = signer(&world, &key.json(TOKEN_URI));
    key.unknown_for(1);
    let answer = grant(&world, &jwt.sign());
    assert_eq!((answer.oauth(), answer.description()), ((400, "invalid_grant"), "Invalid JWT Signature."));
    assert_eq!(grant(&world, &jwt.sign()).status, 200);
    let other = world.project.service_account("other").key();
    let forged = signer(&world, &other.json(TOKEN_URI)).claim("iss", world.account.email());
    assert_eq!(grant(&world, &forged.sign()).description(), "Invalid JWT Signature.");
    key.delete();
    assert_eq!(grant(&world, &jwt.sign()).description(), "Invalid JWT Signature.");
    let absent = jwt.claim("iss", "absent@acme-prod.iam.gserviceaccount.com");
    assert_eq!(grant(&world, &absent.sign()).description(), "Invalid grant: account not found");
}

#[test]
fn audience_times_and_scope_are_checked() {
    let world = World::new();
    let jwt = signer(&world, &world.account.key().json(TOKEN_URI));
    assert!(grant(&world, &jwt.clone().claim("aud", "x").sign()).description().contains("Failed audience check"));
    let long = jwt.clone().lifetime(Duration::from_secs(3601));
    assert!(grant(&world, &long.sign()).description().contains("short-lived token (60 minutes)"));
    let old = jwt.clone().expired_since(Duration::from_secs(1));
    assert_eq!(grant(&world, &old.sign()).oauth(), (400, "invalid_grant"));
    assert_eq!(grant(&world, &jwt.without("scope").sign()).oauth(), (400, "invalid_scope"));
}

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_testkit::twins::Twin;

use super::super::support::claims;
use super::support::*;

const ASKED: [(&str, &str); 2] = [("Audience.member.1", "api://AzureADTokenExchange"), ("SigningAlgorithm", "RS256")];

fn document(world: &World, url: &str) -> Value {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    serde_json::from_slice(world.sts.answer(&request).body()).unwrap()
}

#[test]
fn a_session_gets_a_token_that_the_published_keys_verify() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    let discovery = document(&world, &format!("{}/.well-known/openid-configuration", issuer.issuer()));
    assert_eq!(discovery["issuer"], issuer.issuer());
    for algorithm in ["RS256", "ES384"] {
        let parameters = [ASKED[0], ("SigningAlgorithm", algorithm), ("DurationSeconds", "600")];
        let answer = world.signed(&world.session(), "GetWebIdentityToken", &parameters);
        assert_eq!((answer.status, answer.element("Expiration")), (200, "2026-01-01T00:10:00Z"), "{}", answer.body);
        let jwt = answer.element("WebIdentityToken");
        let jwks = document(&world, discovery["jwks_uri"].as_str().unwrap());
        assert_eq!(verify_with_jwks(&jwks, jwt), Ok(claims(jwt)), "{algorithm}");
        let claims = claims(jwt);
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!(world.role.arn()), &json!(ASKED[0].1)));
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
        let details = &claims["https://sts.amazonaws.com/"];
        assert_eq!((&details["aws_account"], &details["source_region"]), (&json!("123456789012"), &json!("eu-west-1")));
        assert_eq!(details["original_session_exp"], "2026-01-01T01:00:00Z");
    }
}

#[test]
fn it_must_be_enabled_allowed_within_the_session_and_regional() {
    let world = World::new();
    let keys = world.session();
    let call = |more: &[(&str, &str)]| world.signed(&keys, "GetWebIdentityToken", &[&ASKED[..], more].concat());
    assert_eq!(call(&[]).refusal(), (403, "OutboundWebIdentityFederationDisabledException"));
    let issuer = world.account.enable_outbound_federation().issuer().to_owned();
    world.role.forbid("sts:GetWebIdentityToken");
    assert_eq!(call(&[]).refusal(), (403, "AccessDenied"));
    world.role.allow("sts:GetWebIdentityToken");
    assert_eq!(call(&[]).status, 200);
    world.clock.advance(3400);
    assert_eq!(call(&[]).refusal(), (403, "SessionDurationEscalationException"));
    assert_eq!(call(&[("DurationSeconds", "60")]).status, 200);
    let global = Signing { keys: &keys, host: "sts.amazonaws.com", region: "us-east-1", late_by: 0 };
    assert_eq!(world.sign(global, &body("GetWebIdentityToken", &ASKED)).refusal(), (400, "InvalidAction"));
    world.account.disable_outbound_federation();
    assert_eq!(call(&[("DurationSeconds", "60")]).refusal().0, 403);
    assert_eq!(world.account.enable_outbound_federation().issuer(), issuer, "the issuer stays the same");
}

#[test]
fn its_parameters_have_bounds() {
    let world = World::new();
    world.account.enable_outbound_federation();
    let keys = world.session();
    for parameters in [
        &[("SigningAlgorithm", "RS256")][..],
        &[("Audience.member.1", "a")],
        &[("Audience.member.1", "a"), ("SigningAlgorithm", "HS256")],
        &[("Audience.member.1", "a"), ("SigningAlgorithm", "RS256"), ("DurationSeconds", "59")],
        &[("Audience.member.1", "a"), ("SigningAlgorithm", "RS256"), ("DurationSeconds", "3601")],
    ] {
        let answer = world.signed(&keys, "GetWebIdentityToken", parameters);
        assert_eq!(answer.refusal(), (400, "ValidationError"), "{parameters:?}");
    }
    assert_eq!(world.call("GetWebIdentityToken", &ASKED).refusal(), (403, "MissingAuthenticationToken"));
}

#[test]
fn aws_does_not_take_its_own_token_as_web_identity() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    world.sts.reach(&issuer);
    world.account.oidc_provider(issuer.issuer(), AUDIENCE);
    let answer = world.web_identity(&issuer.token().subject(world.role.arn()).audience(AUDIENCE).sign());
    assert_eq!(answer.refusal(), (400, "InvalidIdentityToken"));
}

//! The issuer as it looks from here: never the last word, which is the target's.

use serde_json::json;
use tokenex_testkit::issuer::{Algorithm, IssuerKeys};
use tokenex_testkit::web::Reply;

use super::world::{SUBJECT, World};

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_from_here_is_a_warning_when_the_target_trusts_it() {
    let world = World::new().await;
    for (answer, said) in [
        (Reply::status(503), "HTTP 503"),
        (Reply::redirect(302, "https://elsewhere.example/secret-path?q=1"), "redirect to elsewhere.example"),
        (Reply::html(200, "<html>log in</html>"), "no JSON object"),
        (Reply::json(200, &json!({ "issuer": world.issuer.url() })), "from here"),
    ] {
        world.issuer.discovery_answers(answer);
        let diagnosis = world.doctor(&["kv"]).await.exits(0);
        assert_eq!(diagnosis.report["result"], "warning");
        let discovery = diagnosis.step("kv", "discovery").means(said).means("the target may see it differently");
        assert!(!discovery.0.to_string().contains("secret-path"));
        diagnosis.step("kv", "exchange").is("ok");
    }
    assert_eq!(world.issuer.server().requests_to("/secret-path").len(), 0, "a redirect is not followed");
}

#[tokio::test]
async fn keys_are_judged_by_id_kind_and_signature() {
    let world = World::new().await;
    let kid = world.issuer.keys().key(Algorithm::Rs256).kid().to_owned();
    let stranger = IssuerKeys::new("https://stranger.test");
    stranger.key(Algorithm::Rs256);
    let stranger = stranger.jwks();
    world.tokens(|token| token.algorithm(Algorithm::Rs256));
    let rsa = stranger["keys"].as_array().unwrap().iter().find(|key| key["kty"] == "RSA").unwrap();
    let (n, e) = (&rsa["n"], &rsa["e"]);
    for (keys, step, said) in [
        (json!([]), "keys", "does not publish the key"),
        (json!([{ "kid": kid, "kty": "EC", "crv": "P-256" }]), "keys", "none for \"RS256\""),
        (json!([{ "kid": kid, "kty": "RSA", "alg": "RS512", "n": n, "e": e }]), "keys", "is for \"RS512\""),
        (json!([{ "kid": kid, "kty": "RSA", "n": n, "e": e }]), "signature", "not that of the published key"),
        (json!([{ "kid": kid, "kty": "RSA", "n": "AQAB", "e": e }]), "signature", "less than 2048 bits"),
        (json!([{ "kid": kid, "kty": "RSA" }]), "signature", "not complete"),
    ] {
        world.issuer.jwks_answers(Reply::json(200, &json!({ "keys": keys })));
        let diagnosis = world.doctor(&["kv"]).await.exits(0);
        diagnosis.step("kv", step).is("warning").means(said);
    }
}

#[tokio::test]
async fn signatures_are_confirmed_by_the_published_key() {
    let world = World::new().await;
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256] {
        world.tokens(move |token| token.algorithm(algorithm));
        let diagnosis = world.doctor(&["jwt"]).await.exits(0);
        diagnosis.step("jwt", "keys").is("ok");
        diagnosis.step("jwt", "signature").is("ok").found("alg", algorithm.name());
    }
}

#[tokio::test]
async fn keys_at_a_plain_address_across_a_network_are_not_asked_for() {
    let world = World::new().await;
    let mut document = world.issuer.keys().discovery();
    for address in ["http://169.254.169.254/latest/meta-data", "http://keys.example/jwks"] {
        document["jwks_uri"] = address.into();
        world.issuer.discovery_answers(Reply::json(200, &document));
        let diagnosis = world.doctor(&["kv"]).await.exits(0);
        diagnosis.step("kv", "keys").is("warning").means("would be asked in plain http, so it was not");
    }
    world.tokens(|token| token.claim("iss", "http://issuer.example"));
    let diagnosis = world.doctor(&["jwt"]).await.exits(0);
    diagnosis.step("jwt", "discovery").is("warning").means("plain http, so it was not");
}

#[tokio::test]
async fn an_issuer_is_asked_once_for_all_credentials_and_gets_to_see_nothing_of_the_token() {
    let world = World::new().await;
    world.doctor(&["arm", "deploy", "kv", "jwt"]).await.exits(0);
    let discovery = world.issuer.server().requests_to("/.well-known/openid-configuration");
    let keys = world.issuer.server().requests_to("/jwks");
    assert_eq!((discovery.len(), keys.len()), (1, 1));
    for request in discovery.iter().chain(&keys) {
        assert!(request.header("authorization").is_empty() && request.query().is_empty());
    }
}

#[tokio::test]
async fn an_issuer_that_is_no_address_at_all_is_said_so() {
    let world = World::new().await;
    world.tokens(|token| token.claim("iss", "not an address\u{1b}[2J"));
    let end = world.text(&["jwt"]).await.expect(0);
    assert!(end.stdout.contains("is no https address") && !end.stdout.contains('\u{1b}'), "{end:#?}");
    assert!(end.stdout.contains(SUBJECT));
}

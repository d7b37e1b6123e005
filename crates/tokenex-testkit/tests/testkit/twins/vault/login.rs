use serde_json::{Value, json};
use tokenex_testkit::issuer::{Algorithm, OldKey};

use super::support::*;

#[test]
fn an_identity_token_becomes_a_login_of_its_role() {
    let world = World::new();
    let answer = world.log_in_as("app", &world.identity().algorithm(Algorithm::Rs256).sign());
    let auth = &answer.body["auth"];
    assert_eq!((answer.status, answer.login_lives()), (200, 60));
    assert_eq!(auth["policies"], json!(["app", "default"]));
    assert_eq!(
        (&auth["renewable"], &auth["token_type"], &auth["num_uses"]),
        (&json!(true), &json!("service"), &json!(0))
    );
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");

    let [login] = world.vault.logins().try_into().unwrap();
    assert_eq!((login.role.as_str(), login.subject.as_str()), ("app", SUBJECT));
    assert_eq!(login.expires_at, world.clock.now() + seconds(60));
    let [exchange] = world.vault.exchanges().try_into().unwrap();
    assert_eq!((exchange.path.as_str(), exchange.outcome), ("auth/jwt/login", Ok(login.accessor.clone())));
    assert_eq!(exchange.presented, Some((ISSUER.to_owned(), SUBJECT.to_owned(), vec!["vault".to_owned()])));
    assert_eq!(auth["accessor"], login.accessor.as_str());
}

#[test]
fn signature_and_claims_are_checked_one_by_one() {
    let world = World::new();
    let identity = || world.identity();
    let now = world.clock.now();
    let token = "error validating token: ";
    let signature = "error validating token: error verifying token signature: ";
    for (jwt, words) in [
        (
            "abc".to_owned(),
            signature.to_owned() + "oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts",
        ),
        ("a.b.c".to_owned(), signature.to_owned() + "oidc: malformed jwt: illegal base64 data at input byte 0"),
        (identity().forged().sign(), signature.to_owned() + "failed to verify id token signature"),
        (identity().header("kid", "other").sign(), signature.to_owned() + "failed to verify id token signature"),
        (identity().claim("iss", "https://else.test").sign(), token.to_owned() + "invalid issuer (iss) claim"),
        (identity().subject("other").sign(), token.to_owned() + "invalid subject (sub) claim"),
        (
            world.issuer.token().subject(SUBJECT).audience("other").sign(),
            token.to_owned() + "invalid audience (aud) claim: audience claim does not match any expected audience",
        ),
        (
            world.issuer.token().subject(SUBJECT).sign(),
            token.to_owned() + "invalid audience (aud) claim: audience claim does not match any expected audience",
        ),
        (
            identity().expired_since(seconds(61)).sign(),
            token.to_owned() + "invalid expiration time (exp) claim: token is expired",
        ),
        (
            identity().not_before(now + seconds(61)).sign(),
            token.to_owned() + "invalid not before (nbf) claim: token not yet valid",
        ),
        (
            identity().without("iat").without("exp").sign(),
            token.to_owned() + "no issued at (iat), not before (nbf), or expiration time (exp) claims in token",
        ),
    ] {
        assert_eq!(world.log_in_as("app", &jwt).refused(), (400, words.as_str()));
    }
    let unsigned = world.log_in_as("app", &identity().unsigned().sign());
    assert!(unsigned.refused().1.contains("unexpected signature algorithm \"none\""), "{}", unsigned.body);
    assert!(world.vault.logins().is_empty());
}

#[test]
fn clocks_may_be_a_minute_apart_and_one_of_several_audiences_is_enough() {
    let world = World::new();
    let now = world.clock.now();
    for jwt in [
        world.identity().expired_since(seconds(59)),
        world.identity().not_before(now + seconds(59)),
        world.identity().issued_at(now + seconds(59)),
        world.identity().without("exp"),
        world.identity().audience("other"),
    ] {
        assert_eq!(world.log_in_as("app", &jwt.sign()).status, 200);
    }
    // Without an end it lives for two and a half minutes and the minute between the clocks.
    let endless = world.identity().without("exp").sign();
    world.clock.advance(211);
    assert_eq!(world.log_in_as("app", &endless).status, 400);
}

#[test]
fn a_request_that_names_no_role_no_token_or_no_mount_is_told_so() {
    let world = World::new();
    let jwt = world.identity().sign();
    assert_eq!(world.log_in_as("", &jwt).refused(), (400, "missing role"));
    assert_eq!(world.log_in_as("nobody", &jwt).refused(), (400, "role \"nobody\" could not be found"));
    assert_eq!(world.log_in_as("app", "").refused(), (400, "missing token"));
    let body = json!({"role": "app", "jwt": jwt});
    assert_eq!(world.send("POST", "auth/other/login", None, &body).refused(), DENIED);
    assert_eq!(world.send("GET", "auth/jwt/login", None, &Value::Null).refused(), (405, "unsupported operation"));
    assert_eq!(world.send("PUT", "auth/jwt/login", None, &body).status, 200, "PUT and POST are one");
}

#[test]
fn a_role_without_audiences_takes_only_tokens_without_one() {
    let world = World::new();
    world.vault.jwt_auth("jwt", ISSUER).role("any").subject(SUBJECT);
    assert_eq!(
        world.log_in_as("any", &world.identity().sign()).refused(),
        (400, "audience claim found in JWT but no audiences bound to the role")
    );
    assert_eq!(world.log_in_as("any", &world.issuer.token().subject(SUBJECT).sign()).status, 200);
}

#[test]
fn bound_claims_decide_after_everything_else() {
    let world = World::new();
    world.role.claim("environment", "prod");
    let with = |value: &str| world.log_in_as("app", &world.identity().claim("environment", value).sign());
    assert_eq!(with("prod").status, 200);
    assert_eq!(
        with("test").refused(),
        (400, "error validating claims: claim \"environment\" does not match any associated bound claim values")
    );
    assert_eq!(
        world.log_in_as("app", &world.identity().sign()).refused(),
        (400, "error validating claims: claim \"environment\" is missing")
    );
}

#[test]
fn keys_are_the_issuers_of_the_moment() {
    let world = World::new();
    let old = world.identity().sign();
    world.issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    assert_eq!(world.log_in_as("app", &old).status, 400);
    assert_eq!(world.log_in_as("app", &world.identity().sign()).status, 200);

    world.vault.issuer_down(ISSUER);
    let (status, words) = (400, "fetching keys oidc: get keys failed");
    let answer = world.log_in_as("app", &world.identity().sign());
    assert!(answer.status == status && answer.refused().1.contains(words), "{}", answer.body);
    // A server that was unsealed meanwhile says it in other words.
    world.vault.seal();
    world.vault.unseal();
    let answer = world.log_in_as("app", &world.identity().sign());
    assert!(answer.refused().1.starts_with("error configuring token validator: keyset configuration error: "));
    world.vault.issuer_up(ISSUER);
    assert_eq!(world.log_in_as("app", &world.identity().sign()).status, 200);

    let other = tokenex_testkit::issuer::IssuerKeys::new("https://other.test");
    world.vault.jwt_auth("jwt", ISSUER).trust("https://other.test");
    world.vault.reach_jwks("https://other.test", &other.jwks());
    assert_eq!(world.log_in_as("app", &world.identity().sign()).status, 400);
    let of_other = other.token().subject(SUBJECT).audience("vault").issued_at(world.clock.now());
    assert_eq!(world.log_in_as("app", &of_other.sign()).status, 200);
}

#[test]
fn a_login_for_three_uses_ends_with_the_third_and_takes_its_leases_along() {
    const LOOK: &str = "auth/token/lookup-self";
    let world = World::new();
    world.role.num_uses(3);
    let token = world.token();
    let user = world.get(CREDS, &token);
    assert_eq!(world.get("sys/mounts", &token).refused(), NOT_ALLOWED, "what is refused counts");
    let (status, words) = (400, "token had one use left");
    let last = world.get(CREDS, &token);
    assert!(last.refused().0 == status && last.refused().1.contains(words), "{last:?}");
    assert_eq!(world.get(LOOK, &token).refused(), DENIED);
    assert!(!world.database.accepts(&user.text("/data/username"), &user.text("/data/password")));
    assert!(world.vault.logins().is_empty() && world.vault.leases().is_empty());

    let token = world.token();
    for left in [2, 1, -1] {
        assert_eq!(world.get(LOOK, &token).body["data"]["num_uses"], json!(left));
    }
    assert_eq!(world.get(LOOK, &token).refused(), DENIED);
}

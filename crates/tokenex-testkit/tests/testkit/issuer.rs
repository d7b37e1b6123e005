use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Value, json};
use tokenex_testkit::issuer::{Algorithm, Issuer, IssuerKeys, OldKey, SigningKey, VerifyError};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::Reply;

use crate::support::{client, plain_client, within};

fn keys() -> IssuerKeys {
    IssuerKeys::new("https://issuer.test")
}

fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

fn part(jwt: &str, index: usize) -> Value {
    serde_json::from_slice(&decode(jwt.split('.').nth(index).unwrap())).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Verifies as a relying party does, from the published JSON alone, sharing no code with the issuer.
fn verified_by(jwks: &Value, jwt: &str) -> bool {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let kid = part(jwt, 0)["kid"].clone();
    let Some(key) = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid) else { return false };
    let member = |name: &str| decode(key[name].as_str().unwrap());
    match key["kty"].as_str().unwrap() {
        "EC" => {
            let point = [vec![4], member("x"), member("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(signed.as_bytes(), &decode(signature))
                .is_ok()
        }
        "RSA" => RsaPublicKeyComponents { n: member("n"), e: member("e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature))
            .is_ok(),
        other => panic!("an unknown key type {other}"),
    }
}

#[tokio::test]
async fn a_relying_party_finds_the_keys_by_discovery_and_verifies_both_algorithms() {
    let issuer = Issuer::start().await.unwrap();
    let client = plain_client();
    let es256 = issuer.token().sign();
    let rs256 = issuer.token().algorithm(Algorithm::Rs256).sign();

    let discovery = format!("{}/.well-known/openid-configuration", issuer.url());
    let get = async |url: &str| -> Value {
        let body = within(client.get(url).send()).await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    };
    let document = get(&discovery).await;
    assert_eq!(document["issuer"], issuer.url());
    let jwks = get(document["jwks_uri"].as_str().unwrap()).await;
    assert!(verified_by(&jwks, &es256));
    assert!(verified_by(&jwks, &rs256));
    assert_eq!(part(&rs256, 0)["alg"], "RS256");
}

#[tokio::test]
async fn over_https_its_clients_trust_the_ca_and_only_they_get_in() {
    let issuer = Issuer::start_tls().await.unwrap();
    assert!(issuer.url().starts_with("https://"));
    assert!(issuer.ca_pem().unwrap().contains("BEGIN CERTIFICATE"));
    assert!(within(plain_client().get(issuer.jwks_url()).send()).await.is_err(), "a stranger's CA is trusted");

    let certificates = Certificates::for_loopback();
    let issuer = Issuer::builder().tls(&certificates).start().await.unwrap();
    assert_eq!(within(client(&certificates).get(issuer.jwks_url()).send()).await.unwrap().status(), 200);
}

#[test]
fn a_token_says_what_was_asked_and_no_more() {
    let at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let jwt = keys()
        .token()
        .subject("ci")
        .audience("vault")
        .issued_at(at)
        .lifetime(Duration::from_secs(60))
        .not_before(at + Duration::from_secs(5))
        .claim("project", json!({"id": 7}))
        .without("jti")
        .sign();
    assert_eq!(
        claims(&jwt),
        json!({
            "iss": "https://issuer.test", "sub": "ci", "aud": "vault", "iat": 1_800_000_000, "exp": 1_800_000_060,
            "nbf": 1_800_000_005, "project": {"id": 7},
        })
    );
}

#[test]
fn audiences_are_absent_one_or_a_list() {
    let token = keys().token();
    assert_eq!(claims(&token.sign()).get("aud"), None);
    assert_eq!(claims(&token.clone().audience("a").sign())["aud"], "a");
    assert_eq!(claims(&token.audience("a").audience("b").sign())["aud"], json!(["a", "b"]));
}

#[test]
fn each_signing_is_a_token_of_its_own() {
    let token = keys().token();
    assert_ne!(claims(&token.sign())["jti"], claims(&token.sign())["jti"]);
}

#[test]
fn times_come_from_the_given_clock() {
    let keys = IssuerKeys::with(
        "https://issuer.test",
        |algorithm| Arc::new(SigningKey::generate(algorithm)),
        || UNIX_EPOCH + Duration::from_secs(5_000),
    );
    assert_eq!(claims(&keys.token().sign())["iat"], 5_000);
    let expired = claims(&keys.token().expired_since(Duration::from_secs(100)).sign());
    assert_eq!((&expired["exp"], &expired["iat"]), (&json!(4_900), &json!(4_300)));
    assert_eq!(claims(&keys.token().issued_at(UNIX_EPOCH - Duration::from_secs(9)).sign())["iat"], -9);
}

#[test]
fn verification_tells_the_ways_of_being_wrong_apart() {
    let keys = keys();
    let good = keys.token().sign();
    assert!(keys.verify(&good).is_ok());
    assert!(keys.verify(&keys.token().without_header("kid").sign()).is_ok(), "a token may lack a kid");
    assert_eq!(keys.verify(&keys.token().forged().sign()), Err(VerifyError::BadSignature));
    assert_eq!(keys.verify(&keys.token().unsigned().sign()), Err(VerifyError::UnknownKey));
    assert_eq!(keys.verify(&keys.token().header("kid", "other").sign()), Err(VerifyError::UnknownKey));
    assert_eq!(keys.verify("not a token"), Err(VerifyError::Malformed));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other_claims = keys.token().subject("admin").sign();
    let (other_head, _) = other_claims.rsplit_once('.').unwrap();
    assert_eq!(keys.verify(&format!("{other_head}.{signature}")), Err(VerifyError::BadSignature));
    assert_eq!(keys.verify(&format!("{head}.%")), Err(VerifyError::Malformed));
}

#[test]
fn a_rotation_keeps_or_drops_the_old_key() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let keys = keys();
        let first = keys.token().algorithm(algorithm).sign();
        let kid = keys.rotate(algorithm, OldKey::Kept);
        let second = keys.token().algorithm(algorithm).sign();
        assert_eq!(part(&second, 0)["kid"], kid.as_str());
        assert!(keys.verify(&first).is_ok() && keys.verify(&second).is_ok());

        keys.rotate(algorithm, OldKey::Dropped);
        let third = keys.token().algorithm(algorithm).sign();
        assert_eq!(keys.verify(&first), Err(VerifyError::UnknownKey));
        assert_eq!(keys.verify(&second), Err(VerifyError::UnknownKey));
        assert!(keys.verify(&third).is_ok());
        assert!(!verified_by(&keys.jwks(), &second) && verified_by(&keys.jwks(), &third));
    }
}

#[test]
#[should_panic(expected = "has had before")]
fn a_rotation_to_the_same_key_is_told() {
    let key = Arc::new(SigningKey::generate(Algorithm::Es256));
    let keys = IssuerKeys::with("https://issuer.test", move |_| Arc::clone(&key), SystemTime::now);
    keys.key(Algorithm::Es256);
    keys.rotate(Algorithm::Es256, OldKey::Kept);
}

#[test]
fn two_issuers_at_once_never_share_a_key() {
    let (one, two) = (keys(), keys());
    let kid = |keys: &IssuerKeys| keys.key(Algorithm::Rs256).kid().to_owned();
    assert_ne!(kid(&one), kid(&two));
    let one_token = one.token().algorithm(Algorithm::Rs256).sign();
    assert_eq!(two.verify(&one_token), Err(VerifyError::UnknownKey));
    assert_eq!(
        one.verify(&one.token().algorithm(Algorithm::Rs256).forged().sign()),
        Err(VerifyError::BadSignature),
        "a forger has the issuer's key"
    );
}

#[test]
fn keys_made_beforehand_are_used() {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let key = Arc::new(SigningKey::from_pkcs8_pem(&pem).unwrap());
    let kid = key.kid().to_owned();
    let keys = IssuerKeys::with("https://issuer.test", move |_| Arc::clone(&key), SystemTime::now);
    assert_eq!(part(&keys.token().sign(), 0)["kid"], kid.as_str());
    assert_eq!(keys.verify(&keys.token().forged().sign()), Err(VerifyError::BadSignature), "a forger has that key");
    assert!(SigningKey::from_pkcs8_pem("nonsense").is_err());
}

#[test]
fn the_public_pem_is_the_key_in_the_jwks() {
    let keys = keys();
    for (algorithm, member) in [(Algorithm::Es256, "x"), (Algorithm::Rs256, "n")] {
        let jwk = keys.key(algorithm).jwk();
        let pem = keys.public_key_pem(algorithm);
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(base64.trim()).unwrap();
        let wanted = decode(jwk[member].as_str().unwrap());
        assert!(der.windows(wanted.len()).any(|window| window == wanted), "{pem}");
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"));
    }
}

/// The example of RFC 7638 section 3.1 would need its own private key; this follows the section's words instead.
#[test]
fn the_key_id_is_the_thumbprint_of_the_key() {
    let key = SigningKey::generate(Algorithm::Es256);
    let jwk = key.jwk();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    let digest = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
    assert_eq!(key.kid(), URL_SAFE_NO_PAD.encode(digest));
}

#[tokio::test]
async fn its_bad_days_end_when_it_is_healed() {
    let issuer = Issuer::start().await.unwrap();
    let client = plain_client();
    let status =
        async || within(client.get(issuer.jwks_url()).send()).await.map(|answer| answer.status().as_u16()).ok();

    issuer.jwks_answers(Reply::status(500));
    assert_eq!(status().await, Some(500));
    issuer.jwks_answers(Reply::cut());
    assert_eq!(status().await, None);
    issuer.heal();
    assert_eq!(status().await, Some(200));
    assert_eq!(issuer.server().requests_to("/jwks").len() as u64, 3);
}

#[tokio::test]
async fn its_port_is_free_when_it_is_dropped() {
    let issuer = Issuer::start().await.unwrap();
    let addr = issuer.server().addr();
    assert!(tokio::net::TcpStream::connect(addr).await.is_ok());
    drop(issuer);
    within(async {
        while tokio::net::TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

//! The local issuer before a verifier that it does not know: what a real server takes and refuses.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::issuer::{Algorithm, Issuer, OldKey, TokenBuilder};
use tokenex_testkit::servers::{JwtRole, JwtTrust, OpenBao};
use tokenex_testkit::web::Reply;

const MINUTE: Duration = Duration::from_secs(60);

async fn server_that_trusts(trust: &JwtTrust) -> OpenBao {
    let bao = OpenBao::start().await.unwrap();
    let admin = bao.admin();
    admin.enable_jwt("jwt", trust).await.unwrap();
    admin.jwt_role("jwt", &JwtRole::new("app", "vault").subject("ci").token_ttl(MINUTE)).await.unwrap();
    bao
}

/// What the server says to a login: nothing when it lets the token in.
async fn refusal(bao: &OpenBao, token: &TokenBuilder) -> Option<String> {
    let login = json!({"role": "app", "jwt": token.sign()});
    bao.admin().write("auth/jwt/login", &login).await.err().map(|error| error.to_string())
}

#[tokio::test]
async fn a_real_server_takes_its_tokens_by_discovery_over_tls_and_follows_a_rotation() {
    let issuer = Issuer::start_tls().await.unwrap();
    let trust = JwtTrust::Discovery { url: issuer.url().to_owned(), ca_pem: issuer.ca_pem().map(str::to_owned) };
    let bao = server_that_trusts(&trust).await;
    let token = issuer.token().subject("ci").audience("vault");

    assert_eq!(refusal(&bao, &token).await, None);
    assert_eq!(refusal(&bao, &token.clone().algorithm(Algorithm::Rs256)).await, None);
    issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    assert_eq!(refusal(&bao, &token).await, None, "the server asks for keys that it does not know");

    for (wrong, word) in [
        (token.clone().forged(), "signature"),
        (token.clone().subject("somebody"), "subject"),
        (token.clone().audience("other").claim("aud", "other"), "audience"),
        (token.clone().expired_since(5 * MINUTE), "expired"),
        (token.clone().unsigned(), "signature"),
    ] {
        let said = refusal(&bao, &wrong).await.expect("the server takes a wrong token");
        assert!(said.contains(word), "{word}: {said}");
    }

    issuer.jwks_answers(Reply::status(500));
    issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    let said = refusal(&bao, &token).await.expect("the server takes a key that it cannot have seen");
    assert!(said.contains("fetching keys"), "{said}");
    issuer.heal();
    assert_eq!(refusal(&bao, &token).await, None);
}

#[tokio::test]
async fn a_real_server_reads_its_public_keys() {
    let issuer = Issuer::start().await.unwrap();
    let pems = [Algorithm::Es256, Algorithm::Rs256].map(|algorithm| issuer.public_key_pem(algorithm)).to_vec();
    let bao = server_that_trusts(&JwtTrust::PublicKeys { pems }).await;
    let token = issuer.token().subject("ci").audience("vault");
    assert_eq!(refusal(&bao, &token).await, None);
    assert_eq!(refusal(&bao, &token.algorithm(Algorithm::Rs256)).await, None);
}

//! Tokens of the twin before a verifier that knows nothing of it: a library for Python, and what the tenant publishes.

use serde_json::{Value, json};
use tokenex_testkit::twins::azure::TokenVersion;

use crate::msal::answer;
use crate::world::{PATIENCE, SECOND, World, scheduler};

#[tokio::test]
async fn tokens_of_both_versions_are_verified_by_the_published_keys() {
    let world = World::new().await;
    let (app, scheduler) = (world.app(), scheduler());
    let client = world.client(&app);
    for version in [TokenVersion::V1, TokenVersion::V2] {
        let api = world.tenant.app("api");
        let uri = format!("api://{}", api.client_id());
        api.expose(&uri, version);
        let token = scheduler.keep(client.token(format!("{uri}/.default")).unwrap()).ready(PATIENCE).await.unwrap();
        let audience = if version == TokenVersion::V1 { &uri } else { api.client_id() };
        let verified = async |token: &str, audience: &str| -> Value {
            let question = json!({
                "authority": world.authority(),
                "token": token,
                "audience": audience,
                "issuer": world.tenant.issuer(version),
            });
            answer("verify.py", &question, |script| script.trust(world.certificates.ca_pem())).await
        };

        let token = token.secret().expose();
        let claims = verified(token, audience).await;
        assert_eq!((&claims["oid"], &claims["sub"]), (&json!(app.object_id()), &json!(app.object_id())), "{claims}");
        assert_eq!(verified(token, "api://other").await["refused"], "InvalidAudienceError");
        let (rest, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{rest}.{other}{}", &signature[1..]);
        assert_eq!(verified(&forged, audience).await["refused"], "InvalidSignatureError");
    }
    scheduler.shutdown(SECOND).await;
}

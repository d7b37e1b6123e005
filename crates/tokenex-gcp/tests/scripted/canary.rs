//! Nothing that is secret is ever printed.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_core::{AsIdentity as _, Secret};
use tokenex_gcp::{ExternalAccount, ImpersonatedIdToken, Impersonation, ServiceAccountKey, WorkloadIdentity};
use tokenex_testkit::canary::Canary;

use crate::world::{IAM, OAUTH, STS, World, federated_token, reply};

const KEY_URI: &str = "https://oauth2.googleapis.com/token";

#[tokio::test(start_paused = true)]
async fn no_token_key_or_secret_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, federated) = (canary.secret("identity token"), canary.secret("federated token"));
    let (acting, id_signature) = (canary.secret("impersonated token"), canary.secret("ID token"));
    let (client_secret, key_token) = (canary.secret("client secret"), canary.secret("token of a key"));

    let world = World::new();
    let (handed_out, id) = (acting.clone(), id_signature.clone());
    world.answers(IAM, move |request| {
        let path = request.uri().path();
        let body = if path.ends_with("generateIdToken") {
            // {"aud":"a","exp":1767229200}
            json!({"token": format!("e30.eyJhdWQiOiJhIiwiZXhwIjoxNzY3MjI5MjAwfQ.{id}")})
        } else {
            json!({"accessToken": handed_out, "expireTime": "2026-01-01T01:00:00Z"})
        };
        reply(200, &body)
    });
    let handed_out = federated.clone();
    world.answers(STS, move |_| reply(200, &federated_token(&handed_out, 3600)));
    let handed_out = key_token.clone();
    world.answers(OAUTH, move |_| reply(200, &json!({"access_token": handed_out, "expires_in": 3599})));

    let identity = StaticText::new(format!("e30.e30.{signature}"));
    let base_provider = WorkloadIdentity::builder(world.provider.audience(), identity.clone()).build().unwrap();
    canary.search_debug("federated provider", &base_provider);
    let base = world.scheduler.keep(base_provider);
    let impersonation = Impersonation::builder(world.account.email(), base.clone()).build().unwrap();
    canary.search_debug("impersonation", &impersonation);
    let token = world.scheduler.keep(impersonation);
    let id_tokens = ImpersonatedIdToken::builder(world.account.email(), base.clone()).audience("a").build().unwrap();
    canary.search_debug("ID token provider", &id_tokens);
    let id_token = world.scheduler.keep(id_tokens);
    let issued = (base.get().await.unwrap(), token.get().await.unwrap(), id_token.get().await.unwrap());
    assert_eq!((issued.0.secret().expose(), issued.1.secret().expose()), (&*federated, &*acting));
    canary.search_debug("tokens", &(&issued.0, &issued.1, &issued.2, issued.1.credential(), issued.2.credential()));
    canary.search_debug("headers", &(issued.1.authorization(), issued.2.authorization()));
    canary.search_debug("identity", &issued.2.as_identity().unwrap());
    #[cfg(feature = "google_cloud_auth")]
    {
        use tokenex_gcp::IntoSdk as _;
        let sdk = google_cloud_auth::credentials::Credentials::from(token.clone().into_sdk());
        canary.search_debug("sdk", &(&sdk, sdk.headers(http::Extensions::new()).await.unwrap()));
    }

    let key = world.account.key().json(KEY_URI);
    let private = serde_json::from_str::<serde_json::Value>(&key).unwrap()["private_key"].as_str().unwrap().to_owned();
    canary.watch("private key", &private);
    let keyed = ServiceAccountKey::new(StaticText::new(key.clone()));
    canary.search_debug("key provider", &keyed);
    canary.search_debug("key token", &world.scheduler.keep(keyed).get().await.unwrap());
    let broken = key.replace("\\n-----END", "=\\n-----END");
    assert_ne!(broken, key);
    let error = world.scheduler.keep(ServiceAccountKey::new(StaticText::new(broken))).get().await.unwrap_err();
    canary.search_error("a broken key", &error);

    let file = json!({"type": "external_account", "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "client_id": "id", "client_secret": client_secret,
        "credential_source": {"url": "https://issuer.test/token", "headers": {"Authorization": client_secret}}});
    let account = ExternalAccount::from_json(&file.to_string()).unwrap();
    canary.search_debug("credential file", &(&account, account.federated().unwrap()));
    // A URL that repeats what it should not.
    let repeated = client_secret.clone();
    world.answers("issuer.test", move |_| reply(500, &json!({ "error": repeated })));
    canary.search_error("a refused URL", &account.token(&world.scheduler).unwrap().get().await.unwrap_err());

    // Endpoints that repeat what they should not: the last thing in the form, which is the secret one, or the header.
    let repeat = |host: &'static str, status: u16, code: &'static str| {
        world.answers(host, move |request| {
            let form = String::from_utf8_lossy(request.body()).into_owned();
            let sent = form.rsplit('=').next().unwrap_or_default();
            let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let said = format!("bad {}", header.as_deref().unwrap_or(sent));
            let oauth = json!({"error": code, "error_description": said});
            let api = json!({"error": {"code": status, "status": code, "message": said}});
            reply(status, if host == IAM { &api } else { &oauth })
        });
    };
    repeat(STS, 400, "invalid_grant");
    repeat(OAUTH, 400, "invalid_grant");
    let again = WorkloadIdentity::builder(world.provider.audience(), identity.clone()).build().unwrap();
    let error = world.scheduler.keep(again).get().await.unwrap_err();
    assert!(error.said().unwrap().starts_with("bad "), "{error}");
    canary.search_error("a refused exchange", &error);
    let again = ServiceAccountKey::new(StaticText::new(Secret::new(key.as_str())));
    let error = world.scheduler.keep(again).get().await.unwrap_err();
    assert!(error.said().unwrap().starts_with("bad "), "{error}");
    canary.search_error("a refused key", &error);
    for (code, status) in [("PERMISSION_DENIED", 403), ("UNAUTHENTICATED", 401)] {
        // Each refused base token is replaced by another one, which is refused as well.
        let handed_out = canary.secret("another federated token");
        world.answers(STS, move |_| reply(200, &federated_token(&handed_out, 3600)));
        repeat(IAM, status, code);
        let before = world.count(IAM);
        let again = Impersonation::builder(world.account.email(), base.clone()).build().unwrap();
        let error = world.scheduler.keep(again).get().await.unwrap_err();
        assert!(error.said().unwrap().starts_with("bad Bearer"), "{error}");
        assert_eq!(world.count(IAM) - before, if status == 401 { 2 } else { 1 });
        canary.search_error("a refused impersonation", &error);
    }
    canary.search_debug("status", &world.scheduler.status().await);
    canary.search(
        "uris",
        world.network.requests().iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>(),
    );
    canary.search("shutdown", world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}

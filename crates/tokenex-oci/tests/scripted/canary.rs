//! Nothing that is secret is ever printed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_oci::{Domain, OkeWorkload, ResourcePrincipal};
use tokenex_testkit::canary::Canary;

use crate::world::{HOST, World, minutes, token};

const PROXYMUX: &str = "10.96.0.1:12250";

#[tokio::test(start_paused = true)]
async fn no_token_key_or_secret_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, secret) = (canary.secret("identity token"), canary.secret("client secret"));
    let (handed_out, pod_token) = (canary.secret("session token"), canary.secret("session token of a pod"));

    let world = World::new();
    // {"exp":1767229200}
    let session_jwt = format!("e30.eyJleHAiOjE3NjcyMjkyMDB9.{handed_out}");
    world.answers(HOST, 200, &token(session_jwt.as_str()));
    let identity = StaticText::new(format!("e30.e30.{signature}"));
    let builder = Domain::builder(world.domain.url(), identity.clone()).client("id", StaticText::new(secret.as_str()));
    canary.search_debug("builder", &builder);
    let domain = builder.build().unwrap();
    canary.search_debug("domain", &(&domain, domain.user_token()));
    let session = world.keep(domain.user_token());
    let issued = session.get().await.unwrap();
    canary.search_debug("session", &(&issued, issued.credential(), issued.key(), issued.signer()));
    canary.watch("session key", issued.key().to_pkcs8_pem().expose());
    let signed =
        issued.signer().at(world.wall()).sign(http::Request::get("https://a.test/").body("").unwrap()).unwrap();
    canary.search_debug("signed request", &signed);
    let basic = STANDARD.encode(format!("id:{secret}"));
    canary.watch("basic authentication", &basic);

    // A domain that repeats what it should not.
    for (status, code) in
        [(400, "invalid_grant"), (401, "invalid_client"), (403, "access_denied"), (503, "server_error")]
    {
        let said = format!("bad e30.e30.{signature} {secret} {basic}");
        world.answers(HOST, status, &json!({"error": code, "error_description": said}));
        let error = world.keep(domain.user_token()).get().await.unwrap_err();
        assert!(error.said().unwrap().starts_with("bad "), "{error}");
        canary.search_error("a refused exchange", &error);
    }
    for body in [json!({"access_token": handed_out}), json!({"token": [handed_out]}), json!({"token": handed_out})] {
        world.answers(HOST, 200, &body);
        canary.search_error("an odd answer", &world.keep(domain.user_token()).get().await.unwrap_err());
    }

    // The same exchange, signed; and a domain that repeats the key id.
    let signing = Domain::builder(world.domain.url(), identity).instance_principal(session.clone()).build().unwrap();
    canary.search_debug("a domain that is signed to", &signing);
    world.answers(HOST, 401, &json!({"code": "NotAuthenticated", "message": format!("bad ST${session_jwt}")}));
    canary.search_error("a refused signature", &world.keep(signing.user_token()).get().await.unwrap_err());

    let pods_jwt = format!("e30.eyJleHAiOjE3NjcyMjkyMDB9.{pod_token}");
    world.says(PROXYMUX, 200, STANDARD.encode(json!({"token": format!("ST${pods_jwt}")}).to_string()));
    let account = StaticText::new(format!("e30.e30.{signature}"));
    let pod = OkeWorkload::builder("10.96.0.1").identity(account).transport(world.network.clone());
    canary.search_debug("a pod's builder", &pod);
    let pod = pod.build().unwrap();
    canary.search_debug("a pod", &pod);
    canary.search_debug("a pod's token", &world.keep(pod.clone()).get().await.unwrap());
    world.says(PROXYMUX, 401, format!("{{\"code\":\"no\",\"message\":\"bad e30.e30.{signature}\"}}"));
    canary.search_error("a refused pod", &world.keep(pod).get().await.unwrap_err());

    let resource = world.oci.resource_principal("fnfunc").session(minutes(15));
    canary.watch("token of a resource", resource.token());
    canary.watch("key of a resource", &resource.private_pem());
    let texts = |pem: String| ResourcePrincipal::new(StaticText::new(resource.token()), StaticText::new(pem));
    let provider = texts(resource.private_pem());
    canary.search_debug("resource principal", &provider);
    canary.search_debug("its token", &world.keep(provider).get().await.unwrap());
    let broken = texts(resource.private_pem().replace("\n-----END", "=\n-----END"));
    canary.search_error("a broken key", &world.keep(broken).get().await.unwrap_err());

    canary.search_debug("status", &world.scheduler.status().await);
    canary.search(
        "uris",
        world.network.requests().iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>(),
    );
    canary.search("shutdown", world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}

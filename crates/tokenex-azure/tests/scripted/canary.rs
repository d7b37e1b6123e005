//! Nothing that is secret is ever printed.

use std::time::Duration;

use serde_json::{Value, json};
use tokenex_azure::{ClientSecret, Entra};
use tokenex_core::AsIdentity as _;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::transport::InMemory;

use crate::world::{ARM, GRAPH, HOST, World, reply};

/// A refusal that repeats everything that was sent.
fn repeat(request: &http::Request<bytes::Bytes>, code: u32) -> Value {
    let sent = String::from_utf8_lossy(request.body()).replace(['&', '='], " ");
    json!({"error": "invalid_client", "error_codes": [code], "trace_id": "t",
        "error_description": format!("AADSTS{code}: {sent} Trace ID: t")})
}

#[tokio::test(start_paused = true)]
async fn no_token_assertion_or_secret_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, token) = (canary.secret("identity token"), canary.secret("access token"));
    let secret = canary.secret("client secret");

    let world = World::new();
    let identity = StaticText::new(format!("e30.e30.{signature}"));
    let handed_out = token.clone();
    world.answers(move |_| reply(200, &json!({"access_token": handed_out, "expires_in": 3600})));
    let entra = world.builder_with(identity.clone()).build().unwrap();
    let arm = world.keep(&entra, ARM);
    let issued = arm.get().await.unwrap();
    assert_eq!(issued.secret().expose(), token);
    canary.search_error("no identity", &issued.as_identity().unwrap_err());

    // Endpoints that repeat what they should not.
    for (name, code) in [("a refused trust", 700_213), ("a refused assertion", 50_027), ("an unknown code", 123_456)] {
        world.answers(move |request| reply(401, &repeat(request, code)));
        let refused = world.keep(&entra, GRAPH);
        canary.search_error(name, &refused.get().await.unwrap_err());
        canary.search_debug(name, &refused.status());
    }
    let client = world.app.client_id().to_owned();
    let value = secret.clone();
    let source = Closure::plain(move |_| Ok(ClientSecret::new(&client, value.as_str())));
    let with_secret = Entra::client_secret(world.tenant.id(), source).build().unwrap();
    world.answers(|request| reply(401, &repeat(request, 7_000_215)));
    canary.search_error("a refused secret", &world.keep(&with_secret, ARM).get().await.unwrap_err());
    let page = format!("<html>{token} {secret}</html>");
    world.answers(move |_| http::Response::builder().status(502).body(page.clone().into()).unwrap());
    canary.search_error("a page", &world.keep(&with_secret, GRAPH).get().await.unwrap_err());
    let half = format!("{{\"access_token\": \"{token}\"");
    world.answers(move |_| http::Response::new(half.clone().into()));
    canary.search_error("half an answer", &world.keep(&entra, GRAPH).get().await.unwrap_err());
    let unusable = format!("{token}\n");
    world.answers(move |_| reply(200, &json!({"access_token": unusable, "expires_in": 3600})));
    canary.search_error("a token for no header", &world.keep(&entra, GRAPH).get().await.unwrap_err());
    let own = Entra::federated("contoso.example", "id", identity).transport(InMemory::new());
    canary.search_debug("builder", &own);
    canary.search_error("no such host", &world.keep(&own.build().unwrap(), ARM).get().await.unwrap_err());

    canary.search_debug("clients", &(&entra, &with_secret, entra.token(ARM).unwrap()));
    canary.search_debug("client secret", &ClientSecret::new("id", secret.as_str()));
    canary.search_debug("token", &(&arm, &*issued, issued.credential(), issued.authorization()));
    canary.search_debug("status", &world.scheduler.status().await);
    let requests = world.network.requests_to(HOST);
    assert!(!requests.is_empty());
    canary.search("uris", requests.iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>());
    canary.search("headers", requests.iter().map(|r| format!("{:?}\n", r.headers())).collect::<String>());
    canary.search("shutdown", world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}

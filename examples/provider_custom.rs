//! A provider of your own: keys of a made-up key server, for an identity token. It is kept fresh here against a twin in
//! memory, and then the conformance suite tries the contract on it. Needs nothing. A whole crate is in `third-party/`.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokenex_core::{AnyTokenSource, Attempt, Credential, Error, ErrorKind, Grant, Outcome, Provider, Result};
use tokenex_core::{Scheduler, Secret, Target, sources};
use tokenex_testkit::{conformance, issuer::IssuerKeys, transport::InMemory};

#[derive(Debug)]
struct Key(Secret);

impl Credential for Key {
    fn same_as(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

#[derive(Debug)]
struct KeyServer {
    identity: AnyTokenSource,
}

impl Provider for KeyServer {
    type Credential = Key;

    fn name(&self) -> &'static str {
        "key-server"
    }
    fn target(&self) -> Target {
        Target::new("https://keys.example")
    }
    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Key>> {
        let identity = cx.identity(&self.identity, &["keys"]).await?.into_value();
        let body = json!({ "jwt": identity.secret().expose() }).to_string();
        let request = Request::post("https://keys.example/keys").body(Bytes::from(body)).expect("the address is ours");
        let sent = cx.moment(); // the lifetime counts from here
        let answer = cx.send(request).await?;
        if !answer.status().is_success() {
            let kind = match answer.status().as_u16() {
                400..=403 => ErrorKind::Trust,
                429 => ErrorKind::Throttled,
                500.. => ErrorKind::Unavailable,
                _ => ErrorKind::Protocol,
            };
            let error = Error::new(kind, "the key server refuses").with_status(answer.status());
            let error = error.with_presented(identity.claims()).with_advice("is the subject known there?");
            return Err(cx.retry_after(answer.headers()).into_iter().fold(error, Error::with_retry_after));
        }
        let told: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let (Some(key), Some(seconds)) = (told["key"].as_str(), told["seconds"].as_u64()) else {
            return Err(Error::new(ErrorKind::Protocol, "the answer of the key server holds no key"));
        };
        Ok(Grant::new(Key(key.into())).lifetime(Duration::from_secs(seconds)).counted_from(sent).into())
    }
}

/// The key server: it verifies the token, and its keys say themselves until when they work.
fn serve(network: &InMemory, issuer: &IssuerKeys, now: impl Fn() -> u64 + Send + Sync + 'static, seconds: u64) {
    let issuer = issuer.clone();
    network.route("keys.example", move |request: Request<Bytes>| {
        let sent: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let claims = issuer.verify(sent["jwt"].as_str().unwrap_or_default()).unwrap_or_default();
        let key = format!("key-for-{}-until-{}", claims["jti"], now() + seconds);
        let body = json!({ "key": key, "seconds": seconds }).to_string();
        let (status, body) = if claims["aud"] == "keys" { (200, body) } else { (403, String::new()) };
        std::future::ready(Response::builder().status(status).body(Bytes::from(body)).expect("a plain answer"))
    });
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (network, issuer) = (InMemory::new(), IssuerKeys::new("https://issuer.example"));
    serve(&network, &issuer, || 0, 3);
    let jwt = move |to: Option<String>| Ok(issuer.token().audience(to.unwrap_or_default()).sign());
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network).start();
    let key = scheduler.keep(KeyServer { identity: AnyTokenSource::new(sources::Closure::plain(jwt)) });
    for _ in 0..3 {
        key.get().await?; // now, and each time it is used
        println!("{}", key.status());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    println!("shut down: {}", scheduler.shutdown(Duration::from_secs(5)).await);
    let report = conformance::provider(|world| {
        let clock = world.target_clock();
        let now = move || clock().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        serve(world.network(), world.issuer(), now.clone(), 600);
        conformance::Fixture::new(KeyServer { identity: AnyTokenSource::new(world.identity()) })
            .secrets(|key| vec![key.0.expose().to_owned()])
            .works(move |key| key.0.expose().rsplit('-').next().and_then(|s| s.parse().ok()) > Some(now()))
    })
    .run();
    println!("{report}");
    if report.broken().is_empty() { Ok(()) } else { Err("the provider breaks its contract".into()) }
}

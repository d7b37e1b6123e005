//! A server that says what the test says.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use tokenex_core::sources::StaticText;
use tokenex_core::{Policy, Scheduler};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::web::Received;
use tokenex_vault::{Vault, VaultBuilder};

pub(crate) const HOST: &str = "vault.test:8200";
pub(crate) const LOGIN: &str = "auth/jwt/login";
pub(crate) const LOOKUP: &str = "auth/token/lookup-self";
pub(crate) const RENEW_LOGIN: &str = "auth/token/renew-self";
pub(crate) const RENEW_LEASE: &str = "sys/leases/renew";
pub(crate) const CREDS: &str = "database/creds/app";

/// A JWT without any claim.
pub(crate) const JWT: &str = "e30.e30.c2ln";

type Script = Box<dyn FnMut(&Request<Bytes>) -> Response<Bytes> + Send>;

/// A network with one server on it. What is not scripted is 404. Drive it in a test that starts with time paused.
pub(crate) struct Twin {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    scripts: Arc<Mutex<HashMap<String, Script>>>,
}

impl Twin {
    /// Logins live for an hour and can be renewed; database users live for a minute and can be renewed.
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scripts: Arc<Mutex<HashMap<String, Script>>> = Arc::default();
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .policy(policy)
            .seed(7)
            .start();
        let twin = Self { network, time, scheduler, scripts };
        twin.serve(HOST);
        let mut logins = 0;
        twin.on(LOGIN, move |_| {
            logins += 1;
            reply(200, login(&format!("hvs.{logins}"), 3600))
        });
        twin.on(LOOKUP, |_| reply(200, json!({"data": {}})));
        twin.on(RENEW_LOGIN, |request| {
            let token = request.headers()["x-vault-token"].to_str().unwrap().to_owned();
            reply(200, login(&token, 3600))
        });
        let mut users = 0;
        twin.on(CREDS, move |_| {
            users += 1;
            reply(200, user(&format!("lease/{users}"), 60))
        });
        twin.on(RENEW_LEASE, |_| reply(200, json!({"lease_duration": 60, "renewable": true})));
        twin.on("auth/token/revoke-self", |_| reply(204, Value::Null));
        twin.on("sys/leases/revoke", |_| reply(204, Value::Null));
        twin
    }

    /// Puts the same server on the network under one more name.
    pub(crate) fn serve(&self, host: &str) {
        let scripts = self.scripts.clone();
        self.network.route(host, move |request| {
            let path = request.uri().path().trim_start_matches("/v1/").to_owned();
            let mut scripts = scripts.lock().unwrap();
            ready(match scripts.get_mut(&path) {
                Some(script) => script(&request),
                None => reply(404, json!({"errors": []})),
            })
        });
    }

    /// Answers this path so from now on.
    pub(crate) fn on(&self, path: &str, script: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
        self.scripts.lock().unwrap().insert(path.to_owned(), Box::new(script));
    }

    pub(crate) fn builder(&self) -> VaultBuilder {
        Vault::builder(format!("https://{HOST}"), "app", StaticText::new(JWT))
    }

    pub(crate) fn vault(&self) -> Vault {
        self.builder().build(&self.scheduler).unwrap()
    }

    /// The requests for a path so far, refused ones included.
    pub(crate) fn asked(&self, path: &str) -> Vec<Received> {
        let path = format!("/v1/{path}");
        self.network.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked(path).len()
    }

    /// Lets so many seconds pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }
}

pub(crate) fn reply(status: u16, body: Value) -> Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Response::builder().status(status).body(body).unwrap()
}

pub(crate) fn refuse(status: u16, text: &str) -> Response<Bytes> {
    reply(status, json!({ "errors": [text] }))
}

pub(crate) fn with_headers(mut response: Response<Bytes>, headers: &[(&'static str, &str)]) -> Response<Bytes> {
    response.headers_mut().extend(
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>(),
    );
    response
}

pub(crate) fn login(token: &str, seconds: u64) -> Value {
    json!({"auth": {
        "client_token": token, "accessor": "an-accessor", "policies": ["app", "default"],
        "lease_duration": seconds, "renewable": true, "token_type": "service", "num_uses": 0,
    }})
}

pub(crate) fn user(lease: &str, seconds: u64) -> Value {
    json!({"lease_id": lease, "lease_duration": seconds, "renewable": true,
        "data": {"username": format!("user of {lease}"), "password": "correct horse"}})
}

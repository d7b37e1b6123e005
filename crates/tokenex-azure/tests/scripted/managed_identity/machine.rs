//! A machine whose platform does what the test says.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokenex_azure::{ManagedIdentity, ManagedIdentityBuilder};
use tokenex_core::Scheduler;
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::transport::InMemory;

pub(crate) const IMDS: &str = "169.254.169.254";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";

type Script = Box<dyn FnMut(&Request<Bytes>) -> Response<Bytes> + Send>;

/// A network with a metadata service on it, and an environment. Drive it in a test that starts with time paused.
pub(crate) struct Machine {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    variables: Arc<Mutex<HashMap<String, String>>>,
    script: Arc<Mutex<Script>>,
}

impl Machine {
    /// Hands out tokens of an hour, a new one for each request, in the form of the metadata service.
    pub(crate) fn new() -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let (script, clock): (Script, _) = (Box::new(|_| reply(500, Value::Null)), time.clone());
        let machine =
            Self { network, time, scheduler, variables: Arc::default(), script: Arc::new(Mutex::new(script)) };
        machine.serve(IMDS);
        let mut tokens = 0;
        machine.on(move |_| {
            tokens += 1;
            reply(200, imds(&format!("token {tokens}"), now(&clock) + HOUR, &clock))
        });
        machine
    }

    /// Puts the platform on the network under one more name.
    pub(crate) fn serve(&self, host: &str) {
        let script = self.script.clone();
        self.network.route(host, move |request| ready(script.lock().unwrap()(&request)));
    }

    /// Answers so from now on.
    pub(crate) fn on(&self, script: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Sets a variable, now or later.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.variables.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn builder(&self) -> ManagedIdentityBuilder {
        let variables = self.variables.clone();
        ManagedIdentity::builder().variables(move |name| variables.lock().unwrap().get(name).cloned())
    }

    pub(crate) fn identity(&self) -> ManagedIdentity {
        self.builder().build().unwrap()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> usize {
        self.network.requests().len()
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }
}

pub(crate) const HOUR: u64 = 3600;

/// The wall clock as the platform sees it.
pub(crate) fn now(clock: &TestClock) -> u64 {
    epoch(clock.clock().wall())
}

pub(crate) fn epoch(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The metadata service's answer: each value is text.
pub(crate) fn imds(token: &str, expires_on: u64, clock: &TestClock) -> Value {
    json!({
        "access_token": token, "refresh_token": "", "token_type": "Bearer", "resource": "https://vault.azure.net",
        "expires_in": expires_on.saturating_sub(now(clock)).to_string(), "expires_on": expires_on.to_string(),
        "not_before": "0", "client_id": "11111111-2222-3333-4444-555555555555",
    })
}

pub(crate) fn reply(status: u16, body: Value) -> Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Response::builder().status(status).body(body).unwrap()
}

pub(crate) fn refuse(status: u16, error: &str, text: &str) -> Response<Bytes> {
    reply(status, json!({ "error": error, "error_description": text }))
}

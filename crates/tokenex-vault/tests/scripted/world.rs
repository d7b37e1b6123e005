//! The twin of Vault on a network in memory, and answers that the test says instead of its own.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Policy, Scheduler, TokenSource};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::vault::{Database, JwtRole, VaultTwin};
use tokenex_testkit::web::Received;
use tokenex_vault::{Vault, VaultBuilder};

pub(crate) const HOST: &str = "vault.test:8200";
pub(crate) const LOGIN: &str = "auth/jwt/login";
pub(crate) const LOOKUP: &str = "auth/token/lookup-self";
pub(crate) const RENEW_LOGIN: &str = "auth/token/renew-self";
pub(crate) const RENEW_LEASE: &str = "sys/leases/renew";
pub(crate) const REVOKE_LEASE: &str = "sys/leases/revoke";
pub(crate) const CREDS: &str = "database/creds/app";

pub(crate) const ISSUER: &str = "https://issuer.test";
const SUBJECT: &str = "workload";
const AUDIENCE: &str = "vault";

type Script = Box<dyn FnMut(&Request<Bytes>) -> Response<Bytes> + Send>;

/// Everything around one workload and the role that trusts it. Drive it in a test that starts with time paused.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) twin: VaultTwin,
    pub(crate) role: JwtRole,
    pub(crate) database: Database,
    issuer: IssuerKeys,
    scripts: Arc<Mutex<HashMap<String, Script>>>,
}

impl World {
    /// Logins live for an hour and can be renewed; database users live for a minute and can be renewed.
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .policy(policy)
            .seed(7)
            .start();
        let (issuers, twins) = (time.clone(), time.clone());
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, move || issuers.wall());
        let twin = VaultTwin::with_clock(move || twins.wall());
        twin.reach(&issuer);
        let role = twin.jwt_auth("jwt", ISSUER).role("app");
        role.audience(AUDIENCE).subject(SUBJECT).ttl(Duration::from_secs(3600));
        role.allow("database/*").allow("kv/*").allow("secret/*").allow(REVOKE_LEASE);
        let database = twin.database("database");
        database.role("app").ttl(Duration::from_secs(60));
        let world = Self { network, time, scheduler, twin, role, database, issuer, scripts: Arc::default() };
        world.serve(HOST);
        world
    }

    /// Puts the same server on the network under one more name.
    pub(crate) fn serve(&self, host: &str) {
        let (scripts, twin) = (self.scripts.clone(), self.twin.clone());
        self.network.route(host, move |request| {
            let path = request.uri().path().trim_start_matches("/v1/").to_owned();
            let mut scripts = scripts.lock().unwrap();
            ready(match scripts.get_mut(&path) {
                Some(script) => script(&request),
                None => twin.answer(&request),
            })
        });
    }

    /// Answers this path so from now on, whatever the twin would say.
    pub(crate) fn on(&self, path: &str, script: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
        self.scripts.lock().unwrap().insert(path.to_owned(), Box::new(script));
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for.
    pub(crate) fn identity(&self) -> impl TokenSource {
        let jwt = self.issuer.token().subject(SUBJECT);
        Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
    }

    /// A token of the workload for the server, to be changed.
    pub(crate) fn token(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience(AUDIENCE)
    }

    pub(crate) fn builder(&self) -> VaultBuilder {
        self.builder_for(self.identity())
    }

    pub(crate) fn builder_for(&self, identity: impl TokenSource) -> VaultBuilder {
        Vault::builder(format!("https://{HOST}"), "app", identity).audience(AUDIENCE)
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

//! A tenant that trusts one workload, on a network in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tokenex_azure::{AccessToken, Entra, EntraBuilder};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Handle, Scheduler, TokenSource};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EntraTwin, Federation, Tenant};
use tokenex_testkit::web::Received;

pub(crate) const HOST: &str = "login.microsoftonline.com";
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "repo:org/app:ref:refs/heads/main";

pub(crate) const ARM: &str = "https://management.azure.com/.default";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";
pub(crate) const GRAPH: &str = "https://graph.microsoft.com/.default";

/// Everything around one federated client. Drive it in a test that starts with time paused.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) issuer: IssuerKeys,
    pub(crate) twin: EntraTwin,
    pub(crate) tenant: Tenant,
    pub(crate) app: App,
    pub(crate) trust: Federation,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_twin_ahead(Duration::ZERO)
    }

    /// Entra's clock is ahead of everybody else's.
    pub(crate) fn with_twin_ahead(ahead: Duration) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let (issuers, twins) = (time.clone(), time.clone());
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, move || issuers.wall());
        let twin = EntraTwin::with_clock(move || twins.wall() + ahead);
        twin.reach(&issuer);
        twin.route(&network, HOST);
        let tenant = twin.tenant("contoso.example");
        let app = tenant.app("app");
        let trust = app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        Self { network, time, scheduler, issuer, twin, tenant, app, trust }
    }

    /// A token of the workload, without an audience.
    pub(crate) fn jwt(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT)
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for.
    pub(crate) fn identity(&self) -> impl TokenSource {
        let jwt = self.jwt();
        Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
    }

    pub(crate) fn builder(&self) -> EntraBuilder {
        self.builder_with(self.identity())
    }

    pub(crate) fn builder_with(&self, identity: impl TokenSource) -> EntraBuilder {
        Entra::federated(self.tenant.id(), self.app.client_id(), identity)
    }

    pub(crate) fn entra(&self) -> Entra {
        self.builder().build().unwrap()
    }

    pub(crate) fn keep(&self, entra: &Entra, scope: &str) -> Handle<AccessToken> {
        self.scheduler.keep(entra.token(scope).unwrap())
    }

    /// How many requests were sent to Entra, those that did not arrive included.
    pub(crate) fn count(&self) -> u64 {
        self.network.count(HOST)
    }

    /// Lets so many seconds pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }

    /// Entra answers so from now on, whatever it is asked.
    pub(crate) fn answers(&self, answer: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
        let answer = Arc::new(Mutex::new(answer));
        self.network.route(HOST, move |request| {
            let answer = (answer.lock().unwrap())(&request);
            async move { answer }
        });
    }
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

pub(crate) fn reply(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()
}

/// A field of a form, decoded.
pub(crate) fn field(request: &Received, name: &str) -> Option<String> {
    let body = String::from_utf8(request.to_request().into_body().to_vec()).unwrap();
    body.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        let value = percent_encoding::percent_decode_str(value).decode_utf8().unwrap();
        (found == name).then(|| value.into_owned())
    })
}

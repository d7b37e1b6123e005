//! A project that trusts one workload, on a network in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Attempt, Handle, Scheduler, TokenSource};
use tokenex_gcp::{AccessToken, Impersonation, ImpersonationBuilder, WorkloadIdentity, WorkloadIdentityBuilder};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::google::{Binding, GoogleTwin, IdentityProvider, Project, ServiceAccount};
use tokenex_testkit::web::Received;

pub(crate) const STS: &str = "sts.googleapis.com";
pub(crate) const IAM: &str = "iamcredentials.googleapis.com";
pub(crate) const OAUTH: &str = "oauth2.googleapis.com";
pub(crate) const METADATA: &str = "metadata.google.internal";

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "repo:org/app:ref:refs/heads/main";
pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(crate) const STORAGE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Everything around one workload and the service account that it may act as. Drive it in a test that starts with time
/// paused.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) issuer: IssuerKeys,
    pub(crate) twin: GoogleTwin,
    pub(crate) project: Project,
    pub(crate) provider: IdentityProvider,
    pub(crate) account: ServiceAccount,
    pub(crate) binding: Binding,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_twin_ahead(Duration::ZERO)
    }

    /// Google's clock is ahead of everybody else's.
    pub(crate) fn with_twin_ahead(ahead: Duration) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let (issuers, twins) = (time.clone(), time.clone());
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, move || issuers.wall());
        let twin = GoogleTwin::with_clock(move || twins.wall() + ahead);
        twin.reach(&issuer);
        for host in [STS, IAM, OAUTH] {
            twin.route(&network, host);
        }
        let project = twin.project("acme-prod", 123_456_789_012);
        let provider = project.provider("ci", "issuer", ISSUER);
        let account = project.service_account("deploy");
        let binding = account.bind(&provider.principal(SUBJECT));
        Self { network, time, scheduler, issuer, twin, project, provider, account, binding }
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

    pub(crate) fn builder(&self) -> WorkloadIdentityBuilder {
        self.builder_with(self.identity())
    }

    pub(crate) fn builder_with(&self, identity: impl TokenSource) -> WorkloadIdentityBuilder {
        WorkloadIdentity::builder(self.provider.audience(), identity)
    }

    /// The federated token, kept.
    pub(crate) fn federated(&self) -> Handle<AccessToken> {
        self.scheduler.keep(self.builder().build().unwrap())
    }

    pub(crate) fn acting(&self, base: &Handle<AccessToken>) -> ImpersonationBuilder {
        Impersonation::builder(self.account.email(), base.clone())
    }

    /// The service account's token on top of the federated one, kept.
    pub(crate) fn impersonated(&self) -> Handle<AccessToken> {
        self.scheduler.keep(self.acting(&self.federated()).build().unwrap())
    }

    /// An attempt of nobody, to ask a source by hand.
    pub(crate) fn attempt(&self) -> Attempt {
        Attempt::detached(self.time.clock(), self.network.transport(), Duration::from_secs(30))
    }

    /// How many requests were sent to a host, those that did not arrive included.
    pub(crate) fn count(&self, host: &str) -> u64 {
        self.network.count(host)
    }

    /// Lets so many seconds pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }

    /// A host answers so from now on, whatever it is asked.
    pub(crate) fn answers(&self, host: &str, answer: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
        let answer = Arc::new(Mutex::new(answer));
        self.network.route(host, move |request| {
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

/// A token as the Security Token Service hands it out.
pub(crate) fn federated_token(token: &str, expires_in: impl Into<Value>) -> Value {
    json!({"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer", "expires_in": expires_in.into()})
}

/// A field of a form, decoded.
pub(crate) fn field(request: &Received, name: &str) -> Option<String> {
    fields(std::str::from_utf8(request.body()).unwrap(), name)
}

/// A parameter of a query, decoded.
pub(crate) fn parameter(request: &Received, name: &str) -> Option<String> {
    fields(request.query(), name)
}

fn fields(text: &str, name: &str) -> Option<String> {
    text.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        let value = percent_encoding::percent_decode_str(value).decode_utf8().unwrap();
        (found == name).then(|| value.into_owned())
    })
}

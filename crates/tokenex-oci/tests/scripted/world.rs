//! A tenancy whose domain trusts one workload, on a network in memory.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Handle, Provider, Scheduler, TokenSource};
use tokenex_oci::{Domain, DomainBuilder, SessionToken};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::oci::{ConfidentialApp, IdentityDomain, OciTwin, Trust, User};
use tokenex_testkit::web::Received;

pub(crate) const HOST: &str = "idcs-1.identity.oraclecloud.com";
pub(crate) const STORAGE: &str = "https://objectstorage.eu-frankfurt-1.oraclecloud.com";

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "repo:org/app:ref:refs/heads/main";

/// Everything around one workload and the service user that it becomes. Drive it in a test that starts with time paused: keys
/// are made on real threads, and tokio lets no paused time pass meanwhile.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) issuer: IssuerKeys,
    pub(crate) oci: OciTwin,
    pub(crate) domain: IdentityDomain,
    pub(crate) app: ConfidentialApp,
    pub(crate) user: User,
    pub(crate) trust: Trust,
    ahead: Duration,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_twin_ahead(Duration::ZERO)
    }

    /// Oracle's clock is ahead of everybody else's.
    pub(crate) fn with_twin_ahead(ahead: Duration) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let (issuers, twins) = (time.clone(), time.clone());
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, move || issuers.wall());
        let oci = OciTwin::with_clock(move || twins.wall() + ahead);
        oci.reach(&issuer);
        let domain = oci.domain(HOST);
        domain.route(&network, HOST);
        let (app, user) = (domain.app("exchanger"), domain.user("deployer"));
        let trust = domain.trust("ci", ISSUER);
        trust.oauth_client(&app).audience(app.client_id());
        trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        Self { network, time, scheduler, issuer, oci, domain, app, user, trust, ahead }
    }

    /// A token of the workload that lives for two hours, without an audience.
    pub(crate) fn jwt(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).lifetime(Duration::from_secs(7200))
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for.
    pub(crate) fn identity(&self) -> impl TokenSource {
        let jwt = self.jwt();
        Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
    }

    /// One text for ever, for the application's client id.
    pub(crate) fn fixed(&self, jwt: &TokenBuilder) -> StaticText {
        StaticText::new(jwt.clone().audience(self.app.client_id()).sign())
    }

    pub(crate) fn builder(&self) -> DomainBuilder {
        self.builder_with(self.identity())
    }

    pub(crate) fn builder_with(&self, identity: impl TokenSource) -> DomainBuilder {
        let secret = StaticText::new(self.app.secret());
        Domain::builder(self.domain.url(), identity).client(self.app.client_id(), secret)
    }

    /// The service user's token, kept.
    pub(crate) fn session(&self) -> Handle<SessionToken> {
        self.session_with(self.identity())
    }

    pub(crate) fn session_with(&self, identity: impl TokenSource) -> Handle<SessionToken> {
        self.keep(self.builder_with(identity).build().unwrap().user_token())
    }

    pub(crate) fn keep(&self, provider: impl Provider<Credential = SessionToken>) -> Handle<SessionToken> {
        self.scheduler.keep(provider)
    }

    /// Calls the API with a token and its key: whether Oracle would take it, so whether both belong together.
    pub(crate) fn call(&self, token: &SessionToken) -> u16 {
        let request = Request::get(format!("{STORAGE}/n")).body(Bytes::new()).unwrap();
        let signed = token.signer().at(self.wall() + self.ahead).sign(request).unwrap();
        self.oci.answer(&signed).status().as_u16()
    }

    /// How many requests were sent to the domain, those that did not arrive included.
    pub(crate) fn count(&self) -> u64 {
        self.network.count(HOST)
    }

    /// The requests to the domain, in their order.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.network.requests_to(HOST)
    }

    pub(crate) fn wall(&self) -> SystemTime {
        self.time.wall()
    }

    /// Lets so many seconds pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }

    /// A host answers so from now on, whatever it is asked.
    pub(crate) fn answers(&self, host: &str, status: u16, body: &Value) {
        self.says(host, status, body.to_string());
    }

    /// As [`answers`](Self::answers), with any text.
    pub(crate) fn says(&self, host: &str, status: u16, body: impl Into<String>) {
        let body = Bytes::from(body.into());
        self.network.route(host, move |_| {
            let answer = Response::builder().status(status).body(body.clone()).unwrap();
            async move { answer }
        });
    }

    /// A session token as the domain would sign it, with these claims.
    pub(crate) fn upst(&self, lifetime: Duration) -> TokenBuilder {
        self.issuer.token().subject(self.user.ocid()).lifetime(lifetime)
    }
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// The answer of a domain.
pub(crate) fn token(text: impl Into<Value>) -> Value {
    json!({ "token": text.into() })
}

/// A field of a form, decoded.
pub(crate) fn field(request: &Received, name: &str) -> Option<String> {
    form_urlencoded::parse(request.body()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

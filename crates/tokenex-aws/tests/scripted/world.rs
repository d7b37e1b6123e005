//! An account whose roles trust one workload, on a network in memory.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex_aws::{AwsCredentials, WebIdentity, WebIdentityBuilder};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Handle, Provider, Scheduler, TokenSource};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::{Account, Exchange, Role, StsTwin};
use tokenex_testkit::web::Received;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const HOST: &str = "sts.eu-central-1.amazonaws.com";
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "system:serviceaccount:prod:api";
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
pub(crate) const ACCOUNT: &str = "123456789012";

/// Everything around one role. Drive it in a test that starts with time paused.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) issuer: IssuerKeys,
    pub(crate) twin: StsTwin,
    pub(crate) account: Account,
    /// Trusts the workload, and has sessions of up to 12 hours.
    pub(crate) role: Role,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_twin_ahead(Duration::ZERO)
    }

    /// AWS's clock is ahead of everybody else's.
    pub(crate) fn with_twin_ahead(ahead: Duration) -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let (issuers, twins) = (time.clone(), time.clone());
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, move || issuers.wall());
        let twin = StsTwin::with_clock(move || twins.wall() + ahead);
        twin.reach(&issuer);
        twin.route(&network, HOST);
        let account = twin.account(ACCOUNT);
        account.oidc_provider(ISSUER, AUDIENCE);
        let role = account.role("app");
        role.trust_subject(ISSUER, SUBJECT, AUDIENCE);
        role.maximum_session(Duration::from_secs(12 * 3600));
        Self { network, time, scheduler, issuer, twin, account, role }
    }

    /// A token of the workload, without an audience.
    pub(crate) fn jwt(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT)
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for.
    pub(crate) fn identity(&self) -> impl TokenSource + use<> {
        let jwt = self.jwt();
        Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
    }

    pub(crate) fn builder(&self) -> WebIdentityBuilder {
        self.builder_with(self.identity())
    }

    pub(crate) fn builder_with(&self, identity: impl TokenSource) -> WebIdentityBuilder {
        WebIdentity::builder(self.role.arn(), identity).region(REGION)
    }

    pub(crate) fn keep(&self, provider: impl Provider<Credential = AwsCredentials>) -> Handle<AwsCredentials> {
        self.scheduler.keep(provider)
    }

    /// The role's credentials, for the workload's identity.
    pub(crate) fn web_identity(&self) -> Handle<AwsCredentials> {
        self.keep(self.builder().build().unwrap())
    }

    /// Answers so from now on, in place of the twin.
    pub(crate) fn answers(&self, answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) {
        self.network.route(HOST, move |request| std::future::ready(answer(&request)));
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.network.requests_to(HOST)
    }

    /// The last call that the twin judged.
    pub(crate) fn last(&self) -> Exchange {
        self.twin.exchanges().pop().expect("there was a call")
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

pub(crate) fn reply(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder().status(status).body(body.into()).unwrap()
}

/// A refusal in STS's form.
pub(crate) fn refuse(status: u16, code: &str, message: &str) -> Response<Bytes> {
    reply(
        status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>"
        ),
    )
}

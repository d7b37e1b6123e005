//! All clouds at once, on a network in memory.

use std::time::Duration;

use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Scheduler, TokenSource};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::twins::azure::EntraTwin;
use tokenex_testkit::twins::google::GoogleTwin;
use tokenex_testkit::twins::vault::VaultTwin;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const STS: &str = "sts.eu-central-1.amazonaws.com";
pub(crate) const ENTRA: &str = "login.microsoftonline.com";
pub(crate) const GOOGLE_STS: &str = "sts.googleapis.com";
pub(crate) const GOOGLE_IAM: &str = "iamcredentials.googleapis.com";
const GOOGLE_OAUTH: &str = "oauth2.googleapis.com";
pub(crate) const VAULT: &str = "vault.test:8200";

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "system:serviceaccount:prod:api";

/// The clouds, empty, and a workload that none of them trusts yet. Drive it in a test that starts with time paused.
pub(crate) struct World {
    pub(crate) network: InMemory,
    pub(crate) time: TestClock,
    pub(crate) scheduler: Scheduler,
    pub(crate) issuer: IssuerKeys,
    pub(crate) sts: StsTwin,
    pub(crate) entra: EntraTwin,
    pub(crate) google: GoogleTwin,
    pub(crate) vault: VaultTwin,
}

impl World {
    pub(crate) fn new() -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(time.clock())
            .transport(network.clone())
            .seed(7)
            .start();
        let wall = || {
            let time = time.clone();
            move || time.wall()
        };
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, wall());
        let (sts, entra) = (StsTwin::with_clock(wall()), EntraTwin::with_clock(wall()));
        let (google, vault) = (GoogleTwin::with_clock(wall()), VaultTwin::with_clock(wall()));
        sts.reach(&issuer);
        sts.route(&network, STS);
        entra.route(&network, ENTRA);
        for host in [GOOGLE_STS, GOOGLE_IAM, GOOGLE_OAUTH] {
            google.route(&network, host);
        }
        vault.reach(&issuer);
        vault.route(&network, VAULT);
        Self { network, time, scheduler, issuer, sts, entra, google, vault }
    }

    /// The workload's token source: a new token each time, for whatever audience is asked for.
    pub(crate) fn identity(&self) -> impl TokenSource + use<> {
        let jwt = self.issuer.token().subject(SUBJECT);
        Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
    }

    /// What the scheduler keeps, by name.
    pub(crate) async fn kept(&self) -> Vec<String> {
        self.scheduler.status().await.into_iter().map(|status| status.name).collect()
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

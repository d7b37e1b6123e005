//! What the tests stand on: the twin of Entra on a socket, a tenant in it, and a workload with an issuer of its own.

use std::future::Future;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokenex_azure::{Cloud, Entra, EntraBuilder};
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Closure;
use tokenex_core::{Scheduler, TokenSource};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EntraTwin, Tenant};
use tokenex_testkit::twins::{Served, Twin as _};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const STORAGE: &str = "https://storage.azure.com/.default";

/// The subject that the applications of the tests trust.
pub(crate) const SUBJECT: &str = "repo:contoso/app:ref:refs/heads/main";

const ISSUER: &str = "https://issuer.test";

/// Entra over https, with a CA that nobody else knows.
pub(crate) struct World {
    pub(crate) entra: EntraTwin,
    pub(crate) tenant: Tenant,
    pub(crate) certificates: Certificates,
    pub(crate) served: Served,
    issuer: IssuerKeys,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (issuer, entra) = (IssuerKeys::new(ISSUER), EntraTwin::new());
        entra.reach(&issuer);
        let tenant = entra.tenant("contoso.onmicrosoft.com");
        let certificates = Certificates::for_loopback();
        let served = entra.serve_tls(&certificates).await.unwrap();
        Self { entra, tenant, certificates, served, issuer }
    }

    /// An application that trusts the workload.
    pub(crate) fn app(&self) -> App {
        self.trusting(self.tenant.app("deployer"))
    }

    pub(crate) fn trusting(&self, app: App) -> App {
        app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        app
    }

    /// A workload's assertion about this subject.
    pub(crate) fn assertion(&self, subject: &str) -> String {
        self.issuer.token().subject(subject).audience(EXCHANGE_AUDIENCE).lifetime(60 * SECOND).sign()
    }

    /// A workload with this subject: a new token each time.
    pub(crate) fn identity(&self, subject: &str) -> impl TokenSource {
        let token = self.issuer.token().subject(subject).audience(EXCHANGE_AUDIENCE).lifetime(60 * SECOND);
        Closure::plain(move |_| Ok(token.sign()))
    }

    /// The application as our crate speaks for it, at this address.
    pub(crate) fn client_at(&self, address: &str, app: &App, subject: &str) -> EntraBuilder {
        Entra::federated(self.tenant.id(), app.client_id(), self.identity(subject)).cloud(Cloud::at(address).unwrap())
    }

    /// The application as our crate speaks for it. It trusts the CA.
    pub(crate) fn client(&self, app: &App) -> Entra {
        self.client_at(&self.served.url(), app, SUBJECT).ca_pem(self.certificates.ca_pem()).build().unwrap()
    }

    /// The authority of the tenant, as other clients want it.
    pub(crate) fn authority(&self) -> String {
        format!("{}/{}", self.served.localhost_url(), self.tenant.id())
    }
}

/// A scheduler that talks to sockets.
pub(crate) fn scheduler() -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new().unwrap()).start()
}

/// What a token says. Whether that is true is for those to verify who take it.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Waits until it holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "it does not come about that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

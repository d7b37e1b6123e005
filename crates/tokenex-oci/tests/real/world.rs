//! What the tests stand on: a tenancy with an identity domain on sockets, a service user in it, and a workload with an issuer of
//! its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{Handle, Scheduler};
use tokenex_oci::{Domain, SessionToken};
use tokenex_testkit::issuer::{IssuerKeys, TokenBuilder};
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::oci::{Bucket, ConfidentialApp, IdentityDomain, OciTwin, Trust, User};
use tokenex_testkit::twins::{Served, Twin as _};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const REGION: &str = "eu-frankfurt-1";

/// The subject that becomes the service user.
pub(crate) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// A subject that the trust makes nobody of.
pub(crate) const STRANGER: &str = "repo:acme/other";

/// A secret with everything in it that clients may get wrong.
const CLIENT_SECRET: &str = "se:c%2Bret+/=&ü";

const ISSUER: &str = "https://issuer.test";

pub(crate) struct World {
    pub(crate) oci: OciTwin,
    pub(crate) domain: IdentityDomain,
    pub(crate) app: ConfidentialApp,
    pub(crate) trust: Trust,
    pub(crate) user: User,
    /// The service user may use it.
    pub(crate) bucket: Bucket,
    pub(crate) issuer: IssuerKeys,
    pub(crate) domain_served: Served,
    pub(crate) api_served: Served,
    pub(crate) folder: Folder,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (issuer, oci) = (IssuerKeys::new(ISSUER), OciTwin::new());
        oci.reach(&issuer);
        let domain = oci.domain("idcs-1.identity.oraclecloud.com");
        let app = domain.app_with("exchanger", CLIENT_SECRET);
        let user = domain.user("deployer");
        let trust = domain.trust("ci", ISSUER);
        trust.oauth_client(&app).audience(app.client_id());
        trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        let bucket = oci.bucket("backups");
        bucket.allow_user(&user);
        let (domain_served, api_served) = (domain.serve().await.unwrap(), oci.serve().await.unwrap());
        Self { oci, domain, app, trust, user, bucket, issuer, domain_served, api_served, folder: Folder::new() }
    }

    /// A workload's identity token about this subject.
    pub(crate) fn jwt(&self, subject: &str) -> TokenBuilder {
        self.issuer.token().subject(subject).audience(self.app.client_id())
    }

    /// The crate's own view of the domain at this address.
    pub(crate) fn own_domain(&self, url: &str, subject: &str) -> Domain {
        let jwt = self.jwt(subject);
        Domain::builder(url, Closure::plain(move |_| Ok(jwt.sign())))
            .client(self.app.client_id(), StaticText::new(self.app.secret()))
            .build()
            .unwrap()
    }

    /// The crate's own session token of the service user, kept.
    pub(crate) fn session(&self, scheduler: &Scheduler) -> Handle<SessionToken> {
        scheduler.keep(self.own_domain(&self.domain_served.url(), SUBJECT).user_token())
    }

    /// Where the API is, with the namespace: `http://127.0.0.1:43211/n/acme`.
    pub(crate) fn namespace_url(&self) -> String {
        format!("{}/n/{}", self.api_served.url(), self.oci.namespace())
    }

    /// Whose calls were answered, in their order.
    pub(crate) fn callers(&self) -> Vec<String> {
        let calls = self.oci.calls();
        calls.iter().filter(|call| call.code().is_none()).map(|call| call.principal.clone()).collect()
    }

    /// What a script needs to make the exchange as Oracle documents it.
    pub(crate) fn question(&self, subject: &str) -> Value {
        json!({
            "jwt": self.jwt(subject).sign(),
            "domain": self.domain_served.url(),
            "client_id": self.app.client_id(),
            "client_secret": self.app.secret(),
            "region": REGION,
            "api": self.api_served.url(),
            "bucket": self.bucket.name(),
        })
    }
}

/// A scheduler that talks to sockets.
pub(crate) fn scheduler() -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new().unwrap()).start()
}

/// A client of one's own, for signed requests.
pub(crate) fn client() -> reqwest::Client {
    // The twin speaks http here: the certificates are only there because the client must be given some.
    let tls = (*Certificates::for_loopback().client_config()).clone();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE);
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A script beside these tests, given this question: what it prints.
pub(crate) async fn ask(name: &str, question: &Value, adjust: impl FnOnce(PythonScript) -> PythonScript) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python").join(name);
    let script = PythonScript::new(script).unwrap();
    let end = adjust(script.input(question.to_string())).run().await.unwrap();
    assert!(end.succeeded(), "{}", end.stderr());
    serde_json::from_str(end.stdout()).unwrap()
}

/// A folder for one test, readable by its owner only, that goes with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("tokenex-oci-{:016x}", fastrand::u64(..));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is only litter under `target/`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

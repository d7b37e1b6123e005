//! What the tests stand on: the twin of Google's token services on a socket, a provider and a service account in it, and a
//! workload with an issuer of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokenex_core::Scheduler;
use tokenex_core::http::HttpTransport;
use tokenex_testkit::issuer::{IssuerKeys, TokenBuilder};
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider, Project, ServiceAccount};
use tokenex_testkit::twins::{Served, Twin as _};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The subject that may act as the service account.
pub(crate) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// A subject that the provider takes, and that may not act as anybody.
pub(crate) const STRANGER: &str = "repo:acme/other";

pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

const ISSUER: &str = "https://issuer.test";

pub(crate) struct World {
    pub(crate) google: GoogleTwin,
    pub(crate) project: Project,
    pub(crate) provider: IdentityProvider,
    pub(crate) account: ServiceAccount,
    pub(crate) served: Served,
    pub(crate) issuer: IssuerKeys,
    pub(crate) folder: Folder,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (issuer, google) = (IssuerKeys::new(ISSUER), GoogleTwin::new());
        google.reach(&issuer);
        let project = google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("ci", "issuer", ISSUER);
        let account = project.service_account("deployer");
        account.bind(&provider.principal(SUBJECT));
        let served = google.serve().await.unwrap();
        Self { google, project, provider, account, served, issuer, folder: Folder::new() }
    }

    /// A workload's identity token about this subject.
    pub(crate) fn jwt(&self, subject: &str) -> String {
        self.token(subject).sign()
    }

    pub(crate) fn token(&self, subject: &str) -> TokenBuilder {
        self.issuer.token().subject(subject).audience(self.provider.token_audience())
    }

    /// A credential file for this source, without a service account.
    pub(crate) fn federated(&self, source: Value) -> Value {
        json!({
            "type": "external_account",
            "audience": self.provider.audience(),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{}/v1/token", self.served.url()),
            "credential_source": source,
        })
    }

    /// A credential file for this source, with the service account.
    pub(crate) fn impersonated(&self, source: Value) -> Value {
        let mut file = self.federated(source);
        file["service_account_impersonation_url"] = json!(self.account.impersonation_url(&self.served.url()));
        file
    }

    /// The source of a token in a file. Neither of Google's clients trims what it reads, so there is no final newline.
    pub(crate) fn file_source(&self, subject: &str) -> Value {
        json!({ "file": self.folder.write("token", &self.jwt(subject)) })
    }

    /// Whose this access token is, as a policy names it.
    #[track_caller]
    pub(crate) fn holder(&self, token: &str) -> String {
        self.google.access(token).expect("the token is none of the twin's").member
    }
}

/// A scheduler that talks to sockets.
pub(crate) fn scheduler() -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new().unwrap()).start()
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
        let name = format!("tokenex-gcp-{:016x}", fastrand::u64(..));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
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

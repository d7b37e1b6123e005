//! What the tests stand on: the twin of STS on a socket, an account with two roles in it, and a workload with an issuer of
//! its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokenex_aws::{WebIdentity, WebIdentityBuilder};
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Closure;
use tokenex_core::{Scheduler, TokenSource};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::twins::aws::{Account, Role, StsTwin, TrustStatement};
use tokenex_testkit::twins::{Served, Twin as _};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const REGION: &str = "eu-west-1";

/// The subject that the first role trusts.
pub(crate) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

const ISSUER: &str = "https://issuer.test";
const AUDIENCE: &str = "sts.amazonaws.com";

pub(crate) struct World {
    pub(crate) sts: StsTwin,
    pub(crate) account: Account,
    /// Trusts the workload.
    pub(crate) deployer: Role,
    /// Trusts the first role, with an external id.
    pub(crate) auditor: Role,
    pub(crate) served: Served,
    pub(crate) issuer: IssuerKeys,
}

pub(crate) const EXTERNAL_ID: &str = "order-7";

impl World {
    pub(crate) async fn new() -> Self {
        let (issuer, sts) = (IssuerKeys::new(ISSUER), StsTwin::new());
        sts.reach(&issuer);
        let account = sts.account("123456789012");
        account.oidc_provider(ISSUER, AUDIENCE);
        let deployer = account.role("deployer");
        deployer.trust_subject(ISSUER, SUBJECT, AUDIENCE);
        let auditor = account.role("auditor");
        auditor.trust(TrustStatement::principal(deployer.arn()).external_id(EXTERNAL_ID));
        let served = sts.serve().await.unwrap();
        Self { sts, account, deployer, auditor, served, issuer }
    }

    /// A workload's identity token about this subject.
    pub(crate) fn jwt(&self, subject: &str) -> String {
        self.issuer.token().subject(subject).audience(AUDIENCE).sign()
    }

    /// A workload with this subject: a new token each time.
    pub(crate) fn identity(&self, subject: &str) -> impl TokenSource + use<> {
        let token = self.issuer.token().subject(subject).audience(AUDIENCE);
        Closure::plain(move |_| Ok(token.sign()))
    }

    /// The first role as our crate asks for it at this endpoint.
    pub(crate) fn web_identity_at(&self, endpoint: &str, subject: &str) -> WebIdentityBuilder {
        WebIdentity::builder(self.deployer.arn(), self.identity(subject)).region(REGION).endpoint(endpoint)
    }
}

/// A scheduler that talks to sockets.
pub(crate) fn scheduler() -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new().unwrap()).start()
}

/// A script beside these tests, given this question: what it prints.
pub(crate) async fn ask(name: &str, question: &Value, adjust: impl FnOnce(PythonScript) -> PythonScript) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python").join(name);
    // Else boto3 looks for a machine to run on.
    let script = PythonScript::new(script).unwrap().variable("AWS_EC2_METADATA_DISABLED", "true");
    let end = adjust(script.input(question.to_string())).run().await.unwrap();
    assert!(end.succeeded(), "{}", end.stderr());
    serde_json::from_str(end.stdout()).unwrap()
}

/// A folder for one test, readable by its owner only, that goes with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("tokenex-aws-{:016x}", fastrand::u64(..));
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

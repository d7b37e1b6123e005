//! What the tests stand on: an issuer, twins of targets on sockets, and a file that names them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokenex_testkit::issuer::{IssuerKeys, TokenBuilder};
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::twins::google::GoogleTwin;
use tokenex_testkit::twins::vault::{Database, DatabaseRole, JwtRole, VaultTwin};
use tokenex_testkit::twins::{Served, Twin as _};

use crate::program::{PATIENCE, Program, tokenex};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// The credentials `db` (leases of Vault), `kv` (a stored secret), `deploy` (AWS), `robot` and `pool` (Google), and `jwt`
/// (the identity token itself). `pool` and `jwt` come from the same identity.
pub(crate) struct World {
    pub(crate) issuer: IssuerKeys,
    pub(crate) vault: VaultTwin,
    pub(crate) login: JwtRole,
    pub(crate) database: Database,
    pub(crate) database_role: DatabaseRole,
    pub(crate) sts: StsTwin,
    pub(crate) google: GoogleTwin,
    pub(crate) folder: Folder,
    at_vault: Served,
    _others: [Served; 2],
}

impl World {
    pub(crate) async fn new() -> Self {
        let issuer = IssuerKeys::new(ISSUER);
        let (vault, sts, google) = (VaultTwin::new(), StsTwin::new(), GoogleTwin::new());
        vault.reach(&issuer);
        sts.reach(&issuer);
        google.reach(&issuer);
        let login = vault.jwt_auth("jwt", ISSUER).role("app");
        login.audience("vault").subject(SUBJECT).allow("database/creds/app").allow("secret/data/app");
        login.allow("sys/leases/revoke");
        let database = vault.database("database");
        let database_role = database.role("app");
        database_role.ttl(60 * SECOND).max_ttl(600 * SECOND);
        vault.kv2("secret").put("app", serde_json::json!({ "key": "it's $HOME", "level": 3 }));
        let account = sts.account("123456789012");
        account.oidc_provider(ISSUER, "sts.amazonaws.com");
        let role = account.role("deployer");
        role.trust_subject(ISSUER, SUBJECT, "sts.amazonaws.com");
        let project = google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("ci", "issuer", ISSUER);
        let robot = project.service_account("deployer");
        robot.bind(&provider.principal(SUBJECT));
        let (at_vault, at_aws, at_google) = tokio::try_join!(vault.serve(), sts.serve(), google.serve()).unwrap();
        let (audience, email) = (provider.audience(), robot.email());
        let folder = Folder::new();
        let file = format!(
            r#"version = 1
[identity.vault]
source = "file"
path = "vault.jwt"
[identity.aws]
source = "file"
path = "aws.jwt"
[identity.google]
source = "file"
path = "google.jwt"
[credential.db]
provider = "vault"
identity = "vault"
address = "{vault}"
role = "app"
audience = "vault"
path = "database/creds/app"
[credential.kv]
provider = "vault"
identity = "vault"
address = "{vault}"
role = "app"
audience = "vault"
path = "secret/data/app"
[credential.deploy]
provider = "aws"
identity = "aws"
role_arn = "{role}"
region = "eu-west-1"
endpoint_url = "{aws}"
[credential.pool]
provider = "gcp"
identity = "google"
audience = "{audience}"
token_url = "{google}/v1/token"
[credential.robot]
provider = "gcp"
identity = "google"
audience = "{audience}"
token_url = "{google}/v1/token"
service_account = "{email}"
iam_endpoint = "{google}"
[credential.jwt]
provider = "passthrough"
identity = "google"
"#,
            vault = at_vault.url(),
            aws = at_aws.url(),
            google = at_google.url(),
            role = role.arn(),
        );
        folder.write("tokenex.toml", &file);
        let world = Self {
            issuer,
            vault,
            login,
            database,
            database_role,
            sts,
            google,
            folder,
            at_vault,
            _others: [at_aws, at_google],
        };
        world.present(SUBJECT);
        world.folder.write("google.jwt", &world.token(SUBJECT).audience(provider.token_audience()).sign());
        world
    }

    /// Puts new identity tokens about this subject in place, for Vault and for AWS.
    pub(crate) fn present(&self, subject: &str) {
        self.folder.write("vault.jwt", &self.token(subject).audience("vault").sign());
        self.folder.write("aws.jwt", &self.token(subject).audience("sts.amazonaws.com").sign());
    }

    pub(crate) fn token(&self, subject: &str) -> TokenBuilder {
        self.issuer.token().subject(subject).lifetime(600 * SECOND)
    }

    /// The program with the file, which goes before the command.
    pub(crate) fn tokenex(&self, arguments: &[&str]) -> Program {
        let file = self.folder.path("tokenex.toml");
        tokenex(["-c", file.to_str().unwrap()].iter().chain(arguments))
    }

    pub(crate) fn vault_url(&self) -> String {
        self.at_vault.url()
    }

    /// The database users that can log in now.
    pub(crate) fn users(&self) -> Vec<String> {
        self.database.alive_at(std::time::SystemTime::now())
    }
}

/// Waits until it holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it does not come about that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A folder for one test, readable by its owner only, that goes with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("tokenex-cli-{:016x}", fastrand::u64(..));
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

    /// The names of what is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is only litter under `target/`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

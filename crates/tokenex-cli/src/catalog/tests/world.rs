//! All targets, and an issuer that the file asks by its address.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex::core::time::TimeSource as _;
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::twins::azure::EntraTwin;
use tokenex_testkit::twins::google::GoogleTwin;
use tokenex_testkit::twins::oci::OciTwin;
use tokenex_testkit::twins::vault::VaultTwin;

use crate::catalog::{Catalog, Managed, Snapshot, Surroundings};
use crate::config::{self, Config, Place, Problem, SourceText};

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "system:serviceaccount:prod:api";
pub(super) const VAULT: &str = "vault.test:8200";

/// An identity that every file has: a new token each time, for whatever audience is asked for.
const JOB: &str = r#"
version = 1
[identity.job]
source = "url"
url = "https://issuer.test/token?audience={audience}"
field = "value"
headers = { authorization = { file = "issuer.secret" } }
"#;

/// Where files of tests stand; it holds what the identity `job` needs.
pub(super) fn folder() -> PathBuf {
    // Once: a file that is being written is empty for a moment.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/catalog");
        std::fs::create_dir_all(&folder).unwrap();
        write_secret(&folder.join("issuer.secret"), "Bearer let-me\n");
        folder
    });
    FOLDER.clone()
}

/// A file that only its owner may write to; it goes with this.
pub(super) struct SecretFile(pub(super) PathBuf);

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Each test has names of its own.
pub(super) fn secret_file(name: &str, text: &str) -> SecretFile {
    let path = folder().join(name);
    write_secret(&path, text);
    SecretFile(path)
}

fn write_secret(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Everything there is, empty, and a workload that nobody trusts yet. Drive it in a test that starts with time paused.
pub(super) struct World {
    pub(super) network: InMemory,
    pub(super) time: TestClock,
    pub(super) issuer: IssuerKeys,
    pub(super) sts: StsTwin,
    pub(super) entra: EntraTwin,
    pub(super) google: GoogleTwin,
    pub(super) oci: OciTwin,
    pub(super) vault: VaultTwin,
}

impl World {
    pub(super) fn new() -> Self {
        let (network, time) = (InMemory::new(), TestClock::new());
        let wall = || {
            let time = time.clone();
            move || time.wall()
        };
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, wall());
        let (sts, entra) = (StsTwin::with_clock(wall()), EntraTwin::with_clock(wall()));
        let (google, vault) = (GoogleTwin::with_clock(wall()), VaultTwin::with_clock(wall()));
        let oci = OciTwin::with_clock(wall());
        sts.reach(&issuer);
        sts.route(&network, "sts.eu-central-1.amazonaws.com");
        entra.reach(&issuer);
        entra.route(&network, "login.microsoftonline.com");
        google.reach(&issuer);
        for host in ["sts.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com"] {
            google.route(&network, host);
        }
        oci.reach(&issuer);
        vault.reach(&issuer);
        vault.route(&network, VAULT);
        let world = Self { network, time, issuer, sts, entra, google, oci, vault };
        world.serve_tokens();
        world
    }

    /// The issuer hands out a token for the audience in the query, to whoever shows the header.
    fn serve_tokens(&self) {
        let jwt = self.issuer.token().subject(SUBJECT).lifetime(Duration::from_secs(7200));
        self.network.route("issuer.test", move |request: Request<Bytes>| {
            let may = request.headers().get("authorization").is_some_and(|value| value == "Bearer let-me");
            let audience = request.uri().query().unwrap_or_default().trim_start_matches("audience=").to_owned();
            let audience = percent_decoded(&audience);
            let answer = match may {
                true => {
                    Response::new(Bytes::from(format!(r#"{{"value":"{}"}}"#, jwt.clone().audience(audience).sign())))
                }
                false => Response::builder().status(401).body(Bytes::new()).unwrap(),
            };
            async move { answer }
        });
    }

    /// A role of Vault that the workload may log in as.
    pub(super) fn vault_role(&self, name: &str) -> tokenex_testkit::twins::vault::JwtRole {
        let role = self.vault.jwt_auth("jwt", ISSUER).role(name);
        role.audience("vault").subject(SUBJECT).ttl(minutes(60)).max_ttl(minutes(24 * 60));
        role.allow("database/*").allow("secret/*").allow("kv/*").allow("sys/leases/revoke");
        role
    }

    /// The credentials of a file that begins with the identity `job`.
    pub(super) async fn open(&self, credentials: &str) -> Catalog {
        self.open_some(credentials, &[]).await
    }

    pub(super) async fn open_some(&self, credentials: &str, names: &[&str]) -> Catalog {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Catalog::open_in(&config(credentials), &names, self.surroundings()).await.unwrap()
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings { transport: Some(self.network.transport()), clock: self.time.clock(), seed: Some(7) }
    }

    pub(super) async fn seconds(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds)).await;
        self.time.settle().await;
    }

    /// Looks at the credential each minute, which is never missing. Returns how many there were.
    pub(super) async fn watch(&self, managed: &Managed, for_minutes: u64) -> u64 {
        for _ in 0..for_minutes {
            self.seconds(60).await;
            let held = managed.current().unwrap_or_else(|| panic!("a gap: {}", managed.status()));
            assert!(held.expires_at.is_none_or(|at| at > self.time.wall()));
        }
        managed.current().unwrap().generation
    }
}

/// A file without problems.
pub(super) fn config(credentials: &str) -> Config {
    let text = SourceText::new("tokenex.toml", &format!("{JOB}{credentials}"));
    let variable = |_: &str| None;
    let parsed = config::parse(&text, &Place { folder: &folder(), variable: &variable });
    let errors: Vec<_> = parsed.problems.into_iter().filter(Problem::is_error).collect();
    assert!(errors.is_empty(), "{}", config::report(&errors, &text, false));
    parsed.config.unwrap()
}

/// The credential, once it is there.
pub(super) async fn ready(catalog: &Catalog, name: &str) -> Snapshot {
    catalog.get(name).unwrap().ready(minutes(1)).await.unwrap()
}

/// The text of a field.
pub(super) fn field(snapshot: &Snapshot, name: &str) -> String {
    snapshot.value.field(name).unwrap().expose().to_owned()
}

pub(super) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

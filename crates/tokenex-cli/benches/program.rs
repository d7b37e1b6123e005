//! How long the program takes: from its start to the first byte that it prints.
//!
//! `cargo bench -p tokenex-cli --bench program`. `inspect` and `get` of an identity token from a file touch no network. The others make
//! one exchange each with twins in this process, over https on loopback, as a shell script would: a new process and new connections
//! each time. The first line is what starting any process costs here, so that the differences hold on any machine.
#![allow(missing_docs, clippy::print_stdout)]

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::twins::vault::VaultTwin;

const TIMES: usize = 500;
const WARM_UP: usize = 20;
const ISSUER: &str = "https://issuer.test";
const SUBJECT: &str = "bench";
const ROLE: &str = "arn:aws:iam::123456789012:role/bench";

fn main() {
    let folder = Folder::new();
    let twins = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let _served = twins.block_on(serve(&folder));
    println!("{TIMES} times, in milliseconds from the start of the process to its first byte");
    println!("{:<36}{:>10}{:>10}{:>10}", "", "median", "p99", "max");
    report("another program (echo)", || Command::new("echo"));
    let tokenex = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenex"));
        command.args(arguments).current_dir(&folder.0);
        command
    };
    report("inspect", || tokenex(&["inspect", "token.jwt"]));
    report("get, the identity token", || tokenex(&["get", "jwt"]));
    report("get, AWS: one request", || tokenex(&["get", "role"]));
    report("get, Vault: login and secret", || tokenex(&["get", "secret"]));
}

/// Two targets, a token that both take, and the file that names them.
async fn serve(folder: &Folder) -> impl Sized {
    let (issuer, certificates) = (IssuerKeys::new(ISSUER), Certificates::for_loopback());
    let sts = StsTwin::new();
    sts.reach(&issuer);
    let account = sts.account("123456789012");
    account.oidc_provider(ISSUER, "bench");
    account.role("bench").trust_subject(ISSUER, SUBJECT, "bench");
    let vault = VaultTwin::new();
    vault.reach(&issuer);
    vault.jwt_auth("jwt", ISSUER).role("bench").audience("bench").subject(SUBJECT).allow("secret/data/bench");
    vault.kv2("secret").put("bench", serde_json::json!({ "key": "value" }));
    let aws = sts.serve_tls(&certificates).await.expect("a port");
    let vault = vault.serve_tls(&certificates).await.expect("a port");
    let token = issuer.token().subject(SUBJECT).audience("bench").lifetime(Duration::from_secs(3600)).sign();
    folder.write("token.jwt", &token);
    folder.write("ca.pem", certificates.ca_pem());
    folder.write("tokenex.toml", &file(&aws.url(), &vault.url()));
    (aws, vault)
}

fn file(aws: &str, vault: &str) -> String {
    format!(
        r#"version = 1
http.ca_file = "ca.pem"
identity.file = {{ source = "file", path = "token.jwt" }}
[credential]
jwt = {{ provider = "passthrough", identity = "file" }}
[credential.role]
provider = "aws"
identity = "file"
audience = "bench"
role_arn = "{ROLE}"
region = "eu-central-1"
endpoint_url = "{aws}"
[credential.secret]
provider = "vault"
identity = "file"
audience = "bench"
address = "{vault}"
role = "bench"
path = "secret/data/bench"
"#
    )
}

fn report(what: &str, command: impl Fn() -> Command) {
    let mut times: Vec<Duration> = (0..WARM_UP + TIMES).map(|_| first_byte(command())).skip(WARM_UP).collect();
    times.sort();
    let last = times.len() - 1;
    let [median, p99, max] = [last / 2, last - last / 100, last].map(|index| times[index].as_secs_f64() * 1e3);
    println!("{what:<36}{median:>10.1}{p99:>10.1}{max:>10.1}");
}

/// Runs it to its end, which must be a good one.
fn first_byte(mut command: Command) -> Duration {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = child.stdout.take().expect("its output is piped");
    stdout.read_exact(&mut [0]).expect("it prints something");
    let took = began.elapsed();
    stdout.read_to_end(&mut Vec::new()).expect("its output ends");
    assert!(child.wait().expect("it ends").success());
    took
}

/// A folder that goes with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tokenex-bench-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is only litter under `target/`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

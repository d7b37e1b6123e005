//! `credential-process` as the SDKs of AWS read it: those for Python and Rust, unmodified.

use std::path::{Path, PathBuf};

use aws_config::credential_process::CredentialProcessProvider;
use aws_credential_types::provider::ProvideCredentials as _;
use serde_json::Value;
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::twins::{Served, Twin as _};

use crate::folder::Folder;
use crate::program::PROGRAM;

const ISSUER: &str = "https://issuer.test";
const AUDIENCE: &str = "sts.amazonaws.com";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

struct World {
    sts: StsTwin,
    served: Served,
    issuer: IssuerKeys,
    folder: Folder,
    file: PathBuf,
}

impl World {
    async fn new() -> Self {
        let (issuer, sts) = (IssuerKeys::new(ISSUER), StsTwin::new());
        sts.reach(&issuer);
        let account = sts.account("123456789012");
        account.oidc_provider(ISSUER, AUDIENCE);
        let role = account.role("deployer");
        role.trust_subject(ISSUER, SUBJECT, AUDIENCE);
        let served = sts.serve().await.unwrap();
        let folder = Folder::new();
        let file = format!(
            r#"version = 1
[identity.ci]
source = "file"
path = "token.jwt"
[credential.deploy]
provider = "aws"
identity = "ci"
role_arn = "{}"
region = "eu-west-1"
endpoint_url = "{}"
"#,
            role.arn(),
            served.url()
        );
        let file = folder.write("tokenex.toml", &file);
        let world = Self { sts, served, issuer, folder, file };
        world.present(SUBJECT);
        world
    }

    fn present(&self, subject: &str) {
        self.folder.write("token.jwt", &self.issuer.token().subject(subject).audience(AUDIENCE).sign());
    }

    fn command(&self) -> String {
        format!("'{PROGRAM}' -c '{}' get deploy --format credential-process", self.file.display())
    }

    /// Who boto3 is, with this program in its profile.
    async fn boto3(&self) -> Value {
        let profile = format!("[default]\ncredential_process = {}\n", self.command());
        let profile = self.folder.write("config", &profile);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python/credential_process.py");
        // The program gets the environment of the script, and a machine always trusts somebody.
        let script = PythonScript::new(script).unwrap().trust(Certificates::for_loopback().ca_pem());
        let script = script.variable("AWS_EC2_METADATA_DISABLED", "true");
        let script = script.variable("AWS_CONFIG_FILE", profile).variable("AWS_ENDPOINT_URL_STS", self.served.url());
        let script = script.variable("AWS_DEFAULT_REGION", "eu-west-1").variable("PATH", "/usr/bin:/bin");
        let end = script.run().await.unwrap();
        assert!(end.succeeded(), "{}", end.stderr());
        serde_json::from_str(end.stdout()).unwrap()
    }
}

#[tokio::test]
async fn boto3_takes_it_as_a_process_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let answer = world.boto3().await;
    let arn = answer["Arn"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(arn.starts_with("arn:aws:sts::123456789012:assumed-role/deployer/"), "{arn}");
    assert_eq!(answer["Method"], "custom-process");
    world.present("repo:acme/other");
    let refused = world.boto3().await["Error"].to_string();
    assert!(refused.contains("custom-process") && refused.contains("repo:acme/other"), "our words reach it: {refused}");
    assert_eq!(world.sts.exchanges().last().unwrap().code(), Some("AccessDenied"));
}

#[tokio::test]
async fn the_sdk_for_rust_takes_it_as_a_process_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let provider = CredentialProcessProvider::new(world.command());
    let keys = provider.provide_credentials().await.unwrap();
    assert!(keys.session_token().is_some_and(|token| !token.is_empty()) && !keys.secret_access_key().is_empty());
    let left = keys.expiry().unwrap().duration_since(std::time::SystemTime::now()).unwrap();
    assert!((3500..=3600).contains(&left.as_secs()), "{left:?}");
    world.present("repo:acme/other");
    assert!(provider.provide_credentials().await.is_err());
}

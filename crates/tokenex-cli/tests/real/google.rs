//! `google-executable` as google-auth reads it, unmodified.

use std::path::Path;

use serde_json::{Value, json};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider, ServiceAccount};

use crate::folder::Folder;
use crate::program::PROGRAM;

const ISSUER: &str = "https://issuer.test";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// What google-auth gets with this program as the source of its subject token.
async fn token(info: &Value) -> Value {
    let question = json!({ "info": info, "scopes": ["https://www.googleapis.com/auth/cloud-platform"] });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python/google_executable.py");
    // The program gets the environment of the script, and a machine always trusts somebody.
    let script = PythonScript::new(script).unwrap().trust(Certificates::for_loopback().ca_pem());
    let script = script.variable("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");
    let end = script.input(question.to_string()).run().await.unwrap();
    assert!(end.succeeded(), "{}", end.stderr());
    serde_json::from_str(end.stdout()).unwrap()
}

fn credential_file(command: &str, google: &str, provider: &IdentityProvider, account: &ServiceAccount) -> Value {
    json!({
        "type": "external_account",
        "audience": provider.audience(),
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{google}/v1/token"),
        "service_account_impersonation_url": account.impersonation_url(google),
        "credential_source": { "executable": { "command": command, "timeout_millis": 30_000 } },
    })
}

#[tokio::test]
async fn google_auth_takes_it_as_an_executable_and_hears_why_there_is_no_token() {
    let (issuer, google) = (IssuerKeys::new(ISSUER), GoogleTwin::new());
    google.reach(&issuer);
    let project = google.project("acme-prod", 123_456_789_012);
    let provider = project.provider("ci", "issuer", ISSUER);
    let account = project.service_account("deployer");
    account.bind(&provider.principal(SUBJECT));
    let served = google.serve().await.unwrap();
    let folder = Folder::new();
    let jwt = issuer.token().subject(SUBJECT).audience(provider.token_audience());
    let jwt = folder.write("token.jwt", &jwt.sign());
    let file = "version = 1\n[identity.ci]\nsource = \"file\"\npath = \"token.jwt\"\n\
                [credential.google]\nprovider = \"passthrough\"\nidentity = \"ci\"\n";
    let file = folder.write("tokenex.toml", file);
    let command = format!("{PROGRAM} -c {} get google --format google-executable", file.display());
    let info = credential_file(&command, &served.url(), &provider, &account);

    let answer = token(&info).await;
    let holder = google.access(answer["token"].as_str().unwrap_or_else(|| panic!("{answer}"))).unwrap();
    assert_eq!(holder.member, account.member());

    std::fs::remove_file(jwt).unwrap();
    let error = token(&info).await["error"].to_string();
    assert!(error.contains("token.jwt") && error.contains("success"), "{error}");
}

//! `tokenex get`.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};
use tokenex_testkit::twins::oci::OciTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::program::{End, tokenex};
use crate::world::{ISSUER, SECOND, SUBJECT, World};

/// The names of the members, in their order.
fn names(line: &str) -> Vec<String> {
    let mut names: Vec<_> = [
        "time",
        "name",
        "event",
        "generation",
        "fingerprint",
        "expires_at",
        "refresh_at",
        "previous_until",
        "error",
        "credential",
    ]
    .into_iter()
    .filter_map(|name| line.find(&format!("\"{name}\":")).map(|at| (at, name.to_owned())))
    .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

#[tokio::test]
async fn json_is_one_line_with_the_credential_and_nothing_else_is_printed() {
    let world = World::new().await;
    let end = world.tokenex(&["get", "deploy"]).run().await.expect(0).silent();
    assert_eq!(end.stdout.lines().count(), 1);
    let all = [
        "time",
        "name",
        "event",
        "generation",
        "fingerprint",
        "expires_at",
        "refresh_at",
        "previous_until",
        "credential",
    ];
    assert_eq!(names(&end.stdout), all);
    let line = end.json();
    assert_eq!((&line["name"], &line["event"], &line["generation"]), (&json!("deploy"), &json!("updated"), &json!(1)));
    assert_eq!(line["fingerprint"], line["credential"]["access_key_id"]);
    assert!(line["expires_at"].as_str().unwrap().ends_with('Z') && line["previous_until"].is_null());
    for field in ["access_key_id", "secret_access_key", "session_token"] {
        assert!(line["credential"][field].as_str().is_some_and(|value| value.len() > 10), "{field}");
    }
    assert_eq!(world.sts.exchanges().len(), 1, "one exchange a call");
}

#[tokio::test]
async fn a_lease_outlives_the_program_and_standard_error_says_who_would_renew_it() {
    let world = World::new().await;
    let end = world.tokenex(&["get", "db"]).run().await.expect(0);
    let end = end.says("nothing renews").says("tokenex exec").says("tokenex watch");
    let (user, password) = (&end.json()["credential"]["username"], &end.json()["credential"]["password"]);
    assert!(world.database.accepts(user.as_str().unwrap(), password.as_str().unwrap()));
    assert_eq!((world.vault.logins().len(), world.vault.leases().len()), (1, 1));
    let paths: Vec<_> = world.vault.exchanges().into_iter().map(|exchange| exchange.path).collect();
    assert_eq!(paths, ["auth/jwt/login", "database/creds/app"], "nothing is revoked");
}

#[tokio::test]
async fn the_end_that_is_printed_is_that_of_the_login_where_it_comes_first() {
    let world = World::new().await;
    world.login.ttl(30 * SECOND).max_ttl(30 * SECOND);
    let end = world.tokenex(&["get", "db"]).run().await.expect(0);
    let login = world.vault.logins().remove(0).expires_at;
    let printed = humantime(end.json()["expires_at"].as_str().unwrap());
    let login = login.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(printed <= login, "{printed} after {login}");
}

/// Seconds since 1970 of an RFC 3339 time of today or tomorrow, by the program `date`.
fn humantime(time: &str) -> u64 {
    let date = std::process::Command::new("date").args(["-u", "-d", time, "+%s"]).output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_value_is_bare_and_of_several_fields_one_must_be_named() {
    let world = World::new().await;
    let end = world.tokenex(&["get", "kv", "--format", "value"]).run().await.expect(2);
    assert!(end.stdout.is_empty());
    end.says("--field").says("key, level");
    let end = world.tokenex(&["get", "deploy", "--format", "value"]).run().await.expect(2);
    end.says("access_key_id, secret_access_key, session_token");
    assert!(world.sts.exchanges().is_empty(), "that was known before");
    let end = world.tokenex(&["get", "kv", "--format", "value", "--field", "key"]).run().await.expect(0).silent();
    assert_eq!(end.stdout, "it's $HOME\n");
    let end = world.tokenex(&["get", "kv", "--format", "value", "--field", "level"]).run().await.expect(0);
    assert_eq!(end.stdout, "3\n");
    let end = world.tokenex(&["get", "kv", "--format", "value", "--field", "other"]).run().await.expect(2);
    end.says("\"other\"").says("key, level");
    let end = world.tokenex(&["get", "pool", "--format", "value"]).run().await.expect(0);
    assert!(world.google.access(end.stdout.trim_end()).is_some(), "a token has one field that is meant");
}

#[tokio::test]
async fn a_shell_reads_the_assignments_as_they_were() {
    let world = World::new().await;
    let end = world.tokenex(&["get", "kv", "--format", "env"]).run().await.expect(0);
    let shell = std::process::Command::new("sh")
        .args(["-c", r#"eval "$1"; printf '%s|%s' "$KV_KEY" "$KV_LEVEL""#, "sh", &end.stdout])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), "it's $HOME|3");
    let end = world.tokenex(&["get", "deploy", "--format", "env"]).run().await.expect(0);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(end.stdout.contains(&format!("export {name}='")), "{name}");
    }
}

#[tokio::test]
async fn the_forms_of_other_programs_are_theirs() {
    let world = World::new().await;
    let document = world.tokenex(&["get", "deploy", "--format", "credential-process"]).run().await.expect(0).json();
    assert_eq!(document["Version"], 1);
    assert!(document["SessionToken"].is_string() && document["Expiration"].as_str().unwrap().ends_with('Z'));

    let document = world.tokenex(&["get", "robot", "--format", "exec-credential"]).run().await.expect(0).json();
    assert_eq!(
        (&document["apiVersion"], &document["kind"]),
        (&json!("client.authentication.k8s.io/v1"), &json!("ExecCredential"))
    );
    assert!(world.google.access(document["status"]["token"].as_str().unwrap()).is_some());
    assert!(document["status"]["expirationTimestamp"].as_str().unwrap().ends_with('Z'));

    let end = world.tokenex(&["get", "jwt", "--format", "google-executable"]).run().await.expect(0).silent();
    let document = end.json();
    assert_eq!((&document["version"], &document["success"]), (&json!(1), &json!(true)));
    assert_eq!(document["token_type"], "urn:ietf:params:oauth:token-type:jwt");
    assert!(
        world.issuer.verify(document["id_token"].as_str().unwrap()).is_ok() && document["expiration_time"].is_u64()
    );
}

#[tokio::test]
async fn a_form_that_does_not_fit_is_refused_before_anything_is_asked_for() {
    let world = World::new().await;
    for (name, form, fitting) in [
        ("db", "credential-process", "json, value, env"),
        ("deploy", "exec-credential", "json, value, env, credential-process"),
        ("kv", "exec-credential", "json, value, env"),
        ("robot", "credential-process", "json, value, env, exec-credential, google-executable"),
    ] {
        let end = world.tokenex(&["get", name, "--format", form]).run().await.expect(2);
        assert!(end.stdout.is_empty());
        end.says(form).says(fitting);
    }
    world.tokenex(&["get", "db", "--field", "username"]).run().await.expect(2).says("--format value");
    world.tokenex(&["get", "db", "--format", "yaml"]).run().await.expect(2).says("google-executable");
    assert!(
        world.vault.exchanges().is_empty() && world.sts.exchanges().is_empty() && world.google.exchanges().is_empty()
    );
}

#[tokio::test]
async fn a_failure_of_the_google_form_is_its_own_answer_and_standard_error_is_silent() {
    let world = World::new().await;
    std::fs::remove_file(world.folder.path("google.jwt")).unwrap();
    let end = world.tokenex(&["get", "jwt", "--format", "google-executable"]).run().await.expect(3).silent();
    let document = end.json();
    assert_eq!((&document["version"], &document["success"]), (&json!(1), &json!(false)));
    assert!(document["code"].is_string() && document["message"].as_str().unwrap().contains("google.jwt"), "{document}");
}

#[tokio::test]
async fn as_much_time_as_was_asked_for_or_an_error_that_names_the_longest() {
    let world = World::new().await;
    world.tokenex(&["get", "deploy", "--min-valid", "5m"]).run().await.expect(0);
    let end = world.tokenex(&["get", "deploy", "--min-valid", "8h"]).run().await.expect(2);
    assert!(end.stdout.is_empty());
    end.says("28800 s").says("the longest");
    world.tokenex(&["get", "deploy", "--min-valid", "0s"]).run().await.expect(2).says("no time at all");
}

#[tokio::test]
async fn each_cause_has_its_exit_code() {
    let world = World::new().await;
    let get = async |name: &'static str| world.tokenex(&["get", name]).run().await;
    get("dp").await.expect(2).says("it has: db");

    world.folder.write("vault.jwt", "no token");
    get("db").await.expect(3);
    world.folder.write("vault.jwt", &world.token(SUBJECT).audience("vault").expired_since(3600 * SECOND).sign());
    get("db").await.expect(3).says("expired");
    std::fs::remove_file(world.folder.path("vault.jwt")).unwrap();
    get("db").await.expect(3).says("vault.jwt");

    world.present("repo:acme/other");
    get("db").await.expect(4).says("repo:acme/other");
    let end = get("deploy").await.expect(4).says("repo:acme/other");
    assert!(!end.stderr.contains("next attempt"), "there is none: {end:?}");

    world.present(SUBJECT);
    world.login.forbid("database/creds/app");
    get("db").await.expect(6);
    assert!(world.vault.logins().is_empty(), "a login for nothing is withdrawn");
    world.vault.seal();
    get("db").await.expect(5);
    world.sts.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    get("deploy").await.expect(5);
    let file = world.folder.path("tokenex.toml");
    let elsewhere = std::fs::read_to_string(&file).unwrap().replace(&world.vault_url(), "http://127.0.0.1:1");
    let elsewhere = world.folder.write("elsewhere.toml", &elsewhere);
    tokenex(["get", "db", "-c", elsewhere.to_str().unwrap()]).run().await.expect(5);

    // Whoever hands out the identity tokens may come back by itself too.
    let down = "version = 1\n[identity.job]\nsource = \"url\"\nurl = \"http://127.0.0.1:1/token\"\n\
                [credential.jwt]\nprovider = \"passthrough\"\nidentity = \"job\"\n";
    let down = world.folder.write("down.toml", down);
    tokenex(["get", "jwt", "-c", down.to_str().unwrap()])
        .run()
        .await
        .expect(5)
        .says("identity job: cannot connect to 127.0.0.1:1");
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_and_no_panic() {
    let world = World::new().await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let end = world.tokenex(&["get", "deploy"]).stdout(Stdio::from(full)).run().await.expect(1);
    end.says("standard output cannot be written");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let end: End = world.tokenex(&["get", "deploy"]).stdout(Stdio::from(writer)).run().await.expect(1);
    assert!(!end.stderr.contains("fault"), "{end:?}");
    end.says("standard output was closed");
}

#[tokio::test]
async fn the_version_of_kubernetes_that_is_asked_for_is_answered() {
    let world = World::new().await;
    let info: Value = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "spec": {"interactive": false}});
    let run =
        world.tokenex(&["get", "jwt", "--format", "exec-credential"]).env("KUBERNETES_EXEC_INFO", info.to_string());
    assert_eq!(run.run().await.expect(0).json()["apiVersion"], "client.authentication.k8s.io/v1beta1");
}

#[tokio::test]
async fn azure_and_oracle_cloud_have_their_members_too() {
    let world = World::new().await;
    let (entra, oci) = (EntraTwin::new(), OciTwin::new());
    entra.reach(&world.issuer);
    oci.reach(&world.issuer);
    let tenant = entra.tenant("contoso.example");
    let client = tenant.user_assigned_identity("app");
    client.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let domain = oci.domain("idcs-test.identity.oraclecloud.com");
    let (app, user) = (domain.app("exchanger"), domain.user("deployer"));
    let trust = domain.trust("ci", ISSUER);
    trust.oauth_client(&app).audience(app.client_id());
    trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
    let (at_azure, at_oracle) = tokio::try_join!(entra.serve(), domain.serve()).unwrap();
    world.folder.write("azure.jwt", &world.token(SUBJECT).audience(EXCHANGE_AUDIENCE).sign());
    world.folder.write("oracle.jwt", &world.token(SUBJECT).audience(app.client_id()).sign());
    let file = world.folder.write(
        "more.toml",
        &format!(
            r#"version = 1
[identity.azure]
source = "file"
path = "azure.jwt"
[identity.oracle]
source = "file"
path = "oracle.jwt"
[credential.arm]
provider = "azure"
identity = "azure"
tenant_id = "{}"
client_id = "{}"
scope = "https://management.azure.com/.default"
authority_host = "{}"
[credential.buckets]
provider = "oci"
identity = "oracle"
domain_url = "{}"
client_id = "{}"
client_secret = {{ env = "CLIENT_SECRET" }}
region = "eu-frankfurt-1"
"#,
            tenant.id(),
            client.client_id(),
            at_azure.url(),
            at_oracle.url(),
            app.client_id(),
        ),
    );
    let get = |name: &str| tokenex(["get", name, "-c", file.to_str().unwrap()]).env("CLIENT_SECRET", app.secret());
    let line = get("arm").run().await.expect(0).silent().json();
    assert_eq!(line["credential"]["token_type"], "Bearer");
    assert!(line["credential"]["access_token"].is_string());

    let credential = get("buckets").run().await.expect(0).silent().json()["credential"].clone();
    assert!(oci.claims(credential["token"].as_str().unwrap()).is_some());
    assert!(credential["private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(credential.as_object().unwrap().len(), 2);
    let end = tokenex(["get", "buckets", "-c", file.to_str().unwrap(), "--format", "value", "--field", "private_key"]);
    let end = end.env("CLIENT_SECRET", app.secret()).run().await.expect(0);
    assert!(end.stdout.ends_with("-----END PRIVATE KEY-----\n"), "one line feed at the end");
}

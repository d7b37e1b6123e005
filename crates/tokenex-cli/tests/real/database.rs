//! Database users of a real OpenBao in a real PostgreSQL.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokenex_testkit::issuer::{Algorithm, IssuerKeys};
use tokenex_testkit::servers::{DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres};

use crate::folder::Folder;
use crate::program::{eventually, first_line, printed, tokenex};

const MINUTE: Duration = Duration::from_secs(60);

const POLICY: &str = r#"
    path "database/creds/*"  { capabilities = ["read"] }
    path "sys/leases/revoke" { capabilities = ["update"] }
"#;

struct World {
    postgres: Postgres,
    bao: OpenBao,
    file: PathBuf,
    _folder: Folder,
}

impl World {
    /// Servers with a database role, and a file whose credential `db` is a user of it.
    async fn new() -> Self {
        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start()).unwrap();
        let issuer = IssuerKeys::new("https://issuer.test");
        let admin = bao.admin();
        let trust = JwtTrust::PublicKeys { pems: vec![issuer.public_key_pem(Algorithm::Es256)] };
        admin.enable_jwt("jwt", &trust).await.unwrap();
        admin.policy("app", POLICY).await.unwrap();
        let role = JwtRole::new("app", "vault").subject("ci").token_ttl(MINUTE).token_max_ttl(10 * MINUTE);
        admin.jwt_role("jwt", &role.policies(&["app"])).await.unwrap();
        admin.enable_database("database", &DatabaseConnection::to(&postgres)).await.unwrap();
        admin.dynamic_role("database", &DynamicRole::new("app", MINUTE, 10 * MINUTE)).await.unwrap();
        let folder = Folder::new();
        folder.write("token.jwt", &issuer.token().subject("ci").audience("vault").lifetime(10 * MINUTE).sign());
        let file = format!(
            r#"version = 1
[identity.ci]
source = "file"
path = "token.jwt"
[credential.db]
provider = "vault"
identity = "ci"
address = "{}"
role = "app"
audience = "vault"
path = "database/creds/app"
"#,
            bao.address()
        );
        let file = folder.write("tokenex.toml", &file);
        Self { postgres, bao, file, _folder: folder }
    }

    /// What of a line of JSON is the user, and its password.
    async fn can_log_in(&self, line: &str) -> bool {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line["credential"][name].as_str().unwrap().to_owned();
        self.postgres.login(&text("username"), &text("password")).await.is_ok()
    }

    async fn nothing_is_left(&self) {
        eventually("users and logins are gone", || async {
            self.postgres.dynamic_users().await.unwrap().is_empty()
                && self.bao.live_token_accessors().await.unwrap().is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn get_leaves_a_user_who_can_log_in() {
    let world = World::new().await;
    let line = printed(tokenex(&world.file, &["get", "db"])).await;
    assert!(world.can_log_in(&line).await);
    assert_eq!(world.bao.live_token_accessors().await.unwrap().len(), 1, "the login that the lease dies with stays");
}

#[tokio::test]
async fn watch_keeps_a_user_who_is_gone_afterwards() {
    let world = World::new().await;
    let mut watch = tokenex(&world.file, &["watch", "db", "--format", "jsonl", "--reveal"]).spawn().unwrap();
    let line = first_line(&mut watch).await;
    assert!(world.can_log_in(&line).await);
    let pid = watch.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let end = watch.wait_with_output().await.unwrap();
    let stderr = String::from_utf8(end.stderr).unwrap();
    assert!(end.status.success() && stderr.contains("accepted"), "{}: {stderr}", end.status);
    world.nothing_is_left().await;
    assert!(!world.can_log_in(&line).await);
}

#[tokio::test]
async fn exec_runs_psql_as_a_user_of_its_own_who_is_gone_afterwards() {
    let world = World::new().await;
    let address = world.postgres.address();
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let psql = ["psql", "-X", "-A", "-t", "-c", "select current_user"];
    let exec = ["exec", "--env", "PGUSER=db.username", "--env", "PGPASSWORD=db.password", "--"];
    let mut run = tokenex(&world.file, &[&exec[..], &psql[..]].concat());
    run.env("PGHOST", host).env("PGPORT", port).env("PGDATABASE", world.postgres.database());
    let user = printed(run).await;
    assert!(user.starts_with("v-"), "{user}");
    world.nothing_is_left().await;
    let made = world.bao.count_requests(|request| request.is("read", "database/creds/")).unwrap();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn exec_ends_with_the_exit_code_of_psql() {
    let world = World::new().await;
    let address = world.postgres.address();
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let psql = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "-"];
    let exec = ["exec", "--env", "PGUSER=db.username", "--env", "PGPASSWORD=db.password", "--"];
    let mut run = tokenex(&world.file, &[&exec[..], &psql[..]].concat());
    run.env("PGHOST", host).env("PGPORT", port).env("PGDATABASE", world.postgres.database());
    run.stdin(std::process::Stdio::piped());
    let mut child = run.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"select no_such_function();\n").await.unwrap();
    drop(stdin);
    let end = child.wait_with_output().await.unwrap();
    assert_eq!(end.status.code(), Some(3), "psql says 3 when a script fails");
    world.nothing_is_left().await;
}

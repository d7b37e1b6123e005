//! `cargo xtask demo vault`: from a JWT to live database credentials and back
//! to nothing, on real servers.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokenex_testkit::{
    issuer::{Issuer, write_token_file},
    servers::{DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres, StaticRole},
};
use tokio::{runtime::Runtime, time::sleep};

use crate::{Failure, process, services, workspace::Workspace};

const EXAMPLE: &str = "vault_database";
const DEMO_SECONDS: &str = "30";

/// Free to choose: the set-up and the example get the same ones from here.
const SUBJECT: &str = "system:serviceaccount:demo:default";
const AUDIENCE: &str = "vault";
const LOGIN_ROLE: &str = "demo";
const DYNAMIC_ROLE: &str = "demo-dynamic";
const STATIC_ROLE: &str = "demo-static";

/// Everything is short, so that half a minute shows renewals, new logins with
/// their hand-over, and rotations.
const LOGIN_TTL: Duration = Duration::from_secs(8);
const LOGIN_MAX_TTL: Duration = Duration::from_secs(16);
const LEASE_TTL: Duration = Duration::from_secs(10);
const LEASE_MAX_TTL: Duration = Duration::from_secs(60);
const ROTATION: Duration = Duration::from_secs(10);
const JWT_LIFETIME: Duration = Duration::from_secs(60);
const JWT_RENEWED_EVERY: Duration = Duration::from_secs(10);

/// Much shorter than what is left of any time to live: what is gone by then was
/// revoked, it did not run out.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// Sets the servers up, runs the example beside them, and counts what is left
/// after it closed.
pub(crate) fn vault() -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    process::run(process::cargo(&workspace.root).args(["build", "--locked"]).args(EXAMPLE_TARGET))?;
    Runtime::new()?.block_on(async {
        services::fetch().await?;
        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start())?;
        let issuer = Issuer::start().await?;
        set_up(&postgres, &bao, &issuer).await?;
        let outcome = walk_through(&workspace, &postgres, &bao, &issuer).await;
        let left = count_what_is_left(&postgres, &bao).await;
        bao.release().await?;
        postgres.release().await?;
        outcome.and(left)
    })
}

const EXAMPLE_TARGET: [&str; 4] = ["--package", "tokenex-examples", "--example", EXAMPLE];

/// What an operator would do once.
async fn set_up(postgres: &Postgres, bao: &OpenBao, issuer: &Issuer) -> Result<(), Failure> {
    let admin = bao.admin();
    println!("\nSetting up, as an operator would once:");
    step(&format!("auth/jwt trusts the issuer {}", issuer.url()));
    let trust = JwtTrust::Discovery { url: issuer.url().to_owned(), ca_pem: None };
    admin.enable_jwt("jwt", &trust).await?;

    step("the database engine is connected to PostgreSQL");
    admin.enable_database("database", &DatabaseConnection::to(postgres)).await?;

    step(&format!("database/roles/{DYNAMIC_ROLE}: a new user for each lease of {} s", LEASE_TTL.as_secs()));
    admin.dynamic_role("database", &DynamicRole::new(DYNAMIC_ROLE, LEASE_TTL, LEASE_MAX_TTL)).await?;

    step(&format!("database/static-roles/{STATIC_ROLE}: a new password every {} s", ROTATION.as_secs()));
    admin.static_role("database", &StaticRole::new(STATIC_ROLE, ROTATION), postgres).await?;

    step("a policy allows to read both, and to revoke a lease");
    let policy = format!(
        "path \"database/creds/{DYNAMIC_ROLE}\" {{ capabilities = [\"read\"] }}\n\
         path \"database/static-creds/{STATIC_ROLE}\" {{ capabilities = [\"read\"] }}\n\
         path \"sys/leases/revoke\" {{ capabilities = [\"update\"] }}\n"
    );
    admin.policy(LOGIN_ROLE, &policy).await?;

    step(&format!(
        "auth/jwt/role/{LOGIN_ROLE}: {SUBJECT} may log in for {} s, {} s with renewals",
        LOGIN_TTL.as_secs(),
        LOGIN_MAX_TTL.as_secs()
    ));
    let role = JwtRole::new(LOGIN_ROLE, AUDIENCE)
        .subject(SUBJECT)
        .policies(&[LOGIN_ROLE])
        .token_ttl(LOGIN_TTL)
        .token_max_ttl(LOGIN_MAX_TTL);
    Ok(admin.jwt_role("jwt", &role).await?)
}

/// Runs the example, with a token file that is renewed beside it as Kubernetes
/// renews a projected one.
async fn walk_through(
    workspace: &Workspace,
    postgres: &Postgres,
    bao: &OpenBao,
    issuer: &Issuer,
) -> Result<(), Failure> {
    let token_file = TokenFile::create(&workspace.target())?;
    let mut command = tokio::process::Command::from(process::cargo(&workspace.root));
    command
        .args(["run", "--quiet", "--locked"])
        .args(EXAMPLE_TARGET)
        .env("VAULT_ADDR", bao.address())
        .env("VAULT_ROLE", LOGIN_ROLE)
        .env("VAULT_AUDIENCE", AUDIENCE)
        .env("TOKEN_FILE", &token_file.0)
        .env("DYNAMIC_ROLE", DYNAMIC_ROLE)
        .env("STATIC_ROLE", STATIC_ROLE)
        .env("PGHOST", postgres.address().ip().to_string())
        .env("PGPORT", postgres.port().to_string())
        .env("PGDATABASE", postgres.database())
        .env("DEMO_SECONDS", DEMO_SECONDS)
        // The example reads this before `VAULT_ADDR`.
        .env_remove("BAO_ADDR");
    write_token(issuer, &token_file.0)?;
    println!("\nRunning examples/{EXAMPLE}.rs for {DEMO_SECONDS} s:\n");
    let mut example = command.kill_on_drop(true).spawn()?;
    let status = loop {
        tokio::select! {
            status = example.wait() => break status?,
            () = sleep(JWT_RENEWED_EVERY) => write_token(issuer, &token_file.0)?,
        }
    };
    if status.success() { Ok(()) } else { Err(format!("the example failed ({status})").into()) }
}

fn write_token(issuer: &Issuer, file: &Path) -> Result<(), Failure> {
    let jwt = issuer.token().subject(SUBJECT).audience(AUDIENCE).lifetime(JWT_LIFETIME).sign();
    Ok(write_token_file(file, &jwt)?)
}

/// Asks the servers themselves, not the program that says it has closed.
async fn count_what_is_left(postgres: &Postgres, bao: &OpenBao) -> Result<(), Failure> {
    let until = Instant::now() + GONE_WITHIN;
    let (users, tokens) = loop {
        let users = postgres.dynamic_users().await?.len();
        let tokens = bao.live_token_accessors().await?.len();
        // "Revocation accepted" comes a moment before the user is dropped.
        if (users, tokens) == (0, 0) || Instant::now() > until {
            break (users, tokens);
        }
        sleep(Duration::from_millis(50)).await;
    };
    println!("\nAfter the close, counted at the servers:");
    println!("  dynamic users in pg_roles: {users}");
    println!("  live token accessors:      {tokens}");
    if (users, tokens) == (0, 0) {
        return Ok(());
    }
    Err("the program left users or tokens behind; both should be 0".into())
}

fn step(text: &str) {
    println!("  {text}");
}

/// A file under `target/` that goes with the demo.
struct TokenFile(PathBuf);

impl TokenFile {
    fn create(target: &Path) -> Result<Self, Failure> {
        let directory = target.join("demo");
        fs::create_dir_all(&directory)?;
        Ok(Self(directory.join(format!("token-{}", std::process::id()))))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // At worst an expired token for a server that is gone stays behind.
        drop(fs::remove_file(&self.0));
    }
}

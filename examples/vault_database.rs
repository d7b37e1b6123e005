//! Two database users that are always valid: a dynamic one, made for us by Vault or OpenBao, and a static one whose
//! password the server rotates. `cargo xtask demo vault` runs this on real servers.
//!
//! From the environment: `VAULT_ADDR`, `VAULT_ROLE`, `VAULT_AUDIENCE`; `TOKEN_FILE` or `TOKEN_URL`, where the identity
//! token is; `DYNAMIC_ROLE` and `STATIC_ROLE`; `PGHOST`, `PGPORT`, `PGDATABASE`; `DEMO_SECONDS`.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::env::{self, VarError};
use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use tokenex_core::http::HttpTransport;
use tokenex_core::sources::{File, Url};
use tokenex_core::{AnyTokenSource, Handle, Keep, Scheduler};
use tokenex_vault::{DatabaseCredentials, Vault};
use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Handle::current();
    let scheduler = Scheduler::builder(runtime).transport(HttpTransport::new()?).start();

    let identity = match env::var("TOKEN_FILE") {
        Ok(path) => AnyTokenSource::new(File::new(path)),
        Err(_) => AnyTokenSource::new(Url::new(var("TOKEN_URL")?)?),
    };
    let vault = Vault::from_env(var("VAULT_ROLE")?, identity)?.audience(var("VAULT_AUDIENCE")?).build(&scheduler)?;
    let dynamic = scheduler.keep(Keep::new(vault.database(&var("DYNAMIC_ROLE")?)).name("dynamic user"));
    let fixed = scheduler.keep(Keep::new(vault.static_database(&var("STATIC_ROLE")?)).name("static user"));

    let began = Instant::now();
    let shows = [tokio::spawn(show(dynamic.clone(), began)), tokio::spawn(show(fixed.clone(), began))];
    dynamic.ready(Duration::from_secs(10)).await?;
    fixed.ready(Duration::from_secs(10)).await?;
    tokio::time::sleep(Duration::from_secs(var("DEMO_SECONDS")?.parse()?)).await;

    let closed = dynamic.close(Duration::from_secs(5)).await;
    println!("[{:5.1} s] closed: {closed}", began.elapsed().as_secs_f64());
    let report = scheduler.shutdown(Duration::from_secs(5)).await;
    println!("[{:5.1} s] shut down: {report}", began.elapsed().as_secs_f64());
    for show in shows {
        show.await?;
    }
    Ok(())
}

/// Tells what happens to one credential, and logs in to PostgreSQL with each new one.
async fn show(handle: Handle<DatabaseCredentials>, began: Instant) {
    let mut listener = handle.listen();
    while let Some(event) = listener.next().await {
        let say = |text: String| println!("[{:5.1} s] {}: {text}", began.elapsed().as_secs_f64(), handle.name());
        if let Some(failing) = &event.failing {
            say(format!("attempts fail: {}", failing.last));
        }
        if let Some(reason) = event.removed {
            say(format!("gone: {reason:?}"));
        }
        let Some(issued) = event.credential.filter(|_| event.updated) else { continue };
        let next = handle.status().next_attempt_at;
        let life = format!("valid for {}, next refresh in {}", until(issued.expires_at()), until(next));
        if event.renewed {
            say(format!("{} renewed, {life}", issued.username()));
            continue;
        }
        say(format!("{} arrived as generation {}, {life}", issued.username(), issued.generation()));
        match log_in(&issued).await {
            Ok(user) => say(format!("PostgreSQL knows us as {user}")),
            Err(error) => say(format!("PostgreSQL refuses us: {error}")),
        }
        if let Some(at) = event.previous_until {
            say(format!("its predecessor works for another {}", until(Some(at))));
        }
    }
}

async fn log_in(credentials: &DatabaseCredentials) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut config = tokio_postgres::Config::new();
    config.host(var("PGHOST")?).port(var("PGPORT")?.parse()?).dbname(var("PGDATABASE")?);
    config.user(credentials.username()).password(credentials.password().expose());
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client.query_one("select session_user::text", &[]).await?.get(0))
}

fn var(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error: VarError| format!("{name}: {error}"))
}

fn until(at: Option<SystemTime>) -> String {
    let left = at.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
    left.map_or_else(|| "ever".to_owned(), |left| format!("{:.1} s", left.as_secs_f64()))
}

//! `cargo xtask services`: the real servers, by hand.

use std::process::Command;

use tokenex_testkit::servers::{self, OpenBao, Postgres};
use tokio::{runtime::Runtime, signal};

use crate::{Failure, process};

/// Installs what is missing, for these servers and for all tests, and starts nothing.
pub(crate) fn fetch_only() -> Result<(), Failure> {
    Runtime::new()?.block_on(fetch())
}

/// Starts both servers; runs the command or waits for Ctrl-C; stops both.
pub(crate) fn run(command: &[&str]) -> Result<(), Failure> {
    Runtime::new()?.block_on(async {
        fetch().await?;
        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start())?;
        let outcome = match command {
            [] => wait(&postgres, &bao).await,
            [program, arguments @ ..] => run_beside(&postgres, &bao, program, arguments).await,
        };
        bao.release().await?;
        postgres.release().await?;
        println!("Both servers are stopped and their files are gone.");
        outcome
    })
}

/// Makes sure that each server and each foreign client is there.
pub(crate) async fn fetch() -> Result<(), Failure> {
    announce("OpenBao", servers::find_openbao());
    println!("OpenBao:        {}", servers::fetch_openbao().await?.display());
    if let Err(missing) = servers::find_postgres() {
        install_postgres(&missing)?;
    }
    println!("PostgreSQL:     {}", servers::find_postgres()?.display());
    announce("Azurite", servers::find_azurite());
    println!("Azurite:        {}", servers::fetch_azurite().await?.display());
    announce("the foreign clients for Python", servers::find_python_clients());
    println!("Python clients: {}", servers::fetch_python_clients().await?.display());
    Ok(())
}

/// Fetching takes a while, and then says nothing until it is done.
fn announce<T>(what: &str, found: Result<T, servers::ServerError>) {
    if found.is_err() {
        println!("Fetching {what} into target/tools/ ...");
    }
}

/// Only where it is certain how, and allowed: root with apt. Anyone else is
/// told what to install.
fn install_postgres(missing: &servers::ServerError) -> Result<(), Failure> {
    let is_root = process::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let has_apt = Command::new("apt-get").arg("--version").output().is_ok();
    if !(is_root && has_apt) {
        return Err(missing.to_string().into());
    }
    println!("PostgreSQL is not installed; installing the system's package.");
    let apt = |arguments: &[&str]| {
        process::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"])
}

async fn wait(postgres: &Postgres, bao: &OpenBao) -> Result<(), Failure> {
    println!("\nBoth servers run. To use them from another terminal:\n");
    for (name, value) in environment(postgres, bao) {
        println!("  export {name}={value}");
    }
    println!("\nThe secrets above end with the servers. Ctrl-C stops both.");
    Ok(signal::ctrl_c().await?)
}

async fn run_beside(postgres: &Postgres, bao: &OpenBao, program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .envs(environment(postgres, bao))
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("cannot run `{program}`: {e}"))?;
    let status = tokio::select! {
        status = child.wait() => status?,
        // The terminal sent it to the program too: let it end in its own way.
        _ = signal::ctrl_c() => child.wait().await?,
    };
    if status.success() { Ok(()) } else { Err(format!("`{program}` failed ({status})").into()) }
}

/// The names that the products' own clients read.
fn environment(postgres: &Postgres, bao: &OpenBao) -> Vec<(&'static str, String)> {
    vec![
        ("BAO_ADDR", bao.address().to_owned()),
        ("BAO_TOKEN", bao.root_token().to_owned()),
        ("VAULT_ADDR", bao.address().to_owned()),
        ("VAULT_TOKEN", bao.root_token().to_owned()),
        ("PGHOST", postgres.address().ip().to_string()),
        ("PGPORT", postgres.port().to_string()),
        ("PGDATABASE", postgres.database().to_owned()),
        ("PGUSER", postgres.superuser().to_owned()),
        ("PGPASSWORD", postgres.password().to_owned()),
    ]
}

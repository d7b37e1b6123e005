//! Where the programs come from.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use ring::digest;
use tokio::process::Command;

use super::{ServerError, random, workspace::target_dir};

mod azurite;
mod openbao;
mod postgres;
mod python;

pub(super) use azurite::find_node;
pub use azurite::{fetch_azurite, find_azurite};
pub use openbao::{OPENBAO_VARIABLE, OPENBAO_VERSION, fetch_openbao, find_openbao};
pub use postgres::{POSTGRES_VARIABLE, find_postgres};
pub use python::{fetch_python_clients, find_python_clients};

/// The place of a fetched tool. Its name says which version it is, so that
/// another version is another place.
fn place(name: &str) -> Result<PathBuf, ServerError> {
    Ok(target_dir()?.join("tools").join(name))
}

/// Names a version by the lists that pin it.
fn fingerprint(lists: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for list in lists {
        context.update(list.as_bytes());
    }
    context.finish().as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A directory beside the final one, to install into. Whatever of it was not
/// put in place is removed, also when the installation is cancelled.
struct Staging(PathBuf);

impl Staging {
    fn beside(place: &Path) -> Result<Self, ServerError> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", random::hex(4)?));
        let staging = Self(place.with_file_name(name));
        fs::create_dir_all(staging.path()).map_err(|e| ServerError::io("create a directory", staging.path(), &e))?;
        Ok(staging)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, ServerError> {
        let file = self.0.join(name);
        fs::write(&file, text).map_err(|e| ServerError::io("write a file", &file, &e))?;
        Ok(file)
    }

    /// Gives `part`, the directory itself or something in it, its final name in
    /// one step: a second, concurrent call leaves nothing half done.
    fn put(&self, part: &Path, place: &Path) -> Result<(), ServerError> {
        match fs::rename(part, place) {
            // A concurrent call was faster, with the same version.
            Err(_) if place.exists() => Ok(()),
            outcome => outcome.map_err(|e| ServerError::io("place a fetched tool", place, &e)),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed is only litter under `target/`.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs a program to its end and returns what it printed.
async fn run(command: &mut Command, purpose: &str) -> Result<String, ServerError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| ServerError::new(format!("cannot {purpose}: `{program}` does not start: {e}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(ServerError::new(format!(
        "cannot {purpose}: {}\n{}",
        output.status,
        // Some programs explain themselves on standard output.
        [&output.stderr, &output.stdout].map(|said| String::from_utf8_lossy(said).trim_end().to_owned()).join("\n")
    )))
}

/// Makes a virtual environment of Python 3.
async fn make_environment(directory: &Path) -> Result<(), ServerError> {
    let purpose = "make a Python virtual environment (Debian: `apt-get install python3 python3-venv`)";
    run(Command::new("python3").args(["-m", "venv"]).arg(directory), purpose).await.map(drop)
}

/// Finds a program by its path, or by its name on the `PATH`.
fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_list_is_another_place() {
        let one = fingerprint(&["msal==1.39.0\n"]);
        assert_eq!(one.len(), 12);
        assert_eq!(one, fingerprint(&["msal==1.39.0\n"]));
        assert_ne!(one, fingerprint(&["msal==1.39.1\n"]));
    }

    #[test]
    fn what_was_not_put_in_place_is_removed() {
        let place = place("test-of-staging").unwrap();
        let staging = Staging::beside(&place).unwrap();
        let left = staging.write("left", "").unwrap();
        drop(staging);
        assert!(!left.exists() && !left.parent().unwrap().exists());
        assert!(!place.exists());
    }

    #[tokio::test]
    async fn a_program_that_is_missing_or_fails_is_told_with_its_purpose() {
        let missing = run(&mut Command::new("no-such-program"), "bring the milk").await.unwrap_err().to_string();
        assert!(missing.starts_with("cannot bring the milk: `no-such-program` does not start"), "{missing}");
        let mut failing = Command::new("sh");
        let failed = run(failing.args(["-c", "echo no milk >&2; exit 3"]), "bring the milk").await.unwrap_err();
        assert!(failed.to_string().contains("no milk"), "{failed}");
    }
}

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::servers::ServerError;

/// Names the directory that holds `initdb` and `postgres`.
pub const POSTGRES_VARIABLE: &str = "TOKENEX_POSTGRES_BIN";

/// Where Debian and its descendants put each PostgreSQL version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

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

//! PostgreSQL refuses to run as root; this is how root runs it all the same.

use std::{fs, os::unix::fs::chown, path::Path, process::Command};

use crate::servers::ServerError;

/// The user that PostgreSQL's packages create.
const ACCOUNT: &str = "postgres";

/// Opens the data directory while still root, then becomes [`ACCOUNT`] without
/// a second process, so that the process id stays that of the server.
///
/// The directory is passed on as an open file because the account may not be
/// allowed to walk to it: a checkout below `/root` or a private temporary
/// directory is closed to others, and nothing should be written elsewhere.
const BECOME_ACCOUNT: &str = "exec 9<\"$1\" && cd / && shift && exec \"$@\"";
const OPENED_DIRECTORY: &str = "/proc/self/fd/9";

/// How the server's programs are to be started on this machine.
pub(in crate::servers) enum Account {
    /// As the present user.
    Own,
    /// As the user that PostgreSQL's packages create, because we are root.
    Dedicated,
}

impl Account {
    pub(in crate::servers) fn find() -> Result<Self, ServerError> {
        if id(&["-u"])? != 0 {
            return Ok(Self::Own);
        }
        if id(&["-u", ACCOUNT]).is_ok() && cfg!(target_os = "linux") {
            return Ok(Self::Dedicated);
        }
        Err(ServerError::new(format!(
            "PostgreSQL refuses to run as root and there is no user `{ACCOUNT}` to run it as: \
             install the system's PostgreSQL package (it creates the user), or run this as \
             another user than root"
        )))
    }

    /// Gives a file or directory to the account that runs the server.
    pub(in crate::servers) fn own(&self, path: &Path) -> Result<(), ServerError> {
        match self {
            Self::Own => Ok(()),
            Self::Dedicated => {
                let (user, group) = (id(&["-u", ACCOUNT])?, id(&["-g", ACCOUNT])?);
                chown(path, Some(user), Some(group)).map_err(|e| ServerError::io("change the owner", path, &e))
            }
        }
    }

    /// The command line that runs `program` with its data directory.
    pub(in crate::servers) fn command(&self, program: &Path, data: &Path, arguments: &[&str]) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut command: Vec<String> = Vec::new();
        let data_argument = match self {
            Self::Own => text(data),
            Self::Dedicated => {
                command.extend(["sh", "-c", BECOME_ACCOUNT, "postgres"].map(String::from));
                command.push(text(data));
                command.extend(
                    ["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT]
                        .into_iter()
                        .chain(["--clear-groups", "--"])
                        .map(String::from),
                );
                OPENED_DIRECTORY.to_owned()
            }
        };
        command.extend([text(program), "-D".to_owned(), data_argument]);
        command.extend(arguments.iter().map(ToString::to_string));
        command
    }
}

/// Creates a directory that only the server's account can enter.
pub(in crate::servers) fn private_directory(path: &Path, account: &Account) -> Result<(), ServerError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|e| ServerError::io("create a directory", path, &e))?;
    account.own(path)
}

/// Asks the `id` program: std tells no user ids without `unsafe`.
fn id(arguments: &[&str]) -> Result<u32, ServerError> {
    let output =
        Command::new("id").args(arguments).output().map_err(|e| ServerError::new(format!("cannot run `id`: {e}")))?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(|_| ServerError::new(format!("`id {}` tells no number", arguments.join(" "))))
}

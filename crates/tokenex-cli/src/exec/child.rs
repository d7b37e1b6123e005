//! The command's process.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal as Raw, kill_process};
use tokio::process::{Child as Process, Command};

use super::values::Environment;
use crate::failure::{Exit, Failure};
use crate::output::printable;

/// A running command. Dropped, it is killed: it must not outlive what keeps its credentials.
#[derive(Debug)]
pub(crate) struct Child(Process);

impl Child {
    /// Starts it, with this process's standard streams and environment but for what `environment` says.
    ///
    /// # Errors
    /// [`Exit::Child`], saying why.
    pub(crate) fn start(command: &[OsString], environment: &Environment) -> Result<Self, Failure> {
        let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("there is no command"))?;
        let mut command = Command::new(program);
        command.args(arguments).kill_on_drop(true);
        for name in &environment.removed {
            command.env_remove(name);
        }
        for (name, value) in &environment.set {
            command.env(name, value.expose());
        }
        let started = command.spawn();
        started.map(Self).map_err(|error| not_started(&printable(&program.to_string_lossy()), &error))
    }

    /// Waits for its end. Cancel safe.
    pub(crate) async fn end(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }

    /// Sends it a signal. One that has ended gets none: its number is kept until [`end`](Self::end) tells of it.
    pub(crate) fn signal(&self, signal: Raw) {
        if let Some(pid) = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // It may have ended in between; then its end is told next.
            let _ = kill_process(pid, signal);
        }
    }
}

/// What a shell says: the command's own code, or 128 and the number of the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(u8::MAX)
}

fn not_started(program: &str, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(Exit::Child, format!("{program} cannot be started: {why}"))
}

//! A program.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Child;
use zeroize::Zeroizing;

use super::text::{TEXT_MAX, TextSource, both_sources, unusable};
use crate::{Attempt, Error, Result, Secret};

/// A program that prints the text, run anew at each attempt.
///
/// - It is started directly, without a shell: no quoting, no expansion. A name without a slash is looked up in `PATH`.
/// - `{audience}` in an argument is replaced by the audience that the target wants.
/// - It inherits the environment, plus what [`env`](Self::env) adds. Secrets belong there, since anyone on the machine
///   can read arguments.
/// - Its standard input is closed. Its standard error is discarded, since nobody knows what is in it; run it by hand to
///   see what it says.
/// - It is killed when it takes longer than the [`limit`](Self::limit), when it prints more than 64 KiB, and when the
///   attempt is dropped. What it has started itself is its own to stop.
///
/// The runtime needs its I/O driver (tokio's `enable_all`).
///
/// ```
/// use tokenex_core::sources::Command;
///
/// let source = Command::new("gcloud").args(["auth", "print-identity-token", "--audiences={audience}"]);
/// # let _ = source;
/// ```
#[derive(Clone)]
pub struct Command {
    program: OsString,
    args: Vec<String>,
    env: Vec<(OsString, Secret)>,
    limit: Duration,
}

/// Google's rule for executables that print tokens (AIP-4117) has the same default.
const LIMIT: Duration = Duration::from_secs(30);

impl Command {
    /// This program, without arguments.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new(), limit: LIMIT }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds or replaces a variable of the environment, for the program only.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<Secret>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Changes how long it may take. Default 30 s; never longer than what the attempt has left.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it off the async threads: finding and loading a program can take a while.
    async fn spawn(&self, audience: Option<&str>) -> Result<Child> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(self.args.iter().map(|arg| arg.replace("{audience}", audience.unwrap_or_default())))
            .envs(self.env.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        match tokio::task::spawn_blocking(move || command.spawn()).await {
            Ok(spawned) => spawned.map_err(|why| self.explain(why)),
            Err(_) => Err(unusable(self, "was not started, since the runtime is shutting down", "unreadable")),
        }
    }

    fn explain(&self, why: io::Error) -> Error {
        let (what, code) = match why.kind() {
            io::ErrorKind::NotFound => ("is not there", "missing"),
            io::ErrorKind::PermissionDenied => ("may not be run by this process", "unreadable"),
            _ => ("cannot be started", "unreadable"),
        };
        unusable(self, what, code).with_source(why)
    }

    /// Takes the output until the program is done with it, then the exit.
    async fn collect(&self, child: &mut Child) -> Result<Zeroizing<Vec<u8>>> {
        // All the room at once: a buffer that grows leaves unwiped copies behind.
        let mut output = Zeroizing::new(Vec::with_capacity(TEXT_MAX + 1));
        if let Some(stdout) = child.stdout.take() {
            let read = stdout.take(TEXT_MAX as u64 + 1).read_to_end(&mut output).await;
            read.map_err(|why| unusable(self, "has an output that cannot be read", "unreadable").with_source(why))?;
        }
        if output.len() > TEXT_MAX {
            return Err(unusable(self, "printed more than 64 KiB and was killed", "too_long"));
        }
        let status =
            child.wait().await.map_err(|why| unusable(self, "cannot be waited for", "unreadable").with_source(why))?;
        if status.success() {
            return Ok(output);
        }
        let what = match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            // Killed by a signal; the text of the status names it.
            None => format!("ended with {status}"),
        };
        Err(unusable(self, &what, "exit"))
    }
}

impl TextSource for Command {
    fn place(&self) -> String {
        format!("the command {:?}", self.program)
    }

    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed("run it by hand, as the same user and with the same environment, and see what it prints")
    }

    async fn raw(&self, audience: Option<&str>, cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        let limit = self.limit.min(cx.remaining());
        let mut child = None;
        let outcome = tokio::select! {
            outcome = async { self.collect(child.insert(self.spawn(audience).await?)).await } => outcome,
            () = cx.clock().sleep(limit) => {
                let what = format!("took longer than {:.1} s and was killed", limit.as_secs_f64());
                Err(unusable(self, &what, "time_limit"))
            }
        };
        if outcome.is_err()
            && let Some(mut child) = child
        {
            // It may be gone already. Waited for here so that an error means that nothing is left running.
            let _ = child.kill().await;
        }
        outcome
    }
}

both_sources!(Command);

/// Arguments are not shown: some people put secrets there against all advice.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({:?}, {} arguments)", self.program, self.args.len())
    }
}

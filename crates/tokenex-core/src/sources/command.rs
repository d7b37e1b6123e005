//! A program.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Child;
use zeroize::Zeroizing;

use super::format::{CommandFormat, Misprint};
use super::permissions::{self, Doubt};
use super::text::{TEXT_MAX, TextSource, both_sources, unusable};
use crate::{Attempt, Error, Result, Secret};

/// A program that prints the text, run anew at each attempt.
///
/// - It is started directly, without a shell: no quoting, no expansion. A name without a slash is looked up in `PATH`.
/// - `{audience}` in an argument is replaced by the audience that the target wants.
/// - It prints the text itself, or one of two known JSON [formats](Self::format) that have the text in a member.
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
    format: CommandFormat,
    guarded: bool,
}

/// Google's rule for executables that print tokens (AIP-4117) has the same default.
const LIMIT: Duration = Duration::from_secs(30);

impl Command {
    /// This program, without arguments.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            limit: LIMIT,
            format: CommandFormat::Text,
            guarded: false,
        }
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

    /// Changes what it prints. Default [`CommandFormat::Text`].
    #[must_use]
    pub fn format(mut self, format: CommandFormat) -> Self {
        self.format = format;
        self
    }

    /// Refuses the program, at each attempt, where others may write to it: then they run what they like as this user. The
    /// rules are those of [`File::refuse_if_others_may_write`](super::File::refuse_if_others_may_write), for the file that
    /// `PATH` leads to. What the program reads itself (an interpreter, libraries, scripts among its arguments) is not looked
    /// at.
    ///
    /// Elsewhere than on Unix nothing is looked at.
    #[must_use]
    pub fn refuse_if_others_may_write(mut self) -> Self {
        self.guarded = true;
        self
    }

    /// Starts it off the async threads: finding and loading a program can take a while.
    async fn spawn(&self, audience: Option<&str>) -> Result<Child> {
        let program = if self.guarded { self.trusted().await? } else { self.program.clone() };
        let mut command = tokio::process::Command::new(program);
        // Some programs do what they are called; they are not to notice that they were looked up before.
        #[cfg(unix)]
        command.arg0(&self.program);
        command
            .args(self.args.iter().map(|arg| arg.replace("{audience}", audience.unwrap_or_default())))
            .envs(self.format.variables(audience))
            .envs(self.env.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        self.off_the_async_threads(move || Ok(command.spawn()?)).await
    }

    /// The file that the program's name leads to, when nobody else may write to it.
    async fn trusted(&self) -> Result<OsString> {
        let program = self.program.clone();
        let path = self.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.expose().into());
        let path = path.or_else(|| env::var_os("PATH"));
        self.off_the_async_threads(move || {
            let file = permissions::program(&program, path)?;
            permissions::check(&file, &fs::metadata(&file)?)?;
            Ok(file.into_os_string())
        })
        .await
    }

    async fn off_the_async_threads<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Doubt> + Send + 'static,
    ) -> Result<T> {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(|why| self.explain(why)),
            Err(_) => Err(unusable(self, "was not started, since the runtime is shutting down", "unreadable")),
        }
    }

    fn explain(&self, why: Doubt) -> Error {
        let why = match why {
            Doubt::Io(why) => why,
            Doubt::OthersMayWrite(what) => return permissions::refused(self, &what),
        };
        let (what, code) = match why.kind() {
            io::ErrorKind::NotFound => ("is not there", "missing"),
            io::ErrorKind::PermissionDenied => ("may not be run by this process", "unreadable"),
            _ => ("cannot be started", "unreadable"),
        };
        unusable(self, what, code).with_source(why)
    }

    /// Takes the output until the program is done with it, then the exit.
    async fn collect(&self, child: &mut Child, cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
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
            return self.format.text(output, cx.clock().wall()).map_err(|why| self.blame(why));
        }
        if let Some(said) = self.format.failure(&output) {
            return Err(self.blame(said));
        }
        let what = match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            // Killed by a signal; the text of the status names it.
            None => format!("ended with {status}"),
        };
        Err(unusable(self, &what, "exit"))
    }

    fn blame(&self, why: Misprint) -> Error {
        why.about(&self.place()).with_advice(self.remedy())
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
            outcome = async { self.collect(child.insert(self.spawn(audience).await?), cx).await } => outcome,
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

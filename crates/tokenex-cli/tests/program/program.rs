//! Running the program.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program with nothing of our own environment but the way to other programs.
pub(crate) fn tokenex<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenex"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Program { command, input: None }
}

/// A run to be.
pub(crate) struct Program {
    command: Command,
    input: Option<Vec<u8>>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it there.
    pub(crate) fn folder(mut self, folder: &crate::world::Folder) -> Self {
        self.command.current_dir(folder.path("."));
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Some(input.into());
        self
    }

    /// Keeps its standard input open, until somebody takes and drops it.
    pub(crate) fn open_stdin(mut self) -> Self {
        self.command.stdin(Stdio::piped());
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> End {
        self.start().end().await
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        if let Some(input) = self.input.take() {
            let mut stdin = child.stdin.take().unwrap();
            tokio::spawn(async move { stdin.write_all(&input).await });
        }
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        // Read all the time, so that the program never waits for us.
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, said) = watch::channel(String::new());
        let stderr = tokio::spawn(async move {
            while let Some(line) = errors.next_line().await.unwrap() {
                sender.send_modify(|text| {
                    text.push_str(&line);
                    text.push('\n');
                });
            }
        });
        Running { child, stdout, stderr, said }
    }
}

/// A run.
pub(crate) struct Running {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    stderr: tokio::task::JoinHandle<()>,
    /// Its standard error until now.
    said: watch::Receiver<String>,
}

impl Running {
    /// The next line of its standard output; `None` after the last.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let stdout = self.stdout.as_mut().expect("standard output is read");
        timeout(PATIENCE, stdout.next_line()).await.expect("nothing is printed").unwrap()
    }

    /// Waits for a line that holds this, and returns it.
    pub(crate) async fn line_with(&mut self, part: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.line().await {
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line with {part:?} in {seen:#?}");
    }

    /// Waits for a line of its standard error that holds this, and returns it.
    pub(crate) async fn error_line_with(&mut self, part: &str) -> String {
        let said = timeout(PATIENCE, self.said.wait_for(|text| text.contains(part))).await;
        let text = said.unwrap_or_else(|_| panic!("standard error never says {part:?}")).unwrap();
        text.lines().find(|line| line.contains(part)).unwrap().to_owned()
    }

    /// Nobody reads its standard output any more.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs");
        let sent = std::process::Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> End {
        let mut stdout = String::new();
        if self.stdout.is_some() {
            while let Some(line) = self.line().await {
                stdout.push_str(&line);
                stdout.push('\n');
            }
        }
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap();
        self.stderr.await.unwrap();
        let stderr = self.said.borrow().clone();
        End { status, stdout, stderr }
    }
}

impl End {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Demands this exit code, and shows everything otherwise.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self:#?}");
        self
    }

    /// Demands that standard error says this.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "nothing of {part:?}: {self:#?}");
        self
    }

    /// Demands that standard error says nothing.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert!(self.stderr.is_empty(), "{self:#?}");
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

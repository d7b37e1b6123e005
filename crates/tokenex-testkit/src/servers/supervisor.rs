//! One child process that can never outlive its parent.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

use super::{ServerError, workspace::ScratchDir};

/// A small POSIX shell program, see its own comment. A shell does here what
/// Rust could only do with `unsafe` (`prctl`, `pre_exec`).
const SCRIPT: &str = include_str!("supervisor.sh");

/// Longer than the script's own bound (10 s, then SIGKILL).
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What a server needs to run.
pub(super) struct Launch {
    /// The program and its arguments; no secret may stand here.
    pub(super) command: Vec<String>,
    /// The whole environment apart from `PATH`: the variables of the
    /// surroundings (`VAULT_ADDR`, `PGPASSWORD`...) must not reach the server.
    pub(super) environment: Vec<(String, String)>,
    /// The signal that ends the server when it is let go.
    pub(super) release_signal: &'static str,
}

/// Owns the supervising shell; letting it go ends the server.
#[derive(Debug)]
pub(super) struct Supervisor {
    // `Option` so that `drop` can close the pipe before it waits.
    pipes: Option<Mutex<Pipes>>,
    shell: Child,
}

#[derive(Debug)]
struct Pipes {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    /// Starts the shell, not yet the server. The scratch directory belongs to
    /// the shell from here on: it is removed when the server is let go.
    pub(super) fn spawn(launch: &Launch, scratch: ScratchDir) -> Result<Self, ServerError> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(scratch.log())
            .map_err(|e| ServerError::io("open the server's log", &scratch.log(), &e))?;
        // As a file, so that a list of processes shows a name and not a program.
        let script = scratch.path().join("supervisor.sh");
        std::fs::write(&script, SCRIPT).map_err(|e| ServerError::io("write a file", &script, &e))?;
        let mut command = Command::new("sh");
        command
            .arg(&script)
            .arg(scratch.path())
            .arg(launch.release_signal)
            .args(&launch.command)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(launch.environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C goes to the terminal's foreground group. The server must
            // be ended in order by its supervisor, not killed beside it.
            .process_group(0);
        let mut shell =
            command.spawn().map_err(|e| ServerError::new(format!("cannot start `sh` to run a server: {e}")))?;
        let (Some(commands), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(ServerError::new("the supervising shell has no pipes"));
        };
        scratch.hand_over();
        let answers = BufReader::new(answers);
        Ok(Self { pipes: Some(Mutex::new(Pipes { commands, answers })), shell })
    }

    /// Starts the server if it does not run, and tells its process id.
    pub(super) async fn start(&self) -> Result<u32, ServerError> {
        let answer = self.ask("start").await?;
        answer
            .strip_prefix("started ")
            .and_then(|pid| pid.parse().ok())
            .ok_or_else(|| ServerError::new(format!("the supervisor answered `{answer}`")))
    }

    /// Ends the server with this signal and waits for it; one that does not go
    /// within 10 s is killed, which is an error.
    pub(super) async fn stop(&self, signal: &str) -> Result<(), ServerError> {
        match self.ask(&format!("stop {signal}")).await?.as_str() {
            "stopped" => Ok(()),
            _ => Err(killed()),
        }
    }

    /// Stops the server in its tracks (SIGSTOP) and waits until none of its
    /// threads runs any more.
    pub(super) async fn pause(&self) -> Result<(), ServerError> {
        self.reach("pause", "paused").await
    }

    /// Lets a paused server go on (SIGCONT).
    pub(super) async fn resume(&self) -> Result<(), ServerError> {
        self.reach("resume", "resumed").await
    }

    async fn reach(&self, command: &str, done: &str) -> Result<(), ServerError> {
        if self.ask(command).await? == done {
            return Ok(());
        }
        Err(ServerError::new(format!("cannot {command} the server: it is not running")))
    }

    /// Whether the server's process exists.
    pub(super) async fn is_alive(&self) -> bool {
        self.ask("state").await.is_ok_and(|state| state == "alive")
    }

    /// Ends the server, removes its directory and waits for both. A server that
    /// had to be killed is an error.
    pub(super) async fn release(mut self) -> Result<(), ServerError> {
        self.pipes = None;
        match timeout(ANSWER_WITHIN, self.shell.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(_)) => Err(killed()),
            Ok(Err(e)) => Err(ServerError::new(format!("cannot wait for a server: {e}"))),
            Err(_) => Err(ServerError::new("a server did not end within 20 s")),
        }
    }

    async fn ask(&self, command: &str) -> Result<String, ServerError> {
        let Some(pipes) = &self.pipes else {
            return Err(ServerError::new("the server was let go"));
        };
        let mut pipes = pipes.lock().await;
        let exchange = async {
            let mut answer = String::new();
            pipes.commands.write_all(format!("{command}\n").as_bytes()).await?;
            pipes.answers.read_line(&mut answer).await?;
            Ok::<_, std::io::Error>(answer.trim_end().to_owned())
        };
        match timeout(ANSWER_WITHIN, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(e)) => Err(ServerError::new(format!("the supervisor is gone: {e}"))),
            Err(_) => Err(ServerError::new(format!("the supervisor did not answer `{command}`"))),
        }
    }
}

impl Drop for Supervisor {
    /// Closing the pipe is what ends the server. The short wait afterwards lets
    /// a test program leave nothing behind that a check right after would see.
    fn drop(&mut self) {
        self.pipes = None;
        let until = Instant::now() + Duration::from_secs(5);
        while let Ok(None) = self.shell.try_wait() {
            if Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn killed() -> ServerError {
    ServerError::new("a server did not go by its signal within 10 s and was killed")
}

/// The end of a server's log, for an error message. Lines that carry the
/// start-up secrets of a development server are left out.
pub(super) fn log_tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> =
        text.lines().filter(|line| !line.contains("Root Token:") && !line.contains("Unseal Key:")).collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::{env, fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn supervise(program: &str, prepare: impl FnOnce(&Path) -> Vec<(String, String)>) -> Supervisor {
        let scratch = ScratchDir::create("supervisor").unwrap();
        let command = ["sh", "-c", program].map(str::to_owned).to_vec();
        let environment = prepare(scratch.path());
        Supervisor::spawn(&Launch { command, environment, release_signal: "TERM" }, scratch).unwrap()
    }

    /// The 10 seconds are counted in sleeps: with one that sleeps not at all
    /// they pass at once.
    fn hurried(scratch: &Path) -> Vec<(String, String)> {
        let sleep = scratch.join("sleep");
        fs::write(&sleep, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&sleep, fs::Permissions::from_mode(0o700)).unwrap();
        let path = format!("{}:{}", scratch.display(), env::var("PATH").unwrap());
        vec![("PATH".to_owned(), path)]
    }

    async fn until(it_is_so: impl Fn() -> bool) {
        while !it_is_so() {
            tokio::task::yield_now().await;
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_paused_server_stands_still() {
        let supervisor = supervise("while :; do :; done", |_| Vec::new());
        let server = supervisor.start().await.unwrap();
        let state = || {
            let stat = fs::read_to_string(format!("/proc/{server}/stat")).unwrap();
            stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
        };

        // In small letters where somebody traces it.
        supervisor.pause().await.unwrap();
        assert_eq!(state().to_ascii_uppercase(), 'T');
        supervisor.resume().await.unwrap();
        assert_ne!(state().to_ascii_uppercase(), 'T');
        supervisor.release().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_ignores_its_signal_is_killed_and_that_is_told() {
        // It says when it ignores the signal: one that comes before ends it.
        let stubborn = "trap '' TERM; echo deaf; while :; do :; done";
        let mut log = None;
        let supervisor = supervise(stubborn, |scratch| {
            log = Some(scratch.join("server.log"));
            hurried(scratch)
        });
        let deaf = |times| {
            let log = log.clone().unwrap();
            move || fs::read_to_string(&log).unwrap().lines().count() == times
        };

        supervisor.start().await.unwrap();
        until(deaf(1)).await;
        assert!(supervisor.stop("TERM").await.unwrap_err().to_string().contains("killed"));
        assert!(!supervisor.is_alive().await);
        assert!(supervisor.pause().await.unwrap_err().to_string().contains("not running"));

        supervisor.start().await.unwrap();
        until(deaf(2)).await;
        assert!(supervisor.release().await.unwrap_err().to_string().contains("killed"));
    }

    #[tokio::test]
    async fn a_server_that_is_gone_already_is_let_go_in_peace() {
        let supervisor = supervise("exit 3", |_| Vec::new());
        supervisor.start().await.unwrap();
        while supervisor.is_alive().await {}
        supervisor.stop("TERM").await.unwrap();
        supervisor.release().await.unwrap();
    }
}

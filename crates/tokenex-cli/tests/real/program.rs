//! Running the program.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where it is.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tokenex");

/// The program with this file, and nothing of our own environment but the way to other programs.
pub(crate) fn tokenex(file: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("-c").arg(file).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end; demands success, and returns what it printed.
pub(crate) async fn printed(mut command: Command) -> String {
    let end = timeout(PATIENCE, command.output()).await.expect("it does not end").unwrap();
    let (stdout, stderr) = (String::from_utf8(end.stdout).unwrap(), String::from_utf8(end.stderr).unwrap());
    assert!(end.status.success(), "{}: {stderr}", end.status);
    stdout
}

/// The first line that it prints.
pub(crate) async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.expect("nothing is printed").unwrap().expect("it has ended");
    // Read on, so that it never finds its reader gone.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    line
}

/// Waits until it holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = std::time::Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "it does not come about that {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

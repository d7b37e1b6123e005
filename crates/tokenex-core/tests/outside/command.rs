//! Text that a program prints. The programs are those of every Unix.

use std::fs;
use std::future::Future as _;
use std::path::Path;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokenex_core::sources::Command;

use crate::support::{FIRST, LONG, Scratch, assert_unusable, offline, secret, token};

/// A limit that is meant to be reached.
const SHORT: Duration = Duration::from_millis(300);

/// Runs this with `sh`: an argument like any other to the source, which knows no shell.
fn script(text: &str) -> Command {
    Command::new("sh").args(["-c", text])
}

#[tokio::test]
async fn the_output_is_trimmed() {
    let source = script("printf ' %s\\n\\n' \"$TEXT\"").env("TEXT", FIRST);
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are() {
    let source = Command::new("printf").args(["%s", "$HOME `id` * 'x' \"y\" \\"]);
    assert_eq!(secret(&source, &offline()).await.unwrap(), "$HOME `id` * 'x' \"y\" \\");
}

#[tokio::test]
async fn the_audience_goes_into_the_arguments() {
    let source = script("test \"$1\" = '--audience=https://vault.test' && echo $TEXT")
        .args(["sh", "--audience={audience}"])
        .env("TEXT", FIRST);
    assert_eq!(token(&source, "https://vault.test", &offline()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn there_is_nothing_to_read_on_standard_input() {
    assert_eq!(secret(&script("cat; echo end"), &offline()).await.unwrap(), "end");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let error = assert_unusable(secret(&Command::new("tokenex-no-such-program"), &offline()).await, "missing");
    assert!(error.to_string().contains("tokenex-no-such-program"), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_run_is_refused() {
    let scratch = Scratch::new();
    let source = Command::new(scratch.write("program", "#!/bin/sh\necho text\n"));
    assert_unusable(secret(&source, &offline()).await, "unreadable");
}

#[tokio::test]
async fn a_failure_shows_the_exit_code_and_none_of_the_output() {
    let source = script("echo hunter1; echo hunter2 >&2; exit 7").env("SECRET", "hunter3").arg("hunter4");
    let error = assert_unusable(secret(&source, &offline()).await, "exit");
    assert!(error.to_string().contains("exit code 7"), "{error}");
    let printed = format!("{error:?} {source:?}");
    assert!(!printed.contains("hunter"), "{printed}");
}

#[tokio::test]
async fn a_program_that_dies_of_a_signal_is_a_failure() {
    let error = assert_unusable(secret(&script("echo text; kill -9 $$"), &offline()).await, "exit");
    assert!(error.to_string().contains("signal"), "{error}");
}

#[tokio::test]
async fn an_output_that_is_empty_or_not_utf8_is_refused() {
    assert_unusable(secret(&Command::new("true"), &offline()).await, "empty");
    assert_unusable(secret(&Command::new("printf").arg("\\377"), &offline()).await, "not_utf8");
}

#[tokio::test]
async fn a_program_that_hangs_is_killed() {
    let scratch = Scratch::new();
    let source = hanging(&scratch).limit(SHORT);
    let error = assert_unusable(secret(&source, &offline()).await, "time_limit");
    assert!(error.to_string().contains("0.3 s"), "{error}");
    assert!(!runs(pid(&scratch)));
}

#[tokio::test]
async fn a_program_that_closes_its_output_and_hangs_is_killed() {
    let scratch = Scratch::new();
    let source = script("echo $$ > \"$1\"; exec >&-; exec sleep 1000").arg("sh").arg(path(&scratch)).limit(SHORT);
    assert_unusable(secret(&source, &offline()).await, "time_limit");
    assert!(!runs(pid(&scratch)));
}

#[tokio::test]
async fn a_program_that_floods_is_killed() {
    let scratch = Scratch::new();
    let source = script("echo $$ > \"$1\"; exec yes").arg("sh").arg(path(&scratch));
    assert_unusable(secret(&source, &offline()).await, "too_long");
    assert!(!runs(pid(&scratch)));
}

#[tokio::test]
async fn a_dropped_attempt_kills_the_program() {
    let scratch = Scratch::new();
    let (source, cx) = (hanging(&scratch), offline());
    let mut attempt = Box::pin(secret(&source, &cx));
    let started = async {
        while !fs::read_to_string(scratch.path("pid")).is_ok_and(|text| text.ends_with('\n')) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = &mut attempt => panic!("it did not hang: {outcome:?}"),
        () = started => {}
    }
    drop(attempt);
    let deadline = Instant::now() + LONG;
    while runs(pid(&scratch)) {
        assert!(Instant::now() < deadline, "the program still runs");
        tokio::task::yield_now().await;
    }
}

/// The engine polls an attempt where it is: starting a program must not hold it up.
#[tokio::test]
async fn the_first_poll_starts_nothing_itself() {
    let scratch = Scratch::new();
    let (source, cx) = (script("echo $$ > \"$1\"; echo text").arg("sh").arg(path(&scratch)), offline());
    let mut attempt = Box::pin(secret(&source, &cx));
    assert!(matches!(attempt.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    assert_eq!(attempt.await.unwrap(), "text");
}

/// Writes its process id down and does nothing more.
fn hanging(scratch: &Scratch) -> Command {
    script("echo $$ > \"$1\"; exec sleep 1000").arg("sh").arg(path(scratch))
}

fn path(scratch: &Scratch) -> String {
    scratch.path("pid").to_str().unwrap().to_owned()
}

fn pid(scratch: &Scratch) -> u32 {
    fs::read_to_string(scratch.path("pid")).unwrap().trim().parse().unwrap()
}

/// Whether there is such a process that is not just waiting to be buried.
fn runs(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which stands in parentheses.
        return stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']));
    }
    std::process::Command::new("kill").args(["-0", &pid.to_string()]).status().unwrap().success()
}

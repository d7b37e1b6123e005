//! Building and running the promises' tests in the copy.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::copy::Copy;
use crate::{Failure, process};

const PACKAGE: &str = "tokenex-core";
const PROGRAM: &str = "promises";

/// The promises run on a moved clock and take a moment. Broken ones may spin.
const END_WITHIN: Duration = Duration::from_secs(30);

/// What the tests of one promise did.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// Still running after half a minute.
    Hung,
    /// No test has such a name.
    NoTest,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passes",
            Self::Failed => "fails",
            Self::Hung => "does not end",
            Self::NoTest => "does not exist",
        }
    }
}

/// Builds the test program and returns where it is. An error holds the
/// compiler's messages.
pub(super) fn build(copy: &Copy) -> Result<PathBuf, Failure> {
    let output = process::cargo(&copy.source())
        .args(["test", "--locked", "--no-run", "--all-features", "--message-format=json"])
        .args(["--package", PACKAGE, "--test", PROGRAM])
        .env("CARGO_TARGET_DIR", copy.build_dir())
        // The same crate again and again, with a few lines changed: here it pays, whatever it is elsewhere.
        .env("CARGO_INCREMENTAL", "1")
        .output()?;
    let output_text = String::from_utf8_lossy(&output.stdout);
    let messages = || output_text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    if !output.status.success() {
        let errors: Vec<_> = messages()
            .filter(|message| message["message"]["level"] == "error")
            .filter_map(|message| message["message"]["rendered"].as_str().map(str::to_owned))
            .collect();
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}{said}", errors.join("\n")).into());
    }
    let program = messages()
        .filter(|message| message["target"]["name"] == PROGRAM)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.ok_or_else(|| "cargo tells no test program".into())
}

/// The names of all tests in the program.
pub(super) fn names(program: &Path) -> Result<Vec<String>, Failure> {
    let list = process::read(Command::new(program).args(["--list", "--format=terse"]))?;
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs the tests whose names contain `promise_N_`. The program is run without
/// cargo between, so that one that hangs can be ended.
pub(super) fn run(program: &Path, copy: &Copy, prefix: &str) -> Result<Outcome, Failure> {
    let log = copy.build_dir().join("sabotage.log");
    let mut child = Command::new(program)
        .arg(prefix)
        .current_dir(copy.source().join("crates").join(PACKAGE))
        .env("CARGO_MANIFEST_DIR", copy.source().join("crates").join(PACKAGE))
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(Stdio::null())
        .spawn()?;
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begin.elapsed() > END_WITHIN {
            child.kill()?;
            child.wait()?;
            return Ok(Outcome::Hung);
        }
        thread::sleep(Duration::from_millis(20));
    };
    Ok(outcome(status, &fs::read_to_string(&log)?))
}

fn outcome(status: ExitStatus, output: &str) -> Outcome {
    if output.contains("running 0 tests") {
        Outcome::NoTest
    } else if status.success() {
        Outcome::Passed
    } else {
        // An abort counts too: cargo would report a failure.
        Outcome::Failed
    }
}

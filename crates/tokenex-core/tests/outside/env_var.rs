//! Text in the environment. Changing the environment of a running process is unsafe, so these tests look at variables
//! that are there anyway, and at what a child of this test binary sees.

use std::process::Command;

use tokenex_core::sources::EnvVar;

use crate::support::{FIRST, OTHER, assert_unusable, offline, secret, token};

const NAME: &str = "TOKENEX_TEST_TEXT";

/// Runs the test `child` of this binary with the variable set so, and returns what it printed.
fn seen_with(value: Option<&std::ffi::OsStr>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "env_var::child", "--nocapture"]).env_remove(NAME);
    if let Some(value) = value {
        command.env(NAME, value);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the others run in a process of its own; by itself it sees a missing variable.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn child() {
    let source = EnvVar::new(NAME);
    let seen = match (secret(&source, &offline()).await, token(&source, "any", &offline()).await) {
        (Ok(text), Ok(_)) => format!("token={text};"),
        (Ok(text), Err(error)) => format!("text={text}; {};", error.code().unwrap()),
        (Err(error), _) => format!("refused={}; {error}", error.code().unwrap()),
    };
    println!("{seen}");
    assert!(std::env::var_os(NAME).is_some() || seen.starts_with("refused=missing"), "{seen}");
}

#[test]
fn the_value_is_trimmed() {
    assert!(seen_with(Some(format!(" {FIRST}\r\n").as_ref())).contains(&format!("token={FIRST};")));
    assert!(seen_with(Some(OTHER.as_ref())).contains(&format!("token={OTHER};")));
}

#[test]
fn a_value_that_is_no_token_is_a_secret_and_not_an_identity() {
    assert!(seen_with(Some("s3cret".as_ref())).contains("text=s3cret; not_a_token;"));
}

#[test]
fn an_empty_value_is_refused() {
    assert!(seen_with(Some(" \n".as_ref())).contains("refused=empty;"));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_refused_without_repeating_it() {
    use std::os::unix::ffi::OsStrExt;

    let seen = seen_with(Some(std::ffi::OsStr::from_bytes(b"hunter2\xff")));
    assert!(seen.contains("refused=not_utf8;") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    for name in ["TOKENEX_TEST_NOT_SET", "", "A=B", "A\0B"] {
        let error = assert_unusable(secret(&EnvVar::new(name), &offline()).await, "missing");
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
}

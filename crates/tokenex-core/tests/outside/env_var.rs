//! Text in the environment: what a child of this test binary sees.

use std::ffi::OsStr;

use tokenex_core::sources::EnvVar;

use crate::support::{FIRST, OTHER, assert_unusable, offline, secret, token};

const NAME: &str = "TOKENEX_TEST_TEXT";

fn seen_with(value: impl AsRef<OsStr>) -> String {
    crate::support::child("env_var::child", &[(NAME, Some(value.as_ref()))])
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
    assert!(seen_with(format!(" {FIRST}\r\n")).contains(&format!("token={FIRST};")));
    assert!(seen_with(OTHER).contains(&format!("token={OTHER};")));
}

#[test]
fn a_value_that_is_no_token_is_a_secret_and_not_an_identity() {
    assert!(seen_with("s3cret").contains("text=s3cret; not_a_token;"));
}

#[test]
fn an_empty_value_is_refused() {
    assert!(seen_with(" \n").contains("refused=empty;"));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_refused_without_repeating_it() {
    use std::os::unix::ffi::OsStrExt;

    let seen = seen_with(OsStr::from_bytes(b"hunter2\xff"));
    assert!(seen.contains("refused=not_utf8;") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    for name in ["TOKENEX_TEST_NOT_SET", "", "A=B", "A\0B"] {
        let error = assert_unusable(secret(&EnvVar::new(name), &offline()).await, "missing");
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
}

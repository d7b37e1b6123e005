//! Text in files that somebody else replaces.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenex_core::sources::File;
use tokenex_core::{TokenRequest, TokenSource};

use crate::support::{FIRST, OTHER, Scratch, assert_unusable, offline, secret, token};

#[tokio::test]
async fn the_text_is_read_anew_each_time_and_trimmed() {
    let scratch = Scratch::new();
    let source = File::new(scratch.write("token", format!("\n {FIRST} \r\n")));
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), FIRST);
    scratch.write("token", OTHER);
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), OTHER);
    assert!(scratch.path("token").exists());
}

#[tokio::test]
async fn the_age_of_a_token_is_the_one_it_claims() {
    let scratch = Scratch::new();
    // {"iat":1700000000}
    let source = File::new(scratch.write("token", "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDB9.c2ln"));
    let cx = offline();
    let input = source.token(&TokenRequest::new(&cx)).await.unwrap();
    let issued_at = input.issued_at().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(issued_at.as_secs(), 1_700_000_000);
}

/// The kubelet writes a new directory, then moves `..data` over to it by renaming a link.
#[cfg(unix)]
#[tokio::test]
async fn a_swapped_link_of_kubernetes_is_followed() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    for (directory, text) in [("..2026_01", FIRST), ("..2026_02", OTHER)] {
        fs::create_dir(scratch.path(directory)).unwrap();
        scratch.write(&format!("{directory}/token"), text);
    }
    symlink("..2026_01", scratch.path("..data")).unwrap();
    symlink("..data/token", scratch.path("token")).unwrap();

    let source = File::new(scratch.path("token"));
    assert_eq!(secret(&source, &offline()).await.unwrap(), FIRST);
    symlink("..2026_02", scratch.path("..data_tmp")).unwrap();
    fs::rename(scratch.path("..data_tmp"), scratch.path("..data")).unwrap();
    fs::remove_dir_all(scratch.path("..2026_01")).unwrap();
    assert_eq!(secret(&source, &offline()).await.unwrap(), OTHER);
}

#[test]
fn a_file_replaced_while_it_is_read_is_the_old_or_the_new_one() {
    let scratch = Scratch::new();
    let path = scratch.write("token", FIRST);
    let source = File::new(&path);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = AtomicBool::new(false);
    let mut seen = Vec::new();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for text in [OTHER, FIRST].into_iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                fs::rename(scratch.write("new", text), &path).unwrap();
            }
        });
        seen.extend((0..30).map(|_| runtime.block_on(secret(&source, &offline()))));
        done.store(true, Ordering::Relaxed);
    });
    // It may also be that every single reading met another text: then it is said so, and never mixed.
    for outcome in seen {
        match outcome {
            Ok(text) => assert!(text == FIRST || text == OTHER, "{text}"),
            Err(error) => _ = assert_unusable::<()>(Err(error), "changing"),
        }
    }
}

#[tokio::test]
async fn a_missing_file_is_named_with_what_to_do_and_may_come_later() {
    let scratch = Scratch::new();
    let source = File::new(scratch.path("late"));
    let error = assert_unusable(secret(&source, &offline()).await, "missing");
    assert!(error.to_string().contains(&format!("{:?}", scratch.path("late"))), "{error}");
    assert!(error.is_transient());
    scratch.write("late", "text");
    assert_eq!(secret(&source, &offline()).await.unwrap(), "text");
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let scratch = Scratch::new();
    for content in ["", "\n", " \t\r\n"] {
        let source = File::new(scratch.write("empty", content));
        assert_unusable(secret(&source, &offline()).await, "empty");
    }
}

#[tokio::test]
async fn a_huge_file_is_refused_and_the_longest_one_read() {
    let scratch = Scratch::new();
    let source = File::new(scratch.write("huge", "x".repeat(64 * 1024 + 1)));
    assert_unusable(secret(&source, &offline()).await, "too_long");
    // Gigabytes without their bytes on the disk: it must not be read to its end.
    fs::File::create(scratch.path("huge")).unwrap().set_len(1 << 40).unwrap();
    assert_unusable(secret(&source, &offline()).await, "too_long");
    scratch.write("huge", "x".repeat(64 * 1024));
    assert_eq!(secret(&source, &offline()).await.unwrap().len(), 64 * 1024);
}

#[tokio::test]
async fn a_file_that_is_not_utf8_is_refused_without_repeating_it() {
    let scratch = Scratch::new();
    let source = File::new(scratch.write("binary", b"hunter2\xff\xfe"));
    let error = assert_unusable(secret(&source, &offline()).await, "not_utf8");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_token_is_named_without_repeating_it() {
    let scratch = Scratch::new();
    let source = File::new(scratch.write("token", "hunter2 hunter2"));
    let error = assert_unusable(token(&source, "any", &offline()).await, "not_a_token");
    assert!(error.to_string().contains("token"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn what_is_no_regular_file_is_refused() {
    let scratch = Scratch::new();
    assert_unusable(secret(&File::new(scratch.path("")), &offline()).await, "unreadable");
}

/// Opening a named pipe waits for somebody to write: a source that did would hold a thread for ever.
#[cfg(unix)]
#[tokio::test]
async fn a_named_pipe_is_refused_and_not_waited_for() {
    let scratch = Scratch::new();
    let made = std::process::Command::new("mkfifo").arg(scratch.path("pipe")).status().unwrap();
    assert!(made.success());
    assert_unusable(secret(&File::new(scratch.path("pipe")), &offline()).await, "unreadable");
}

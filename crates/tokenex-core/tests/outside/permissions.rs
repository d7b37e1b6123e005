//! Files and programs that others may write to.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tokenex_core::sources::{Command, File};

use crate::support::{Scratch, assert_unusable, offline, secret};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn guarded(path: &Path) -> File {
    File::new(path).refuse_if_others_may_write()
}

/// A program in a file of this mode.
fn program(scratch: &Scratch, name: &str, mode: u32) -> std::path::PathBuf {
    let path = scratch.write(name, "#!/bin/sh\nprintf '%s' \"ran as $0\"\n");
    chmod(&path, mode);
    path
}

#[tokio::test]
async fn a_file_is_refused_by_each_bit_that_lets_others_write() {
    let scratch = Scratch::new();
    let path = scratch.write("secret", "s3cret");
    for (mode, good) in [(0o600, true), (0o400, true), (0o644, true), (0o620, false), (0o602, false), (0o666, false)] {
        chmod(&path, mode);
        let outcome = secret(&guarded(&path), &offline()).await;
        if good {
            assert_eq!(outcome.unwrap(), "s3cret");
            continue;
        }
        let error = assert_unusable(outcome, "others_may_write");
        let text = error.to_string();
        assert!(text.contains(&format!("{path:?} has mode {mode:04o}")) && text.contains("chmod go-w"), "{text}");
        assert!(!error.is_transient() && !text.contains("s3cret"));
        assert_eq!(secret(&File::new(&path), &offline()).await.unwrap(), "s3cret", "only where it was asked for");
    }
}

#[tokio::test]
async fn a_file_behind_a_link_is_what_counts() {
    let scratch = Scratch::new();
    let path = scratch.write("secret", "s3cret");
    let link = scratch.path("link");
    symlink(&path, &link).unwrap();
    chmod(&path, 0o600);
    assert_eq!(secret(&guarded(&link), &offline()).await.unwrap(), "s3cret");
    chmod(&path, 0o666);
    assert_unusable(secret(&guarded(&link), &offline()).await, "others_may_write");
}

#[tokio::test]
async fn a_folder_in_which_anybody_may_put_another_file_is_refused() {
    let scratch = Scratch::new();
    let (open, inside) = (scratch.path("open"), scratch.path("inside"));
    for folder in [&open, &inside] {
        fs::create_dir(folder).unwrap();
    }
    for folder in [&open, &inside] {
        let path = folder.join("secret");
        fs::write(&path, "s3cret").unwrap();
        chmod(&path, 0o600);
    }
    symlink(inside.join("secret"), open.join("link")).unwrap();
    symlink(open.join("secret"), inside.join("link")).unwrap();
    chmod(&open, 0o777);
    for path in [open.join("secret"), open.join("link"), inside.join("link")] {
        let error = assert_unusable(secret(&guarded(&path), &offline()).await, "others_may_write");
        assert!(error.to_string().contains(&format!("{open:?} has mode 0777")), "{error}");
    }
    // As /tmp, and as the volumes of Kubernetes: nobody replaces what belongs to somebody else.
    chmod(&open, 0o1777);
    assert_eq!(secret(&guarded(&open.join("secret")), &offline()).await.unwrap(), "s3cret");
}

#[tokio::test]
async fn a_program_that_others_may_change_is_not_run() {
    let scratch = Scratch::new();
    let path = program(&scratch, "helper", 0o755);
    let source = Command::new(&path).refuse_if_others_may_write();
    assert_eq!(secret(&source, &offline()).await.unwrap(), format!("ran as {}", path.display()));
    chmod(&path, 0o775);
    let error = assert_unusable(secret(&source, &offline()).await, "others_may_write");
    assert!(error.to_string().contains(&format!("{path:?} has mode 0775")), "{error}");
}

/// The first that may be run counts, and that one is run.
#[tokio::test]
async fn a_program_is_looked_at_where_the_path_leads() {
    let scratch = Scratch::new();
    let [none, first, second] = ["none", "first", "second"].map(|name| scratch.path(name));
    for folder in [&none, &first, &second] {
        fs::create_dir(folder).unwrap();
    }
    program(&scratch, "none/helper", 0o600);
    let path = program(&scratch, "first/helper", 0o777);
    program(&scratch, "second/helper", 0o755);
    let search = std::env::join_paths([&none, &first, &second]).unwrap().into_string().unwrap();
    let source = Command::new("helper").env("PATH", search).refuse_if_others_may_write();
    let error = assert_unusable(secret(&source, &offline()).await, "others_may_write");
    assert!(error.to_string().contains(&format!("{path:?}")), "{error}");
    chmod(&path, 0o755);
    assert!(secret(&source, &offline()).await.unwrap().ends_with("first/helper"));
}

#[tokio::test]
async fn what_is_not_there_stays_missing() {
    let scratch = Scratch::new();
    assert_unusable(secret(&guarded(&scratch.path("none")), &offline()).await, "missing");
    for name in ["tokenex-no-such-program", "/no/such/program"] {
        assert_unusable(secret(&Command::new(name).refuse_if_others_may_write(), &offline()).await, "missing");
    }
}

/// What the system brings is owned by root, and that is as good as one's own.
#[tokio::test]
async fn the_programs_of_the_system_pass() {
    let source = Command::new("sh").args(["-c", "echo called $0"]).refuse_if_others_may_write();
    assert_eq!(secret(&source, &offline()).await.unwrap(), "called sh", "and notice nothing of it");
}

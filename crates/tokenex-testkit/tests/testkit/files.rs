use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenex_testkit::issuer::write_token_file;

/// A folder under `target/`, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{:016x}", fastrand::u64(..)));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads all the time while `write` works; every text read must be whole.
fn every_reader_sees_a_whole_text(path: &std::path::Path, mut write: impl FnMut(&str)) {
    let texts = ["a".repeat(100_000), "b".repeat(50_000)];
    write(&texts[0]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                // A folder that is swapped away between looking up the link and opening is what real readers meet too.
                if let Ok(text) = fs::read_to_string(path) {
                    assert!(texts.contains(&text), "a mixture of {} bytes", text.len());
                    reads += 1;
                }
            }
            reads
        });
        for round in 0..200 {
            write(&texts[round % 2]);
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0, "nothing was read, so nothing was proved");
    });
}

#[test]
fn a_token_file_is_replaced_at_once() {
    let folder = Folder::new();
    let path = folder.0.join("token");
    every_reader_sees_a_whole_text(&path, |text| write_token_file(&path, text).unwrap());
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "it leaves files behind");
}

#[test]
fn a_token_file_in_no_folder_is_an_error() {
    let folder = Folder::new();
    assert!(write_token_file(folder.0.join("absent/token"), "text").is_err());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt as _;

    use tokenex_testkit::issuer::ProjectedVolume;

    use super::*;

    #[test]
    fn a_token_file_is_for_its_owner_only() {
        let folder = Folder::new();
        let path = folder.0.join("token");
        write_token_file(&path, "text").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_projected_volume_swaps_as_the_kubelet_does() {
        let folder = Folder::new();
        let volume = ProjectedVolume::create(folder.0.join("volume")).unwrap();
        let path = volume.swap("token", "first").unwrap();
        let first = fs::canonicalize(&path).unwrap();
        assert_eq!(volume.swap("token", "second").unwrap(), path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(fs::symlink_metadata(path.with_file_name("..data")).unwrap().is_symlink());
        assert!(!first.exists(), "the old version is still there");
        every_reader_sees_a_whole_text(&path, |text| {
            volume.swap("token", text).unwrap();
        });
    }
}

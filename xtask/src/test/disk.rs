//! Room on the disk: without it a build fails in odd ways, a linker that dies of a bus error among them.

use std::path::Path;

/// What a run takes that builds everything from nothing, with cargo's incremental files.
const FROM_NOTHING: u64 = 13_000_000_000;

/// With less than this at the end, a failure may well be the disk's.
const FULL: u64 = 1_000_000_000;

/// Said before the first stage. Only that: what an earlier run has built takes its room already.
pub(super) fn before(folder: &Path) -> Option<String> {
    let free = free(folder)?;
    let text = || {
        let (free, needed) = (gigabytes(free), gigabytes(FROM_NOTHING));
        format!("{free} are free where cargo builds. A run that builds everything from nothing takes up to {needed}.")
    };
    (free < FROM_NOTHING).then(text)
}

/// Said after a stage has failed.
pub(super) fn after(folder: &Path) -> Option<String> {
    let free = free(folder)?;
    let text =
        || format!("{} are left where cargo builds: what failed may have failed for want of room", gigabytes(free));
    (free < FULL).then(text)
}

/// What this user may still write. `None` where the system does not tell.
fn free(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok()?;
    told.f_bavail.checked_mul(told.f_frsize)
}

fn gigabytes(bytes: u64) -> String {
    format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_folder_is_told_and_that_of_no_folder_is_not() {
        assert!(free(&std::env::temp_dir()).is_some());
        assert_eq!(free(Path::new("/no/such/folder")), None);
    }

    #[test]
    fn gigabytes_have_one_digit_and_are_cut_off() {
        assert_eq!(gigabytes(999_999_999), "0.9 GB");
        assert_eq!(gigabytes(11_000_000_000), "11.0 GB");
    }
}

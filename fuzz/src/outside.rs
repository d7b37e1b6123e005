//! A file with the input in it, for what is read from files and from programs.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the input into this thread's own file, and says where that is.
pub(crate) fn with_file(data: &[u8], work: impl FnOnce(&Path)) {
    thread_local!(static FILE: RefCell<Option<Scratch>> = const { RefCell::new(None) });
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(Scratch::new);
        fs::write(&file.0, data).expect("the scratch file can be written");
        work(&file.0);
    });
}

/// Gone with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id()).replace(|c: char| !c.is_ascii_digit(), "");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
        fs::create_dir_all(&folder).expect("target/fuzz can be made");
        let folder = folder.canonicalize().expect("it is there");
        Self(folder.join(format!("input-{}-{thread}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

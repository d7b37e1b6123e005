//! What a run over many test programs wants to know of each: its secrets, and what it said besides its output.
//!
//! Off, unless [`VARIABLE`] names a folder; `cargo xtask canary` makes one that only its owner can read, searches everything that the
//! programs left for everything in it, and takes it away. Only secrets that exist for a test get there: those that the kit
//! made, and those that a test gave to a [`Canary`](super::Canary).

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tracing_subscriber::fmt::MakeWriter;

use super::{forms, lock};

/// Names the folder.
const VARIABLE: &str = "TOKENEX_CANARY";

/// The secrets in it: on each line a label, a tab, and the secret in base64; of a private key in PEM one line of it. One file for each process.
const SECRETS: &str = "secrets";

/// Everything that was logged, at trace level. One file for each process.
const LOGS: &str = "logs";

/// What canaries searched and found clean: errors with their causes, debug prints, outputs of programs. One file for each process.
const TEXTS: &str = "texts";

/// Tells the run about a secret, and returns it.
pub(crate) fn secret<S: AsRef<str>>(label: &str, secret: S) -> S {
    if let Some(run) = Run::get() {
        // A tab or a line break would end the label.
        let label = label.replace(['\t', '\n', '\r'], " ");
        let telling = forms::telling(secret.as_ref());
        append(&run.secrets, format!("{label}\t{}\n", STANDARD.encode(telling)).as_bytes());
    }
    secret
}

/// Tells the run what was said; `text` is not asked when there is no run.
pub(crate) fn heard<T: Display>(place: &str, text: impl FnOnce() -> T) {
    if let Some(run) = Run::get() {
        append(&run.texts, format!("[{place}]\n{}\n", text()).as_bytes());
    }
}

/// Whether there is a run.
pub(crate) fn is_on() -> bool {
    Run::get().is_some()
}

/// From now on everything that is logged in this process, and not recorded by a canary of its thread, goes to the run. Called by
/// whatever a test begins with.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    if Run::get().is_some() {
        // A program with a global subscriber of its own prints what it logs, and what it prints is searched too.
        ONCE.call_once(|| _ = super::recorder::record_run(RunLog));
    }
}

struct Run {
    secrets: Mutex<File>,
    logs: Mutex<File>,
    texts: Mutex<File>,
}

impl Run {
    fn get() -> Option<&'static Self> {
        static RUN: OnceLock<Option<Run>> = OnceLock::new();
        let folder = || std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        RUN.get_or_init(|| folder().map(|folder| Run::begin(&folder))).as_ref()
    }

    fn begin(folder: &Path) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(Path::file_stem).unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{program}-{}", std::process::id());
        let open = |kind: &str| {
            let path = folder.join(kind).join(&name);
            let file = OpenOptions::new().create(true).append(true).open(&path);
            // In silence it would be a run that proves nothing.
            Mutex::new(file.unwrap_or_else(|error| panic!("{VARIABLE} names no folder of a run: {kind}: {error}")))
        };
        Self { secrets: open(SECRETS), logs: open(LOGS), texts: open(TEXTS) }
    }
}

fn append(file: &Mutex<File>, bytes: &[u8]) {
    lock(file).write_all(bytes).expect("the folder of the run can be written to");
}

/// Where the log of the process goes.
#[derive(Clone, Copy)]
pub(super) struct RunLog;

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(run) = Run::get() {
            append(&run.logs, bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RunLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

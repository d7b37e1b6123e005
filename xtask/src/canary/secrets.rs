//! The secrets of a run.

use std::{collections::HashSet, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::Failure;

/// A shorter one turns up by chance.
pub(super) const SHORTEST: usize = 12;

/// What a secret that is written by hand in a test holds, so that it is known as one.
pub(super) const MARKS: [&str; 11] = [
    "hunter1",
    "hunter2",
    "hunter3",
    "hunter4",
    "hunter5",
    "hunter6",
    "hunter7",
    "hunter8",
    "hunter9",
    "s3cret",
    "correct horse",
];

/// All secrets of a run, each once.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) known: Vec<Secret>,
    /// How many are too short to be searched.
    pub(super) short: usize,
}

/// Has no `Debug`.
pub(super) struct Secret {
    pub(super) label: String,
    pub(super) text: Vec<u8>,
}

impl Secrets {
    /// Reads what the programs have written down: see `whole_run.rs` of the testkit.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let mut secrets = Self::default();
        let (mut seen, mut short) = (HashSet::new(), HashSet::new());
        for entry in fs::read_dir(folder)? {
            for line in fs::read_to_string(entry?.path())?.lines() {
                // A program that was killed may have written half a line.
                let Some((label, text)) = line.split_once('\t') else { continue };
                let Ok(text) = STANDARD.decode(text) else { continue };
                if text.len() < SHORTEST {
                    short.insert(text);
                } else if seen.insert(text.clone()) {
                    secrets.known.push(Secret { label: label.to_owned(), text });
                }
            }
        }
        secrets.short = short.len();
        Ok(secrets)
    }
}

/// Eight digits that tell one secret from another, and do not tell the secret.
pub(super) fn fingerprint(text: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text);
    digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

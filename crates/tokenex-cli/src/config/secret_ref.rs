//! Where a secret is, since it never stands in the file itself.

use std::path::PathBuf;

/// `{ env = "..." }`, `{ file = "..." }` or `{ credential = "NAME.FIELD" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretRef {
    /// In a variable of this process.
    Env(String),
    /// In a file, read anew each time.
    File(PathBuf),
    /// A field of another credential.
    Credential {
        /// Its name in the file.
        name: String,
        /// What of it.
        field: String,
    },
}

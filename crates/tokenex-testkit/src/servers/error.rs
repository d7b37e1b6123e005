use std::{fmt, io, path::Path};

/// Why a real server could not be started, reached or set up, or a foreign
/// client not be run.
///
/// The text says what failed, why, and what to do. It holds no password and no
/// token.
#[derive(Clone, Debug)]
pub struct ServerError {
    message: String,
}

impl ServerError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    pub(super) fn io(action: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("cannot {action} at {}: {error}", path.display()))
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ServerError {}

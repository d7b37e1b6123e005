//! A value of the environment that is a text, or the path of a file that holds it.

use std::fmt;

use tokenex_core::sources::{File, StaticText};
use tokenex_core::{AnySource, Attempt, Error, ErrorKind, Result, Secret, Source};

use crate::key::SessionKey;

/// Where one of the texts is.
#[derive(Clone)]
pub(super) struct Material {
    /// The variable that said so, for errors; none where the program did.
    variable: Option<&'static str>,
    in_file: bool,
    source: AnySource<Secret>,
}

impl Material {
    pub(super) fn source(source: impl Source<Secret>) -> Self {
        Self { variable: None, in_file: false, source: AnySource::new(source) }
    }

    pub(super) fn file(variable: &'static str, path: &str) -> Self {
        Self { variable: Some(variable), in_file: true, source: AnySource::new(File::new(path)) }
    }

    pub(super) fn text(variable: &'static str, text: String) -> Self {
        Self { variable: Some(variable), in_file: false, source: AnySource::new(StaticText::new(text)) }
    }

    pub(super) async fn read(&self, cx: &Attempt) -> Result<Secret> {
        let read = self.source.fetch(cx).await.map_err(|error| match self.variable {
            Some(variable) => error.with_advice(format!("{variable} names it; the platform writes it")),
            None => error,
        });
        Ok(read?.into_value())
    }
}

/// Reads the key off the async threads: undoing a pass phrase takes long by design.
pub(super) async fn key(pem: Secret, passphrase: Option<Secret>) -> Result<SessionKey> {
    match tokio::task::spawn_blocking(move || SessionKey::from_pem(&pem, passphrase.as_ref())).await {
        // A file that is being replaced may be half there, so it is looked at again.
        Ok(read) => read.map_err(|error| {
            Error::new(ErrorKind::Identity, format!("the key of the resource principal is unusable: {error}"))
                .with_code("private_key")
        }),
        Err(_) => Err(Error::new(ErrorKind::Shutdown, "the key was not read, since the runtime is shutting down")),
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.variable, self.in_file) {
            (Some(variable), true) => write!(f, "{variable} (a file)"),
            (Some(variable), false) => write!(f, "{variable} (a text)"),
            (None, _) => f.write_str("a source"),
        }
    }
}

//! TLS options of the token endpoint.

use std::path::PathBuf;
use std::sync::Arc;

use tokenex_core::http::{CaFile, HttpTransport};
use tokenex_core::{AnyTransport, Result};

use crate::route::Route;

/// What differs from the scheduler's transport.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    pub(crate) ca: Option<Ca>,
    pub(crate) server_name: Option<String>,
}

/// Whom to trust, instead of whom the operating system trusts.
#[derive(Debug, Clone)]
pub(crate) enum Ca {
    Pem(String),
    /// A file that somebody writes anew when the CA changes.
    File(PathBuf),
}

impl TlsOptions {
    pub(crate) fn route(self) -> Result<Route> {
        let mut builder = HttpTransport::builder();
        match (self.ca, &self.server_name) {
            (None, None) => return Ok(Route::Scheduler),
            (None, Some(_)) => {}
            (Some(Ca::Pem(pem)), _) => builder = builder.ca_pem(pem),
            (Some(Ca::File(path)), _) => {
                let file = CaFile::new(path);
                return Ok(Route::CaFile(Arc::new(match self.server_name {
                    Some(name) => file.server_name(name),
                    None => file,
                })));
            }
        }
        if let Some(name) = self.server_name {
            builder = builder.server_name(name);
        }
        Ok(Route::Own(AnyTransport::new(builder.build()?)))
    }
}

//! TLS options of the token endpoint.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokenex_core::http::HttpTransport;
use tokenex_core::sources::File;
use tokenex_core::{AnyTransport, Attempt, Result, Secret, Source};

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
        Ok(match self.ca {
            None if self.server_name.is_none() => Route::Scheduler,
            None => Route::Own(transport(None, self.server_name.as_deref())?),
            Some(Ca::Pem(pem)) => Route::Own(transport(Some(&pem), self.server_name.as_deref())?),
            Some(Ca::File(path)) => Route::CaFile(Arc::new(CaFile {
                file: File::new(path),
                server_name: self.server_name,
                current: Mutex::default(),
            })),
        })
    }
}

fn transport(ca: Option<&str>, server_name: Option<&str>) -> Result<AnyTransport> {
    let mut builder = HttpTransport::builder();
    if let Some(ca) = ca {
        builder = builder.ca_pem(ca);
    }
    if let Some(name) = server_name {
        builder = builder.server_name(name);
    }
    Ok(AnyTransport::new(builder.build()?))
}

/// A transport that trusts the CA in a file, and follows the file.
pub(crate) struct CaFile {
    file: File,
    server_name: Option<String>,
    current: Mutex<Option<Current>>,
}

struct Current {
    pem: Secret,
    transport: AnyTransport,
}

impl CaFile {
    /// The transport for the CA that is in the file now. While the file is being replaced, so that it is empty or not
    /// there, it is the one before.
    pub(crate) async fn transport(&self, cx: &Attempt) -> Result<AnyTransport> {
        match self.read(cx).await {
            Ok(transport) => Ok(transport),
            Err(error) => {
                let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
                current.as_ref().map(|current| current.transport.clone()).ok_or(error)
            }
        }
    }

    async fn read(&self, cx: &Attempt) -> Result<AnyTransport> {
        let pem: Secret = self.file.fetch(cx).await?.into_value();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = current.as_ref().filter(|current| current.pem.same_as(&pem)) {
            return Ok(current.transport.clone());
        }
        let transport = transport(Some(pem.expose()), self.server_name.as_deref())?;
        *current = Some(Current { pem, transport: transport.clone() });
        Ok(transport)
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaFile").field("file", &self.file).field("server_name", &self.server_name).finish()
    }
}

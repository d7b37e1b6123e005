//! A transport that trusts the CA in a file, and follows the file.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tokenex_core::http::HttpTransport;
use tokenex_core::sources::File;
use tokenex_core::{AnyTransport, Attempt, Result, Secret, Source};

/// The cluster's CA, which the cluster writes anew when it changes.
pub(super) struct CaFile {
    file: File,
    current: Mutex<Option<Current>>,
}

struct Current {
    pem: Secret,
    transport: AnyTransport,
}

impl CaFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { file: File::new(path), current: Mutex::default() }
    }

    /// The transport for the CA that is in the file now. While the file is being replaced, so that it is empty or not
    /// there, it is the one before.
    pub(super) async fn transport(&self, cx: &Attempt) -> Result<AnyTransport> {
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
        let transport = AnyTransport::new(HttpTransport::builder().ca_pem(pem.expose()).build()?);
        *current = Some(Current { pem, transport: transport.clone() });
        Ok(transport)
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaFile({:?})", self.file)
    }
}

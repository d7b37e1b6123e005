//! Trust in whatever CA is in a file now.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::HttpTransport;
use crate::sources::File;
use crate::{AnyTransport, Attempt, Input, Result, Secret, Source};

/// A file with the CA certificates (PEM) of a server, and the transport that trusts them and no others.
///
/// For a CA that somebody writes anew when it changes, such as that of a cluster. Without a change the transport stays the
/// same, with its connections.
///
/// ```
/// use tokenex_core::http::CaFile;
/// use tokenex_core::{Attempt, Result};
///
/// # struct Cluster { ca: CaFile }
/// # impl Cluster {
/// async fn ask(&self, cx: &Attempt, request: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>> {
///     cx.send_through(&self.ca.transport(cx).await?, request).await
/// }
/// # }
/// # let _ = CaFile::new("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
/// ```
pub struct CaFile {
    file: File,
    server_name: Option<String>,
    current: Mutex<Option<Current>>,
}

struct Current {
    pem: Secret,
    transport: AnyTransport,
}

impl CaFile {
    /// The file at `path`. It need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { file: File::new(path), server_name: None, current: Mutex::default() }
    }

    /// The name to expect in the server's certificate, where it is not that of the address; as
    /// [`HttpTransportBuilder::server_name`](super::HttpTransportBuilder::server_name).
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// The transport for the CA that is in the file now. While the file is being replaced, so that it is empty, not there or
    /// no certificate, it is the one before.
    ///
    /// Can be dropped at any time.
    ///
    /// # Errors
    /// While there was no CA yet: those of [`File`], and
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the file holds no certificate or the name is none.
    pub async fn transport(&self, cx: &Attempt) -> Result<AnyTransport> {
        let read = self.file.fetch(cx).await.and_then(|pem: Input<Secret>| self.follow(pem.into_value()));
        read.or_else(|error| self.lock().as_ref().map(|current| current.transport.clone()).ok_or(error))
    }

    fn follow(&self, pem: Secret) -> Result<AnyTransport> {
        let mut current = self.lock();
        if let Some(current) = current.as_ref().filter(|current| current.pem.same_as(&pem)) {
            return Ok(current.transport.clone());
        }
        let mut builder = HttpTransport::builder().ca_pem(pem.expose());
        if let Some(name) = &self.server_name {
            builder = builder.server_name(name);
        }
        let transport = AnyTransport::new(builder.build()?);
        *current = Some(Current { pem, transport: transport.clone() });
        Ok(transport)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaFile").field("file", &self.file).field("server_name", &self.server_name).finish()
    }
}

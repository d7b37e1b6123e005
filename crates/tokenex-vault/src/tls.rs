//! TLS options of one server.

use tokenex_core::{AnyTransport, Result, Secret};

/// What differs from the scheduler's transport.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    pub(crate) ca: Option<String>,
    pub(crate) identity: Option<Secret>,
    pub(crate) server_name: Option<String>,
}

impl TlsOptions {
    /// A transport with these options; `None` when nothing differs.
    pub(crate) fn transport(self) -> Result<Option<AnyTransport>> {
        Ok(None)
    }
}

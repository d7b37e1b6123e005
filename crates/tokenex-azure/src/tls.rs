//! TLS options of the token endpoint.

use tokenex_core::http::HttpTransport;
use tokenex_core::{AnyTransport, Result};

/// What differs from the scheduler's transport.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    pub(crate) ca: Option<String>,
    pub(crate) server_name: Option<String>,
}

impl TlsOptions {
    /// A transport with these options; `None` when nothing differs.
    pub(crate) fn transport(self) -> Result<Option<AnyTransport>> {
        if self.ca.is_none() && self.server_name.is_none() {
            return Ok(None);
        }
        let mut builder = HttpTransport::builder();
        if let Some(ca) = self.ca {
            builder = builder.ca_pem(ca);
        }
        if let Some(name) = self.server_name {
            builder = builder.server_name(name);
        }
        Ok(Some(AnyTransport::new(builder.build()?)))
    }
}

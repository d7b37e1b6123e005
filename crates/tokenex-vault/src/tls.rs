//! TLS options of one server.

use tokenex_core::http::HttpTransport;
use tokenex_core::{AnyTransport, Result, Secret};

use crate::server::PlainHttp;

/// What differs from the scheduler's transport.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    pub(crate) ca: Option<String>,
    /// Certificate chain and key.
    pub(crate) identity: Option<(String, Secret)>,
    pub(crate) server_name: Option<String>,
}

impl TlsOptions {
    /// A transport with these options; `None` when nothing differs.
    pub(crate) fn transport(self, plain: PlainHttp) -> Result<Option<AnyTransport>> {
        if self.ca.is_none()
            && self.identity.is_none()
            && self.server_name.is_none()
            && plain == PlainHttp::LoopbackOnly
        {
            return Ok(None);
        }
        let mut builder = HttpTransport::builder();
        if let Some(ca) = self.ca {
            builder = builder.ca_pem(ca);
        }
        if let Some((certificates, key)) = self.identity {
            builder = builder.client_identity_pem(certificates, key);
        }
        if let Some(name) = self.server_name {
            builder = builder.server_name(name);
        }
        if plain == PlainHttp::Anywhere {
            builder = builder.dangerous_allow_http();
        }
        Ok(Some(AnyTransport::new(builder.build()?)))
    }
}

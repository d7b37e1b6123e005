//! The settings of the transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clients::{Clients, Recipe};
use super::proxy::ProxyChoice;
use super::tls::{ClientIdentity, Tls, check_server_name};
use super::{HttpTransport, Inner};
use crate::{Error, ErrorKind, Result, Secret};

/// The settings of an [`HttpTransport`].
#[must_use]
pub struct HttpTransportBuilder {
    tls: Tls,
    server_name: Option<String>,
    proxy: ProxyChoice,
    connect_timeout: Duration,
    body_max: usize,
    allow_http: bool,
}

impl HttpTransportBuilder {
    pub(super) fn new() -> Self {
        Self {
            tls: Tls::default(),
            server_name: None,
            proxy: ProxyChoice::None,
            connect_timeout: Duration::from_secs(10),
            body_max: 8 * 1024 * 1024,
            allow_http: false,
        }
    }

    /// Trusts the CA certificates in this PEM text, and only them: those of the operating system count no more. Several
    /// calls add up.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.ca_pem.get_or_insert_default().push(pem.into());
        self
    }

    /// Trusts the server certificate with this SHA-1 thumbprint (40 hexadecimal digits) and no other, whoever signed it
    /// and whatever its names and dates say: for services of the platform that hand out a thumbprint in place of a CA.
    /// It goes without [`ca_pem`](Self::ca_pem).
    pub fn pin_certificate_sha1(mut self, thumbprint: impl Into<String>) -> Self {
        self.tls.pin = Some(thumbprint.into());
        self
    }

    /// Shows this certificate to servers that ask for one: the PEM text of the certificate with its chain, and that of
    /// its private key (PKCS#8, SEC1 or PKCS#1).
    pub fn client_identity_pem(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Secret>) -> Self {
        self.tls.identity = Some(ClientIdentity { certificates: certificates.into(), key: key.into() });
        self
    }

    /// Asks for, and verifies, the certificate of this DNS name instead of that of the host in the URL: for a server
    /// that is reached by an address which is not in its certificate.
    ///
    /// It goes with a direct connection: [`proxy`](Self::proxy) cannot be set together with it, and
    /// [`proxy_from_env`](Self::proxy_from_env) then has no effect.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Sends everything through this HTTP proxy: `http://user:password@proxy.example:3128`, https likewise.
    ///
    /// Loopback, link-local and metadata addresses never go through a proxy: what they answer is meant for this machine.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Sends https requests through the proxy in `HTTPS_PROXY`, if set, except to the hosts in `NO_PROXY`. Both may be
    /// in lower case. They are read once, by [`build`](Self::build).
    pub fn proxy_from_env(mut self) -> Self {
        self.proxy = ProxyChoice::Environment;
        self
    }

    /// How long finding and connecting to a server may take, its TLS handshake included. Default 10 s. The limit of the
    /// request counts as well.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The longest body of an answer, in bytes. Default 8 MiB.
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// Allows plain http to any host. Whoever is on the way can read and change everything, credentials included.
    pub fn dangerous_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Makes the transport. May read the certificates of the operating system, so it blocks for a moment.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when a certificate, key, name or proxy is not one, when certificate and key do not
    /// belong together, or when the machine has no certificates to trust.
    pub fn build(self) -> Result<HttpTransport> {
        if let Some(name) = &self.server_name {
            check_server_name(name)?;
            if matches!(self.proxy, ProxyChoice::Url(_)) {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "`proxy` and `server_name` cannot be set together: a proxy would look for a host of that name",
                )
                .with_advice("address the server by the name in its certificate, or connect directly"));
            }
        }
        let proxy = if self.server_name.is_some() { None } else { self.proxy.resolve()? };
        let recipe = Recipe { tls: self.tls.config()?, proxy, connect_timeout: self.connect_timeout };
        Ok(HttpTransport(Arc::new(Inner {
            clients: Clients::new(recipe, self.server_name)?,
            body_max: self.body_max,
            connect_timeout: self.connect_timeout,
            allow_http: self.allow_http,
        })))
    }
}

/// Certificates and proxies are not shown.
impl fmt::Debug for HttpTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransportBuilder")
            .field("server_name", &self.server_name)
            .field("connect_timeout", &self.connect_timeout)
            .field("body_max", &self.body_max)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

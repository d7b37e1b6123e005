//! The choices of a client.

use std::fmt;

use http::Uri;
use tokenex_core::{AnyTransport, Error, ErrorKind, Result, Transport};

use super::{Entra, Proof};
use crate::cloud::Cloud;
use crate::endpoint::Endpoint;
use crate::route::Route;

/// The choices of an [`Entra`].
#[must_use = "a client begins with `build`"]
pub struct EntraBuilder {
    tenant: String,
    proof: Proof,
    cloud: Cloud,
    proxy: Option<TokenProxy>,
    transport: Option<AnyTransport>,
    #[cfg(feature = "http")]
    tls: crate::tls::TlsOptions,
}

impl EntraBuilder {
    pub(super) fn new(tenant: String, proof: Proof) -> Self {
        Self {
            tenant,
            proof,
            cloud: Cloud::public(),
            proxy: None,
            transport: None,
            #[cfg(feature = "http")]
            tls: crate::tls::TlsOptions::default(),
        }
    }

    /// Which cloud the tenant is in. Default [`Cloud::public`].
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Trusts this CA for the token endpoint, and no other: for a cloud of one's own. PEM, one or several certificates.
    #[cfg(feature = "http")]
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.tls.ca = Some(crate::tls::Ca::Pem(pem.into()));
        self
    }

    /// The name to expect in the certificate of the token endpoint, where it is not that of the address.
    #[cfg(feature = "http")]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into());
        self
    }

    pub(crate) fn token_proxy(mut self, proxy: TokenProxy) -> Self {
        #[cfg(feature = "http")]
        {
            let file = proxy.ca_file.clone().map(|path| crate::tls::Ca::File(path.into()));
            self.tls.ca = proxy.ca_pem.clone().map(crate::tls::Ca::Pem).or(file);
            self.tls.server_name = proxy.server_name.clone();
        }
        self.proxy = Some(proxy);
        self
    }

    /// Checks the choices. Nothing is sent before a token is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub fn build(self) -> Result<Entra> {
        let named = |error: Error| error.with_provider("azure");
        if let Proof::Federated(client) = &self.proof {
            check_client_id(client.client_id())?;
        }
        let route = match (self.transport, &self.proxy) {
            (Some(transport), _) => Route::Own(transport),
            #[cfg(feature = "http")]
            _ => self.tls.route().map_err(named)?,
            #[cfg(not(feature = "http"))]
            (None, None) => Route::Scheduler,
            #[cfg(not(feature = "http"))]
            (None, Some(_)) => return Err(named(no_way_to_proxy())),
        };
        let mut endpoint = Endpoint::new(self.cloud, self.tenant, route)?;
        if let Some(proxy) = &self.proxy {
            endpoint = endpoint.through(&proxy.address).map_err(named)?;
        }
        Ok(Entra::new(endpoint, self.proof))
    }
}

impl fmt::Debug for EntraBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraBuilder")
            .field("tenant", &self.tenant)
            .field("cloud", &self.cloud)
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

/// Where token requests go instead of the authority host, and how to get there.
#[derive(Debug)]
pub(crate) struct TokenProxy {
    pub(crate) address: Uri,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "the transport decides"))]
    pub(crate) server_name: Option<String>,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "the transport decides"))]
    pub(crate) ca_file: Option<String>,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "the transport decides"))]
    pub(crate) ca_pem: Option<String>,
}

#[cfg(not(feature = "http"))]
fn no_way_to_proxy() -> Error {
    Error::new(ErrorKind::Configuration, "there is no way to the token proxy of identity bindings").with_advice(
        "turn on feature `http` of tokenex-azure, or give EntraBuilder::transport one that trusts the proxy",
    )
}

/// A client id is a GUID today; what is checked is what would be a mistake in any form.
///
/// # Errors
/// [`ErrorKind::Configuration`].
pub(crate) fn check_client_id(client_id: &str) -> Result<()> {
    const LENGTH_MAX: usize = 200;
    let bad = |what: &'static str, advice: &'static str| {
        Error::new(ErrorKind::Configuration, what).with_provider("azure").with_code("client_id").with_advice(advice)
    };
    if client_id.trim().is_empty() {
        return Err(bad(
            "the client id is empty",
            "give the application (client) id, as `az ad app list --query [].appId` or `az identity list` prints it",
        ));
    }
    if client_id.trim() != client_id {
        return Err(bad("there are blanks around the client id", "leave them out"));
    }
    if client_id.len() > LENGTH_MAX || !client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("the client id is not one", "give the application (client) id, a GUID"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_checked_for_what_is_pasted_wrong() {
        assert!(check_client_id("1950a258-227b-4e31-a9cf-717495945fc2").is_ok());
        for (bad, word) in [("", "empty"), (" \t", "empty"), (" a", "blanks"), ("a\n", "blanks"), ("a b", "not one")] {
            let error = check_client_id(bad).unwrap_err();
            assert_eq!(error.code(), Some("client_id"));
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

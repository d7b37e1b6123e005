//! The choices of an [`OkeWorkload`].

use std::fmt;
use std::net::Ipv6Addr;
#[cfg(feature = "http")]
use std::path::PathBuf;

use tokenex_core::sources::File;
use tokenex_core::{AnyTokenSource, AnyTransport, Result, Target, TokenSource, Transport};

use super::OkeWorkload;
use super::route::Route;
use crate::errors::bad_option;
use crate::key::KeySize;
use crate::spare_key::SpareKey;

/// The address of the API server inside of the cluster; Kubernetes sets it in each container.
const HOST: &str = "KUBERNETES_SERVICE_HOST";

/// Another CA than the pod's; Oracle's clients obey it as well.
#[cfg(feature = "http")]
const CA_VARIABLE: &str = "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH";

const TOKEN_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
#[cfg(feature = "http")]
const CA_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// The port and the path of what Oracle calls the proxymux.
const PORT: u16 = 12250;
const PATH: &str = "/resourcePrincipalSessionTokens";

/// The choices of an [`OkeWorkload`].
#[must_use = "a provider begins with `build`"]
pub struct OkeWorkloadBuilder {
    host: String,
    identity: AnyTokenSource,
    key_size: KeySize,
    #[cfg(feature = "http")]
    ca_file: PathBuf,
    transport: Option<AnyTransport>,
}

impl OkeWorkload {
    /// A pod in the cluster whose API server is at this host, from inside: an address or a name, without a port.
    pub fn builder(host: impl Into<String>) -> OkeWorkloadBuilder {
        OkeWorkloadBuilder {
            host: host.into(),
            identity: AnyTokenSource::new(File::new(TOKEN_FILE)),
            key_size: KeySize::default(),
            #[cfg(feature = "http")]
            ca_file: CA_FILE.into(),
            transport: None,
        }
    }

    /// The pod that the program runs in.
    ///
    /// Read are `KUBERNETES_SERVICE_HOST`, which Kubernetes sets, and `OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH` for another CA than
    /// the pod's own `ca.crt`. Service account token and CA are read from their files in each attempt. Without feature `http` the
    /// builder wants a [transport](OkeWorkloadBuilder::transport) that trusts the cluster's CA.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) outside of Kubernetes.
    pub fn from_env() -> Result<OkeWorkloadBuilder> {
        // Only what is Unicode can be any of these.
        from_variables(|name| std::env::var(name).ok())
    }
}

impl OkeWorkloadBuilder {
    /// Another place for the service account's token than
    /// `/var/run/secrets/kubernetes.io/serviceaccount/token`.
    pub fn identity(mut self, source: impl TokenSource) -> Self {
        self.identity = AnyTokenSource::new(source);
        self
    }

    /// Another file with the cluster's CA, in PEM. It is read anew in each attempt.
    #[cfg(feature = "http")]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = path.into();
        self
    }

    /// How long session keys are. Default [`KeySize::Rsa2048`].
    pub fn key_size(mut self, size: KeySize) -> Self {
        self.key_size = size;
        self
    }

    /// A way to the network of one's own; no CA file is read then.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before a token is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<OkeWorkload> {
        // An IPv6 address stands in brackets.
        let host = if self.host.parse::<Ipv6Addr>().is_ok() { format!("[{}]", self.host) } else { self.host };
        let not_a_host = || {
            bad_option("environment", "the address of the cluster's API server is not a host")
                .with_advice(format!("Kubernetes sets {HOST}: pass it on as it is, without a scheme or a port"))
        };
        let origin = format!("https://{host}:{PORT}");
        let endpoint: http::Uri = format!("{origin}{PATH}").parse().map_err(|_| not_a_host())?;
        // Read back, so that nothing in the variable can be a user, a port or a path.
        if endpoint.host() != Some(host.as_str()) || endpoint.path() != PATH || endpoint.port_u16() != Some(PORT) {
            return Err(not_a_host());
        }
        let route = match self.transport {
            Some(own) => Route::Own(own),
            #[cfg(feature = "http")]
            None => Route::CaFile(std::sync::Arc::new(tokenex_core::http::CaFile::new(self.ca_file))),
            #[cfg(not(feature = "http"))]
            None => {
                return Err(bad_option("transport", "there is no way to the cluster's API server").with_advice(
                    "turn on feature `http` of tokenex-oci, or give `transport` one that trusts the cluster's CA",
                ));
            }
        };
        Ok(OkeWorkload {
            endpoint,
            target: Target::new(origin),
            identity: self.identity,
            key_size: self.key_size,
            spare: SpareKey::default(),
            route,
        })
    }
}

impl fmt::Debug for OkeWorkloadBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OkeWorkloadBuilder").field("host", &self.host).finish_non_exhaustive()
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<OkeWorkloadBuilder> {
    let value = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let host = value(HOST).ok_or_else(|| {
        bad_option("environment", format!("not set: {HOST}"))
            .with_advice("Kubernetes sets it in each container: does this program run in a pod of OKE?")
    })?;
    let builder = OkeWorkload::builder(host);
    #[cfg(feature = "http")]
    let builder = match value(CA_VARIABLE) {
        Some(path) => builder.ca_file(path),
        None => builder,
    };
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str) -> Result<OkeWorkload> {
        from_variables(|name| (name == HOST).then(|| host.to_owned()))?.transport(NoTransport).build()
    }

    struct NoTransport;

    impl Transport for NoTransport {
        fn send(
            &self,
            _: http::Request<bytes::Bytes>,
            _: std::time::Duration,
        ) -> tokenex_core::BoxFuture<'_, Result<http::Response<bytes::Bytes>>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn the_api_server_is_asked_at_the_port_of_the_proxymux() {
        for (host, uri) in [
            ("10.96.0.1", "https://10.96.0.1:12250/resourcePrincipalSessionTokens"),
            (" kubernetes.default\n", "https://kubernetes.default:12250/resourcePrincipalSessionTokens"),
            ("fd00::1", "https://[fd00::1]:12250/resourcePrincipalSessionTokens"),
        ] {
            assert_eq!(of(host).unwrap().endpoint, uri);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in ["", " ", "https://10.96.0.1", "10.96.0.1:443", "a/b", "user@host", "a b", "host?x", "host#x"] {
            let error = of(bad).unwrap_err();
            assert_eq!(error.code(), Some("environment"), "{bad}");
            assert!(error.to_string().contains(HOST), "{error}");
        }
    }
}

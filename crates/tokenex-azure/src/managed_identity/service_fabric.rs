//! Service Fabric clusters.
//!
//! [Service Fabric](https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code). The
//! endpoint is https with a certificate that nobody signed: the platform hands out its thumbprint instead. The identity is
//! the one that the application's manifest binds to the service.

use http::HeaderName;
use tokenex_core::{AnyTransport, Result};

use super::app_service::{ENDPOINT, HEADER};
use super::call::{Call, Endpoint};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::{Variables, bad};

const THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";
const API_VERSION: &str = "2019-07-01-preview";
const SECRET: HeaderName = HeaderName::from_static("secret");

const NAMES: Names = Names { client: None, object: None, resource: None };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    let endpoint = Endpoint::read(ENDPOINT, &variables.required(ENDPOINT)?)?;
    if !endpoint.is_encrypted() {
        return Err(bad("the variable IDENTITY_ENDPOINT holds no https address, as that of Service Fabric is")
            .with_advice(
                "without https the thumbprint proves nothing; on App Service unset IDENTITY_SERVER_THUMBPRINT",
            ));
    }
    Ok(endpoint)
}

pub(super) fn call(variables: &Variables, selector: Option<&Selector>, resource: &str) -> Result<Call> {
    if let Some(selector) = selector {
        selector.parameter(&NAMES, Platform::ServiceFabric)?;
    }
    let secret = variables.required(HEADER)?;
    endpoint(variables)?.get(&[("api-version", API_VERSION), ("resource", resource)])?.with_secret(
        SECRET,
        secret.into(),
        "",
        "the variable IDENTITY_HEADER",
    )
}

/// The transport that trusts the cluster's certificate and no other, kept as long as the thumbprint stays the same.
#[derive(Default)]
pub(super) struct Pinned {
    #[cfg(feature = "http")]
    last: Kept<AnyTransport>,
}

impl Pinned {
    #[cfg(feature = "http")]
    pub(super) fn transport(&self, variables: &Variables) -> Result<AnyTransport> {
        self.last.get(variables.required(THUMBPRINT)?, |thumbprint| {
            let transport = tokenex_core::http::HttpTransport::builder().pin_certificate_sha1(thumbprint).build();
            transport.map(AnyTransport::new).map_err(|error| error.with_code("environment"))
        })
    }

    #[cfg(not(feature = "http"))]
    pub(super) fn transport(&self, variables: &Variables) -> Result<AnyTransport> {
        variables.required(THUMBPRINT)?;
        Err(tokenex_core::Error::new(
            tokenex_core::ErrorKind::Configuration,
            "Service Fabric's certificate is verified by its thumbprint, which only core's own transport can do",
        )
        .with_advice("turn on feature `http` of tokenex-azure"))
    }
}

/// What was last made, and what it was made from.
#[cfg(feature = "http")]
struct Kept<T>(std::sync::Mutex<Option<(String, T)>>);

#[cfg(feature = "http")]
impl<T: Clone> Kept<T> {
    fn get(&self, key: String, make: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((of, made)) = &*last
            && *of == key
        {
            return Ok(made.clone());
        }
        let made = make(&key)?;
        *last = Some((key, made.clone()));
        Ok(made)
    }
}

#[cfg(feature = "http")]
impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(std::sync::Mutex::new(None))
    }
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    const SET: &[(&str, &str)] = &[(ENDPOINT, "https://10.0.0.4:2377/metadata/identity/oauth2/token"), (HEADER, "s3")];

    #[test]
    fn the_request_is_as_documented() {
        let call = call(&variables(SET), None, "https://vault.azure.net/").unwrap();
        assert_eq!(
            call.request.uri(),
            "https://10.0.0.4:2377/metadata/identity/oauth2/token?api-version=2019-07-01-preview\
             &resource=https%3A%2F%2Fvault.azure.net%2F"
        );
        assert!(call.request.headers()["secret"] == "s3" && call.request.headers()["secret"].is_sensitive());
    }

    #[test]
    fn an_identity_cannot_be_chosen_and_plain_http_is_refused() {
        let error = call(&variables(SET), Some(&Selector::Client("c".into())), "r").unwrap_err();
        assert!(error.to_string().contains("Service Fabric does not let programs choose"), "{error}");
        assert!(endpoint(&variables(&[(ENDPOINT, "http://127.0.0.1/")])).is_err());
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_transport_is_kept_as_long_as_the_thumbprint_stays_the_same() {
        let (kept, mut made) = (Kept::default(), 0);
        let mut get = |thumbprint: &str| {
            kept.get(thumbprint.into(), |_| {
                made += 1;
                Ok(made)
            })
        };
        assert_eq!(["a", "a", "b", "b", "a"].map(|thumbprint| get(thumbprint).unwrap()), [1, 1, 2, 2, 3]);
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_is_no_thumbprint_is_refused() {
        let pinned = Pinned::default();
        assert!(pinned.transport(&variables(&[])).unwrap_err().to_string().contains(THUMBPRINT));
        let error = pinned.transport(&variables(&[(THUMBPRINT, "abc")])).unwrap_err();
        assert!(error.to_string().contains("40 hexadecimal digits"), "{error}");
    }
}

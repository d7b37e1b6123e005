//! Cloud Shell: the token is that of the signed-in user, whatever identities there are.
//!
//! [Cloud Shell](https://learn.microsoft.com/azure/cloud-shell/msi-authorization).

use tokenex_core::Result;

use super::call::{Call, Endpoint, METADATA};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::Variables;

const ENDPOINT: &str = "MSI_ENDPOINT";

const NAMES: Names = Names { client: None, object: None, resource: None };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    Endpoint::read(ENDPOINT, &variables.required(ENDPOINT)?)
}

pub(super) fn call(variables: &Variables, selector: Option<&Selector>, resource: &str) -> Result<Call> {
    if let Some(selector) = selector {
        selector.parameter(&NAMES, Platform::CloudShell)?;
    }
    Ok(endpoint(variables)?.post(&[("resource", resource)])?.with(METADATA, "true"))
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    const SET: &[(&str, &str)] = &[(ENDPOINT, "http://localhost:50342/oauth2/token")];

    #[test]
    fn the_request_is_as_documented() {
        let call = call(&variables(SET), None, "https://management.azure.com").unwrap();
        assert_eq!((call.request.method().as_str(), call.request.uri().path()), ("POST", "/oauth2/token"));
        assert_eq!(call.request.body(), "resource=https%3A%2F%2Fmanagement.azure.com");
        assert_eq!(call.request.headers()["metadata"], "true");
    }

    #[test]
    fn an_identity_cannot_be_chosen() {
        let error = call(&variables(SET), Some(&Selector::Client("c".into())), "r").unwrap_err();
        assert!(error.to_string().contains("does not let programs choose"), "{error}");
    }
}

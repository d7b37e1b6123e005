//! App Service, Functions and Container Apps.
//!
//! [App Service](https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference),
//! [Container Apps](https://learn.microsoft.com/azure/container-apps/managed-identity#rest-endpoint-reference).

use http::HeaderName;
use tokenex_core::Result;

use super::call::{Call, Endpoint};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::Variables;

pub(super) const ENDPOINT: &str = "IDENTITY_ENDPOINT";
/// Keeps requests apart that others were tricked into. The platform rotates it.
pub(super) const HEADER: &str = "IDENTITY_HEADER";

const API_VERSION: &str = "2019-08-01";
const X_IDENTITY_HEADER: HeaderName = HeaderName::from_static("x-identity-header");

const NAMES: Names = Names { client: Some("client_id"), object: Some("principal_id"), resource: Some("mi_res_id") };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    Endpoint::read(ENDPOINT, &variables.required(ENDPOINT)?)
}

pub(super) fn call(variables: &Variables, selector: Option<&Selector>, resource: &str) -> Result<Call> {
    let mut parameters = vec![("api-version", API_VERSION), ("resource", resource)];
    if let Some(selector) = selector {
        parameters.push(selector.parameter(&NAMES, Platform::AppService)?);
    }
    let header = variables.required(HEADER)?;
    endpoint(variables)?.get(&parameters)?.with_secret(
        X_IDENTITY_HEADER,
        header.into(),
        "",
        "the variable IDENTITY_HEADER",
    )
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    const SET: &[(&str, &str)] = &[(ENDPOINT, "http://127.0.0.1:41056/msi/token"), (HEADER, "853b9a84")];

    #[test]
    fn the_request_is_as_documented() {
        let call = call(&variables(SET), None, "https://vault.azure.net").unwrap();
        assert_eq!(
            call.request.uri(),
            "http://127.0.0.1:41056/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net"
        );
        let header = &call.request.headers()["X-IDENTITY-HEADER"];
        assert!(header == "853b9a84" && header.is_sensitive());
    }

    #[test]
    fn each_selector_has_its_parameter() {
        for (selector, parameter) in [
            (Selector::Client("c".into()), "&client_id=c"),
            (Selector::Object("o".into()), "&principal_id=o"),
            (Selector::Resource("/s".into()), "&mi_res_id=%2Fs"),
        ] {
            let call = call(&variables(SET), Some(&selector), "r").unwrap();
            assert!(call.request.uri().to_string().ends_with(parameter), "{call:?}");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = call(&variables(&[(ENDPOINT, "http://127.0.0.1/")]), None, "r").unwrap_err();
        assert!(error.to_string().contains(HEADER), "{error}");
    }
}

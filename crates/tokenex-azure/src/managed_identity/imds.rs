//! The instance metadata service of virtual machines and all that runs on them.
//!
//! [Request, answer and errors](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token).
//! The address is link-local: what answers there is the host of this machine.

use tokenex_core::Result;

use super::call::{Call, Endpoint, METADATA};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::Variables;

/// Moves the service elsewhere: what stands in for it sets this, and Microsoft's libraries obey it as well.
const HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
const DEFAULT_HOST: &str = "http://169.254.169.254";
const PATH: &str = "/metadata/identity/oauth2/token";
const API_VERSION: &str = "2018-02-01";

const NAMES: Names = Names { client: Some("client_id"), object: Some("object_id"), resource: Some("msi_res_id") };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    match variables.get(HOST) {
        None => Endpoint::read(HOST, &format!("{DEFAULT_HOST}{PATH}")),
        Some(host) => {
            let given = Endpoint::read(HOST, &host)?;
            let path = given.path().trim_end_matches('/');
            // The variable holds a host by its name, and the whole address by the habit of some.
            let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
            Endpoint::read(HOST, &format!("{}{path}", given.origin()))
        }
    }
}

pub(super) fn call(variables: &Variables, selector: Option<&Selector>, resource: &str) -> Result<Call> {
    let mut parameters = vec![("api-version", API_VERSION), ("resource", resource)];
    if let Some(selector) = selector {
        parameters.push(selector.parameter(&NAMES, Platform::Imds)?);
    }
    Ok(endpoint(variables)?.get(&parameters)?.with(METADATA, "true"))
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    #[test]
    fn the_request_is_as_documented() {
        let call = call(&variables(&[]), None, "https://management.azure.com/").unwrap();
        assert_eq!(
            call.request.uri(),
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01\
             &resource=https%3A%2F%2Fmanagement.azure.com%2F"
        );
        assert_eq!(
            (call.request.method().as_str(), &call.request.headers()["metadata"]),
            ("GET", &"true".parse().unwrap())
        );
    }

    #[test]
    fn each_selector_has_its_parameter() {
        for (selector, parameter) in [
            (Selector::Client("c".into()), "&client_id=c"),
            (Selector::Object("o".into()), "&object_id=o"),
            (Selector::Resource("/subscriptions/s".into()), "&msi_res_id=%2Fsubscriptions%2Fs"),
        ] {
            let call = call(&variables(&[]), Some(&selector), "r").unwrap();
            assert!(call.request.uri().to_string().ends_with(parameter), "{call:?}");
        }
    }

    #[test]
    fn the_service_may_be_moved() {
        for (host, address) in [
            ("http://127.0.0.1:2579", "http://127.0.0.1:2579/metadata/identity/oauth2/token"),
            ("http://127.0.0.1:2579/", "http://127.0.0.1:2579/metadata/identity/oauth2/token"),
            ("http://h.example/metadata/identity/oauth2/token", "http://h.example/metadata/identity/oauth2/token"),
        ] {
            let moved = Variables::new(move |name| (name == HOST).then(|| host.to_owned()));
            let endpoint = endpoint(&moved).unwrap();
            assert_eq!(format!("{}{}", endpoint.origin(), endpoint.path()), address);
        }
        assert!(endpoint(&variables(&[(HOST, "127.0.0.1")])).is_err());
    }
}

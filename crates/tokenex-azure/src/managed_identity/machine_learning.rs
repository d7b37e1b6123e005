//! Azure Machine Learning compute.
//!
//! [Machine Learning](https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication). The
//! protocol is the one that [App Service](https://learn.microsoft.com/azure/app-service/overview-managed-identity) had
//! first, and old plans still speak it.

use http::HeaderName;
use tokenex_core::Result;

use super::call::{Call, Endpoint};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::Variables;

const ENDPOINT: &str = "MSI_ENDPOINT";
const SECRET: &str = "MSI_SECRET";
/// The identity of the compute, when the program names none.
const DEFAULT_CLIENT: &str = "DEFAULT_IDENTITY_CLIENT_ID";

const API_VERSION: &str = "2017-09-01";
const SECRET_HEADER: HeaderName = HeaderName::from_static("secret");
const CLIENT_ID: &str = "clientid";

const NAMES: Names = Names { client: Some(CLIENT_ID), object: None, resource: None };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    Endpoint::read(ENDPOINT, &variables.required(ENDPOINT)?)
}

pub(super) fn call(variables: &Variables, selector: Option<&Selector>, resource: &str) -> Result<Call> {
    let default = variables.get(DEFAULT_CLIENT);
    let mut parameters = vec![("api-version", API_VERSION), ("resource", resource)];
    match (selector, &default) {
        (Some(selector), _) => parameters.push(selector.parameter(&NAMES, Platform::MachineLearning)?),
        (None, Some(client)) => parameters.push((CLIENT_ID, client)),
        (None, None) => {}
    }
    let secret = variables.required(SECRET)?;
    endpoint(variables)?.get(&parameters)?.with_secret(SECRET_HEADER, secret.into(), "", "the variable MSI_SECRET")
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    const SET: &[(&str, &str)] =
        &[(ENDPOINT, "http://127.0.0.1:46808/MSI/auth"), (SECRET, "s3"), (DEFAULT_CLIENT, "d")];

    fn query(set: &'static [(&'static str, &'static str)], selector: Option<Selector>) -> String {
        let call = call(&variables(set), selector.as_ref(), "r").unwrap();
        assert!(call.request.headers()["secret"] == "s3" && call.request.headers()["secret"].is_sensitive());
        call.request.uri().query().unwrap().to_owned()
    }

    #[test]
    fn the_request_is_as_documented() {
        assert_eq!(query(SET, None), "api-version=2017-09-01&resource=r&clientid=d");
        assert_eq!(query(&SET[..2], None), "api-version=2017-09-01&resource=r");
        assert_eq!(query(SET, Some(Selector::Client("c".into()))), "api-version=2017-09-01&resource=r&clientid=c");
    }

    #[test]
    fn only_a_client_id_chooses() {
        let error = call(&variables(SET), Some(&Selector::Object("o".into())), "r").unwrap_err();
        assert!(error.to_string().contains("client_id only"), "{error}");
    }
}

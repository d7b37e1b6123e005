//! Machines elsewhere with the agent of Azure Arc.
//!
//! [Arc](https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication). The first request is
//! answered with the name of a file, the second carries its contents: programs that may not read the file get no token. The
//! machine has one identity; the agent may ignore a selector without a word, so that none is taken.

use http::HeaderMap;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use std::path::PathBuf;
use tokenex_core::{Error, ErrorKind, Result, Retry, Secret};

use super::app_service::ENDPOINT;
use super::call::{Call, Endpoint, METADATA};
use super::platform::Platform;
use super::selector::{Names, Selector};
use super::variables::Variables;

/// Where the agent listens, when nothing says otherwise.
const DEFAULT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
const API_VERSION: &str = "2020-06-01";

const NAMES: Names = Names { client: None, object: None, resource: None };

pub(super) fn endpoint(variables: &Variables) -> Result<Endpoint> {
    Endpoint::read(ENDPOINT, variables.get(ENDPOINT).as_deref().unwrap_or(DEFAULT))
}

/// The first request, or with a key the second.
pub(super) fn call(
    variables: &Variables,
    selector: Option<&Selector>,
    resource: &str,
    key: Option<Secret>,
) -> Result<Call> {
    if let Some(selector) = selector {
        selector.parameter(&NAMES, Platform::Arc)?;
    }
    let call =
        endpoint(variables)?.get(&[("api-version", API_VERSION), ("resource", resource)])?.with(METADATA, "true");
    match key {
        Some(key) => call.with_secret(AUTHORIZATION, key, "Basic ", "the agent's key file"),
        None => Ok(call),
    }
}

/// The file that the agent names in its challenge: `Basic realm=<path>`.
pub(super) fn challenge(headers: &HeaderMap) -> Result<PathBuf> {
    const SCHEME: &str = "Basic realm=";
    let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let realm = |value: &str| {
        let (scheme, path) = value.trim().split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| path.trim().trim_matches('"').to_owned())
    };
    let path = values.into_iter().find_map(realm).filter(|path| !path.is_empty());
    path.map(PathBuf::from).ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "the agent wants proof, and does not name a file with the key")
            .with_retry(Retry::Terminal)
            .with_code("challenge")
            .with_advice("is it the Connected Machine agent that answers there? `azcmagent show` tells its version")
    })
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    #[test]
    fn both_requests_are_as_documented() {
        let first = call(&variables(&[]), None, "https://vault.azure.net", None).unwrap();
        assert_eq!(
            first.request.uri(),
            "http://127.0.0.1:40342/metadata/identity/oauth2/token?api-version=2020-06-01\
             &resource=https%3A%2F%2Fvault.azure.net"
        );
        assert!(first.request.headers()["metadata"] == "true" && !first.request.headers().contains_key(AUTHORIZATION));
        let moved = variables(&[(ENDPOINT, "http://localhost:40342/x")]);
        let second = call(&moved, None, "r", Some("k3y".into())).unwrap();
        assert_eq!(second.request.uri().path(), "/x");
        let key = &second.request.headers()[AUTHORIZATION];
        assert!(key == "Basic k3y" && key.is_sensitive());
    }

    #[test]
    fn an_identity_cannot_be_chosen() {
        let error = call(&variables(&[]), Some(&Selector::Client("c".into())), "r", None).unwrap_err();
        assert!(error.to_string().contains("Azure Arc does not let programs choose"), "{error}");
    }

    #[test]
    fn the_challenge_names_a_file() {
        let find = |values: &[&str]| {
            challenge(&values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect())
        };
        for value in ["Basic realm=/a/b.key", "basic Realm=\"/a/b.key\"", " Basic realm= /a/b.key "] {
            assert_eq!(find(&[value]).unwrap(), PathBuf::from("/a/b.key"), "{value}");
        }
        assert_eq!(find(&["Negotiate", "Basic realm=/a/b.key"]).unwrap(), PathBuf::from("/a/b.key"));
        for bad in [&[][..], &["Basic"], &["Basic realm="], &["Bearer realm=/a/b.key"], &["file=/a/b.key"]] {
            let error = find(bad).unwrap_err();
            assert_eq!((error.code(), error.is_transient()), (Some("challenge"), false), "{bad:?}");
        }
    }
}

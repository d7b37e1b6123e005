//! For `exec` in a kubeconfig
//! ([client authentication](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins)).

use serde::{Deserialize, Serialize};
use tokenex::core::Secret;

use crate::catalog::Snapshot;
use crate::failure::Failure;
use crate::time::rfc3339;

const V1: &str = "client.authentication.k8s.io/v1";
/// The client wants its own version back, and older kubeconfigs name this one. The document is the same.
const V1_BETA_1: &str = "client.authentication.k8s.io/v1beta1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential<'a> {
    api_version: &'static str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_timestamp: Option<String>,
}

pub(super) fn render(snapshot: &Snapshot) -> Result<Secret, Failure> {
    let token = super::access_token(snapshot)?;
    let document = ExecCredential {
        api_version: version(std::env::var("KUBERNETES_EXEC_INFO").ok().as_deref()),
        kind: "ExecCredential",
        status: Status { token: token.expose(), expiration_timestamp: snapshot.expires_at.map(rfc3339) },
    };
    Ok(super::line(&document))
}

/// The version that the client asks for.
fn version(asked: Option<&str>) -> &'static str {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        api_version: String,
    }
    match asked.and_then(|info| serde_json::from_str::<Info>(info).ok()) {
        Some(info) if info.api_version == V1_BETA_1 => V1_BETA_1,
        _ => V1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_version_that_it_asks_for() {
        assert_eq!(version(None), V1);
        assert_eq!(version(Some("{")), V1);
        assert_eq!(version(Some(r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"x"}"#)), V1_BETA_1);
    }
}

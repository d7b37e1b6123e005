//! OpenID discovery of a tenant, and its keys.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::directory::TenantState;

/// The document at this path below the tenant's; `None` where there is none.
pub(super) fn document(tenant: &TenantState, path: &[&str], request: &Request<Bytes>) -> Option<Value> {
    match path {
        ["v2.0", ".well-known", "openid-configuration"] => Some(openid(tenant, request, true)),
        [".well-known", "openid-configuration"] => Some(openid(tenant, request, false)),
        ["discovery", "v2.0", "keys"] | ["discovery", "keys"] => Some(tenant.keys.jwks()),
        _ => None,
    }
}

/// The addresses are those under which the twin was asked; the issuer is Microsoft's, since tokens name it.
fn openid(tenant: &TenantState, request: &Request<Bytes>, v2: bool) -> Value {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("https");
    let host = uri.authority().map_or("login.microsoftonline.com", |authority| authority.as_str());
    let base = format!("{scheme}://{host}/{}", tenant.id);
    let version = if v2 { "/v2.0" } else { "" };
    json!({
        "token_endpoint": format!("{base}/oauth2{version}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery{version}/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": if v2 { tenant.v2_issuer() } else { tenant.v1_issuer() },
        "authorization_endpoint": format!("{base}/oauth2{version}/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2{version}/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2{version}/logout"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    })
}

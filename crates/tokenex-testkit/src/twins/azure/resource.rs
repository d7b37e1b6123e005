//! What a token is for: scopes, resources, and the shape of token that each resource wants.

use super::directory::{Directory, TenantState};
use super::refusal::{self, Refusal};
use super::text::is_guid;

/// The audience under which the public cloud takes identity tokens for tokens of its own.
pub const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// The same audience as Entra writes it into its own tokens.
pub const EXCHANGE_AUDIENCE_ID: &str = "fb60f99c-7a34-4190-8149-302f77469936";

/// Microsoft's own APIs that every tenant knows. All of them take tokens of version 1.
const MICROSOFT: &[&str] = &[
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://graph.microsoft.com",
    "https://storage.azure.com",
    "https://vault.azure.net",
    "https://database.windows.net",
    "https://ossrdbms-aad.database.windows.net",
    "https://servicebus.azure.net",
    "https://cognitiveservices.azure.com",
    "https://ai.azure.com",
    "https://batch.core.windows.net",
];

/// The shape of an access token, decided by the resource: `requestedAccessTokenVersion` of its registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenVersion {
    /// Issuer `https://sts.windows.net/<tenant>/`, audience as asked for, client in `appid`. The default.
    V1,
    /// Issuer `https://login.microsoftonline.com/<tenant>/v2.0`, audience the API's client id, client in `azp`.
    V2,
}

/// One resource, as its tokens name it.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) audience: String,
    pub(super) version: TokenVersion,
    /// The scopes besides `.default`, of a user's token.
    pub(super) permissions: Vec<String>,
}

impl Resource {
    pub(super) fn is_exchange(&self) -> bool {
        self.audience == EXCHANGE_AUDIENCE_ID
    }
}

/// The one resource of the scopes in a request without a user.
pub(super) fn of_default_scope(directory: &Directory, tenant: &TenantState, scope: &str) -> Result<Resource, Refusal> {
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    let mut resources = Vec::new();
    for &one in &scopes {
        let resource = one.strip_suffix("/.default").ok_or_else(|| refusal::scope_without_default(scope))?;
        if resource.is_empty() {
            return Err(refusal::scope_not_valid(scope));
        }
        resources.push(resource);
    }
    resources.dedup();
    match resources.as_slice() {
        [] => Err(refusal::scope_not_valid(scope)),
        [one] => find(directory, tenant, one),
        _ => Err(refusal::several_resources(scope)),
    }
}

/// The one resource of the scopes in a request for a user: with permissions, and with the scopes of OpenID Connect.
pub(super) fn of_user_scope(directory: &Directory, tenant: &TenantState, scope: &str) -> Result<Resource, Refusal> {
    const OPENID: [&str; 4] = ["openid", "profile", "offline_access", "email"];
    let mut found: Option<&str> = None;
    let mut permissions = Vec::new();
    for one in scope.split_whitespace().filter(|one| !OPENID.contains(one)) {
        let (resource, permission) =
            one.rsplit_once('/').filter(|(resource, _)| !resource.is_empty()).unwrap_or((MICROSOFT[2], one));
        if found.is_some_and(|known| known != resource) {
            return Err(refusal::several_resources(scope));
        }
        found = Some(resource);
        if permission != ".default" {
            permissions.push(permission.to_owned());
        }
    }
    let resource = found.ok_or_else(|| refusal::scope_not_valid(scope))?;
    Ok(Resource { permissions, ..find(directory, tenant, resource)? })
}

/// A resource by its identifier, as managed identities ask for it.
pub(super) fn find(directory: &Directory, tenant: &TenantState, name: &str) -> Result<Resource, Refusal> {
    let found =
        |audience: &str, version| Ok(Resource { audience: audience.to_owned(), version, permissions: Vec::new() });
    let bare = name.strip_suffix('/').unwrap_or(name);
    if bare == EXCHANGE_AUDIENCE || bare == EXCHANGE_AUDIENCE_ID {
        return found(EXCHANGE_AUDIENCE_ID, TokenVersion::V2);
    }
    if MICROSOFT.contains(&bare) || is_storage_account(bare) {
        return found(name, TokenVersion::V1);
    }
    let api = directory.apis_of(tenant).find(|app| {
        app.api.as_ref().is_some_and(|api| api.uri == bare)
            || (app.api.is_some()
                && bare.strip_prefix("api://").unwrap_or(bare) == app.client_id
                && is_guid(&app.client_id))
    });
    match api.and_then(|app| Some((app, app.api.as_ref()?))) {
        Some((_, api)) if api.version == TokenVersion::V1 => found(name, TokenVersion::V1),
        Some((app, _)) => found(&app.client_id, TokenVersion::V2),
        None => Err(refusal::resource_not_found(name, &tenant.domain)),
    }
}

fn is_storage_account(name: &str) -> bool {
    name.strip_prefix("https://")
        .and_then(|host| host.strip_suffix(".blob.core.windows.net"))
        .is_some_and(|account| !account.is_empty() && account.bytes().all(|b| b.is_ascii_alphanumeric()))
}

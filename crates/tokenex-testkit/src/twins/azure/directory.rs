//! What the directory holds: tenants, their clients, and where else a client is installed.

use crate::issuer::IssuerKeys;

use super::federation::Credential;
use super::resource::TokenVersion;
use super::secrets::Secret;
use super::text::guid;
use super::users::User;
use crate::twins::spreading::Spreading;

#[derive(Default)]
pub(super) struct Directory {
    pub(super) tenants: Vec<TenantState>,
    pub(super) apps: Vec<AppState>,
    pub(super) users: Vec<User>,
}

pub(super) struct TenantState {
    pub(super) id: String,
    pub(super) domain: String,
    pub(super) keys: IssuerKeys,
}

/// An object that signs in: with a client id of its own, and an object id in each tenant that it is installed in.
pub(super) struct AppState {
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Id of the tenant that it is registered in.
    pub(super) home: String,
    pub(super) principals: Vec<Principal>,
    pub(super) federated: Vec<Credential>,
    pub(super) secrets: Vec<Secret>,
    pub(super) api: Option<Api>,
    pub(super) spreading: Spreading,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Application,
    /// A managed identity of the user, with its resource id in Azure.
    UserAssigned(String),
    /// A managed identity that belongs to one machine or service.
    SystemAssigned(String),
    Blueprint,
    /// An agent identity of the blueprint with this client id.
    Agent(String),
}

pub(super) struct Principal {
    pub(super) tenant: String,
    pub(super) object_id: String,
}

/// What makes an application a resource for others.
pub(super) struct Api {
    pub(super) uri: String,
    pub(super) version: TokenVersion,
}

impl Directory {
    /// By id or by domain, neither of which tells upper from lower case.
    pub(super) fn tenant(&self, name: &str) -> Option<&TenantState> {
        self.tenants.iter().find(|known| known.id.eq_ignore_ascii_case(name) || known.domain.eq_ignore_ascii_case(name))
    }

    pub(super) fn app(&self, client_id: &str) -> Option<&AppState> {
        self.apps.iter().find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(super) fn app_mut(&mut self, client_id: &str) -> Option<&mut AppState> {
        self.apps.iter_mut().find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    /// The client whose principal this is, in any tenant.
    pub(super) fn by_object_id(&self, object_id: &str) -> Option<&AppState> {
        self.apps.iter().find(|app| app.principals.iter().any(|principal| principal.object_id == object_id))
    }

    /// The applications installed in this tenant that others can ask tokens for.
    pub(super) fn apis_of<'a>(&'a self, tenant: &'a TenantState) -> impl Iterator<Item = &'a AppState> {
        let callable = |app: &&AppState| app.api.is_some() || app.kind == Kind::Blueprint;
        self.apps.iter().filter(callable).filter(|app| app.object_id_in(&tenant.id).is_some())
    }

    pub(super) fn add(&mut self, tenant: &str, name: &str, kind: Kind) -> &AppState {
        self.apps.push(AppState {
            client_id: guid(),
            name: name.to_owned(),
            kind,
            home: tenant.to_owned(),
            principals: vec![Principal { tenant: tenant.to_owned(), object_id: guid() }],
            federated: Vec::new(),
            secrets: Vec::new(),
            api: None,
            spreading: Spreading::default(),
        });
        self.apps.last().expect("it was just added")
    }
}

impl AppState {
    pub(super) fn object_id_in(&self, tenant: &str) -> Option<&str> {
        self.principals.iter().find(|known| known.tenant == tenant).map(|known| known.object_id.as_str())
    }

    /// The resource id of a managed identity.
    pub(super) fn resource_id(&self) -> Option<&str> {
        match &self.kind {
            Kind::UserAssigned(id) | Kind::SystemAssigned(id) => Some(id),
            Kind::Application | Kind::Blueprint | Kind::Agent(_) => None,
        }
    }
}

impl TenantState {
    pub(super) fn v1_issuer(&self) -> String {
        format!("https://sts.windows.net/{}/", self.id)
    }

    pub(super) fn v2_issuer(&self) -> String {
        format!("https://login.microsoftonline.com/{}/v2.0", self.id)
    }
}

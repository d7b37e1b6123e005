//! A tenant, to be filled.

use serde_json::Value;

use super::app::App;
use super::directory::{Kind, TenantState};
use super::entra::EntraTwin;
use super::text::guid;
use super::users::{User, UserAccount};
use crate::issuer::{Algorithm, OldKey};

/// One tenant of the twin. Clones are the same tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    twin: EntraTwin,
    id: String,
}

impl Tenant {
    pub(super) fn new(twin: EntraTwin, id: String) -> Self {
        Self { twin, id }
    }

    /// The tenant id, a GUID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The verified domain, which addresses the tenant as well.
    pub fn domain(&self) -> String {
        self.read(|tenant| tenant.domain.clone())
    }

    /// Registers an application.
    pub fn app(&self, name: &str) -> App {
        self.add(name, Kind::Application)
    }

    /// Makes a user-assigned managed identity.
    pub fn user_assigned_identity(&self, name: &str) -> App {
        let id = "00000000-0000-0000-0000-000000000001";
        let resource = format!(
            "/subscriptions/{id}/resourcegroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        );
        self.add(name, Kind::UserAssigned(resource))
    }

    /// Makes the system-assigned managed identity of a virtual machine with this name.
    pub fn system_assigned_identity(&self, name: &str) -> App {
        let id = "00000000-0000-0000-0000-000000000001";
        let resource =
            format!("/subscriptions/{id}/resourcegroups/machines/providers/Microsoft.Compute/virtualMachines/{name}");
        self.add(name, Kind::SystemAssigned(resource))
    }

    /// Makes an agent identity blueprint.
    pub fn blueprint(&self, name: &str) -> App {
        self.add(name, Kind::Blueprint)
    }

    /// Makes the account of a person.
    pub fn user(&self, principal_name: &str) -> UserAccount {
        self.add_user(principal_name, None)
    }

    pub(super) fn add_user(&self, principal_name: &str, agent: Option<&str>) -> UserAccount {
        let user = User {
            tenant: self.id.clone(),
            object_id: guid(),
            principal_name: principal_name.to_owned(),
            agent: agent.map(str::to_owned),
        };
        let account = UserAccount {
            twin: self.twin.clone(),
            tenant: user.tenant.clone(),
            object_id: user.object_id.clone(),
            principal_name: user.principal_name.clone(),
        };
        self.twin.state().directory.users.push(user);
        account
    }

    /// The tenant's published keys (RFC 7517 section 5): those that verify its tokens.
    pub fn jwks(&self) -> Value {
        self.read(|tenant| {
            tenant.keys.key(Algorithm::Rs256);
            tenant.keys.jwks()
        })
    }

    /// The issuer in tokens of this version: `https://sts.windows.net/<id>/` or `https://login.microsoftonline.com/<id>/v2.0`.
    pub fn issuer(&self, version: super::TokenVersion) -> String {
        self.read(|tenant| match version {
            super::TokenVersion::V1 => tenant.v1_issuer(),
            super::TokenVersion::V2 => tenant.v2_issuer(),
        })
    }

    /// From now on another key signs the tenant's tokens.
    pub fn rotate_keys(&self, old: OldKey) {
        self.read(|tenant| {
            tenant.keys.rotate(Algorithm::Rs256, old);
        });
    }

    pub(super) fn add(&self, name: &str, kind: Kind) -> App {
        let client_id = self.twin.state().directory.add(&self.id, name, kind).client_id.clone();
        App::new(self.twin.clone(), client_id)
    }

    pub(super) fn read<R>(&self, look: impl FnOnce(&TenantState) -> R) -> R {
        look(self.twin.state().directory.tenant(&self.id).expect("tenants are never taken away"))
    }
}

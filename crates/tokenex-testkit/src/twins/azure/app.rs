//! A client of the directory, to be given trust.

use std::fmt;
use std::time::SystemTime;

use super::directory::{Api, AppState, Kind, Principal};
use super::entra::EntraTwin;
use super::federation::{self, Credential, Federation, FederationRefused};
use super::resource::TokenVersion;
use super::secrets::{Secret, SecretKey};
use super::tenant::Tenant;
use super::text::{guid, random_text, secret};
use super::users::UserAccount;
use crate::twins::spreading::Spreading;

/// A client that can get tokens: an application, a managed identity, an agent identity blueprint, an agent identity.
/// Clones are the same client.
#[derive(Clone)]
pub struct App {
    twin: EntraTwin,
    client_id: String,
}

impl App {
    pub(super) fn new(twin: EntraTwin, client_id: String) -> Self {
        Self { twin, client_id }
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The object id of its service principal in its own tenant: what roles are assigned to, the `oid` of its tokens.
    pub fn object_id(&self) -> String {
        self.read(|app| app.object_id_in(&app.home).unwrap_or_default().to_owned())
    }

    /// The tenant that it is registered in.
    pub fn tenant(&self) -> Tenant {
        Tenant::new(self.twin.clone(), self.read(|app| app.home.clone()))
    }

    /// The resource id of a managed identity; empty for all else.
    pub fn resource_id(&self) -> String {
        self.read(|app| app.resource_id().unwrap_or_default().to_owned())
    }

    /// Trusts tokens of this issuer for this subject and audience.
    ///
    /// # Errors
    /// What Azure refuses at set-up, which is little.
    pub fn federate(&self, issuer: &str, subject: &str, audience: &str) -> Result<Federation, FederationRefused> {
        let mut state = self.twin.state();
        let id = state.next_id();
        let app = state.directory.app_mut(&self.client_id).expect("clients are never taken away");
        if matches!(app.kind, Kind::SystemAssigned(_) | Kind::Agent(_)) {
            return Err(FederationRefused::NotSupported);
        }
        federation::check_new(&app.federated, issuer, subject, audience)?;
        app.federated.push(Credential {
            id,
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: audience.to_owned(),
            spreading: Spreading::default(),
        });
        Ok(Federation { twin: self.twin.clone(), client_id: self.client_id.clone(), id })
    }

    /// Trusts a user-assigned managed identity of the same tenant: its tokens for the exchange audience are this
    /// application's proof.
    ///
    /// # Errors
    /// As [`federate`](Self::federate).
    pub fn federate_identity(&self, identity: &Self) -> Result<Federation, FederationRefused> {
        let issuer = self.tenant().issuer(TokenVersion::V2);
        self.federate(&issuer, &identity.object_id(), super::EXCHANGE_AUDIENCE)
    }

    /// Makes a new client secret, beside those that are there.
    pub fn add_secret(&self) -> SecretKey {
        let text = secret("client secret", format!("{}~{}", &random_text()[..8], random_text()));
        let mut state = self.twin.state();
        let id = state.next_id();
        let app = state.directory.app_mut(&self.client_id).expect("clients are never taken away");
        app.secrets.push(Secret { id, text: text.clone(), expires_at: None, spreading: Spreading::default() });
        SecretKey { twin: self.twin.clone(), client_id: self.client_id.clone(), id, text }
    }

    /// Makes it a resource that others can ask tokens for, under this Application ID URI, with tokens of this version.
    pub fn expose(&self, uri: &str, version: TokenVersion) -> &Self {
        self.edit(|app| app.api = Some(Api { uri: uri.to_owned(), version }));
        self
    }

    /// Makes an agent identity of this blueprint, in the blueprint's tenant.
    ///
    /// # Panics
    /// When this is not a blueprint.
    pub fn agent(&self, name: &str) -> Self {
        self.agent_in(&self.tenant(), name)
    }

    /// Makes an agent identity of this blueprint in another tenant, in which the blueprint must be installed.
    ///
    /// # Panics
    /// When this is not a blueprint.
    pub fn agent_in(&self, tenant: &Tenant, name: &str) -> Self {
        assert!(self.read(|app| app.kind == Kind::Blueprint), "only a blueprint has agent identities");
        tenant.add(name, Kind::Agent(self.client_id.clone()))
    }

    /// Makes the user account that this agent identity acts as.
    ///
    /// # Panics
    /// When this is not an agent identity.
    pub fn agent_user(&self, principal_name: &str) -> UserAccount {
        assert!(self.read(|app| matches!(app.kind, Kind::Agent(_))), "only an agent identity has a user account");
        self.tenant().add_user(principal_name, Some(&self.client_id))
    }

    /// Installs it in another tenant too. Returns the object id that it has there.
    pub fn install_in(&self, tenant: &Tenant) -> String {
        let object_id = guid();
        let principal = Principal { tenant: tenant.id().to_owned(), object_id: object_id.clone() };
        self.edit(|app| app.principals.push(principal));
        object_id
    }

    /// No token request before this time finds it in the directory.
    pub fn known_from(&self, at: SystemTime) -> &Self {
        self.edit(|app| app.spreading.from(at));
        self
    }

    /// The next token requests, so many, do not find it in the directory.
    pub fn unknown_for(&self, exchanges: usize) -> &Self {
        self.edit(|app| app.spreading.steps(std::iter::repeat_n(false, exchanges)));
        self
    }

    pub(super) fn read<R>(&self, look: impl FnOnce(&AppState) -> R) -> R {
        look(self.twin.state().directory.app(&self.client_id).expect("clients are never taken away"))
    }

    pub(super) fn is_system_assigned(&self) -> bool {
        self.read(|app| matches!(app.kind, Kind::SystemAssigned(_)))
    }

    fn edit(&self, change: impl FnOnce(&mut AppState)) {
        change(self.twin.state().directory.app_mut(&self.client_id).expect("clients are never taken away"));
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.client_id)
    }
}

//! User accounts: of people, and of agents.

use std::fmt;

use super::app::App;
use super::claims::{About, Proof, Unsigned};
use super::entra::EntraTwin;
use super::resource::{Resource, TokenVersion};
use super::tenant::Tenant;

/// A user account, as it stands in the directory.
pub(super) struct User {
    pub(super) tenant: String,
    pub(super) object_id: String,
    pub(super) principal_name: String,
    /// Client id of the agent identity that this account belongs to.
    pub(super) agent: Option<String>,
}

/// A refresh token, and what it renews.
pub(super) struct RefreshToken {
    pub(super) text: String,
    pub(super) client_id: String,
    /// Object id.
    pub(super) user: String,
    pub(super) scope: String,
}

/// The user account of a person or of an agent. Clones are the same account.
#[derive(Clone)]
pub struct UserAccount {
    pub(super) twin: EntraTwin,
    pub(super) tenant: String,
    pub(super) object_id: String,
    pub(super) principal_name: String,
}

impl UserAccount {
    /// The object id.
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    /// The user principal name.
    pub fn principal_name(&self) -> &str {
        &self.principal_name
    }

    pub(super) fn tenant(&self) -> Tenant {
        Tenant::new(self.twin.clone(), self.tenant.clone())
    }

    /// A token of this user for an application: what a web application has in hand after the user signed in, and sends
    /// to act on the user's behalf. Its audience is the application's client id.
    pub fn token_for(&self, app: &App) -> String {
        let unsigned = {
            let state = self.twin.state();
            let tenant = state.directory.tenant(&self.tenant).expect("tenants are never taken away");
            let user = state.directory.users.iter().find(|user| user.object_id == self.object_id);
            let user = user.expect("users are never taken away");
            let client = state.directory.app(app.client_id()).expect("clients are never taken away");
            let resource = Resource {
                audience: client.client_id.clone(),
                version: TokenVersion::V2,
                permissions: vec!["access_as_user".to_owned()],
            };
            let (now, lifetime) = (self.twin.now(), state.settings.lifetime);
            Unsigned::new(tenant, client, &About::User(user), &resource, Proof::Secret, now, lifetime)
        };
        unsigned.sign()
    }
}

impl fmt::Debug for UserAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAccount({})", self.principal_name)
    }
}

//! A mount of JWT auth.

use std::collections::BTreeMap;
use std::fmt;

use super::jwt_role::{JwtRole, RoleState};
use super::logins::LoginState;
use super::server::VaultTwin;
use super::state::State;

#[derive(Default)]
pub(super) struct AuthState {
    pub(super) issuer: String,
    /// Whether the server has read the issuer's keys since it was unsealed.
    pub(super) keys_read: bool,
    /// By name.
    pub(super) roles: BTreeMap<String, RoleState>,
}

impl State {
    /// The paths that the role of this login gives access to, as it is now.
    pub(super) fn paths_of<'a>(&'a self, login: &LoginState) -> impl Iterator<Item = &'a str> {
        let role = self.auths.get(&login.mount).and_then(|auth| auth.roles.get(&login.role));
        role.into_iter().flat_map(|role| role.paths.iter().map(String::as_str))
    }
}

/// JWT auth at one mount. Clones are the same mount.
#[derive(Clone)]
pub struct JwtAuth {
    twin: VaultTwin,
    mount: String,
}

impl JwtAuth {
    pub(super) fn new(twin: VaultTwin, mount: &str) -> Self {
        Self { twin, mount: mount.to_owned() }
    }

    /// The role of this name, which is made when it is new. It takes any subject, no audience yet, and may do nothing.
    pub fn role(&self, name: &str) -> JwtRole {
        let mut state = self.twin.state();
        let auth = state.auths.get_mut(&self.mount).expect("mounts are never taken away");
        auth.roles.entry(name.to_owned()).or_default();
        JwtRole::new(self.twin.clone(), self.mount.clone(), name.to_owned())
    }

    /// From now on it trusts this issuer instead. Logins live on.
    pub fn trust(&self, issuer: &str) -> &Self {
        self.twin.state().jwt_auth(&self.mount, issuer);
        self
    }
}

impl fmt::Debug for JwtAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtAuth({})", self.mount)
    }
}

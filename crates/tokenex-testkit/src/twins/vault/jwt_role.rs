//! A role of JWT auth: who may log in, and what the login is like.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::server::VaultTwin;

/// What a server uses where nobody says anything: 32 days (openbao.org/docs/configuration, `default_lease_ttl`,
/// `max_lease_ttl`).
pub(super) const SYSTEM_TTL: Duration = Duration::from_secs(768 * 3600);

#[derive(Clone)]
pub(super) struct RoleState {
    pub(super) audiences: Vec<String>,
    pub(super) subject: Option<String>,
    pub(super) claims: BTreeMap<String, Value>,
    pub(super) ttl: Duration,
    pub(super) max_ttl: Duration,
    /// 0 for any number.
    pub(super) num_uses: u64,
    pub(super) batch: bool,
    pub(super) default_policy: bool,
    pub(super) paths: Vec<String>,
}

impl Default for RoleState {
    fn default() -> Self {
        Self {
            audiences: Vec::new(),
            subject: None,
            claims: BTreeMap::new(),
            ttl: SYSTEM_TTL,
            max_ttl: SYSTEM_TTL,
            num_uses: 0,
            batch: false,
            default_policy: true,
            paths: Vec::new(),
        }
    }
}

/// A role, to be changed while the program under test runs. Clones are the same role.
#[derive(Clone)]
pub struct JwtRole {
    twin: VaultTwin,
    mount: String,
    name: String,
}

impl JwtRole {
    pub(super) fn new(twin: VaultTwin, mount: String, name: String) -> Self {
        Self { twin, mount, name }
    }

    /// Takes tokens for this audience, too: `bound_audiences`.
    pub fn audience(&self, audience: &str) -> &Self {
        self.edit(|role| role.audiences.push(audience.to_owned()))
    }

    /// Takes only tokens of this subject: `bound_subject`.
    pub fn subject(&self, subject: &str) -> &Self {
        self.edit(|role| role.subject = Some(subject.to_owned()))
    }

    /// Takes only tokens with this claim: `bound_claims`.
    pub fn claim(&self, name: &str, value: impl Into<Value>) -> &Self {
        let value = value.into();
        self.edit(|role| {
            role.claims.insert(name.to_owned(), value);
        })
    }

    /// How long a login lives, and after a renewal: `token_ttl`, whole seconds. 32 days unless told.
    pub fn ttl(&self, ttl: Duration) -> &Self {
        self.edit(|role| role.ttl = ttl)
    }

    /// How long a login lives at most, however often it is renewed: `token_max_ttl`. 32 days unless told.
    pub fn max_ttl(&self, max_ttl: Duration) -> &Self {
        self.edit(|role| role.max_ttl = max_ttl)
    }

    /// Logins are good for so many requests, refused ones included, and end after the last: `token_num_uses`. 0 stands for
    /// any number. A lease that the last one asks for is ended before its answer leaves.
    pub fn num_uses(&self, uses: u64) -> &Self {
        self.edit(|role| role.num_uses = uses)
    }

    /// Logins are batch tokens from now on: without an accessor, not renewed and not revoked.
    pub fn batch(&self) -> &Self {
        self.edit(|role| role.batch = true)
    }

    /// Logins do not have the policy `default` from now on, which lets them look at, renew and revoke themselves and renew
    /// leases: `token_no_default_policy`.
    pub fn no_default_policy(&self) -> &Self {
        self.edit(|role| role.default_policy = false)
    }

    /// Lets its logins, those that live included, do anything at this path: `database/creds/app`, or with a star at the end
    /// everything that begins so.
    pub fn allow(&self, path: &str) -> &Self {
        self.edit(|role| role.paths.push(path.to_owned()))
    }

    /// The end of [`allow`](Self::allow).
    pub fn forbid(&self, path: &str) -> &Self {
        self.edit(|role| role.paths.retain(|known| known != path))
    }

    /// Deletes it. Its logins live on, may do nothing any more, and cannot be renewed.
    pub fn delete(&self) {
        if let Some(auth) = self.twin.state().auths.get_mut(&self.mount) {
            auth.roles.remove(&self.name);
        }
    }

    /// Ends all logins of this role, and their leases. Batch tokens live on.
    pub fn revoke_logins(&self) {
        let now = self.twin.now();
        let mut state = self.twin.state_now();
        for token in state.logins.of_role(&self.mount, &self.name) {
            state.end_login(&token, now);
        }
    }

    fn edit(&self, change: impl FnOnce(&mut RoleState)) -> &Self {
        if let Some(auth) = self.twin.state().auths.get_mut(&self.mount) {
            change(auth.roles.entry(self.name.clone()).or_default());
        }
        self
    }
}

impl fmt::Debug for JwtRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtRole(auth/{}/role/{})", self.mount, self.name)
    }
}

//! `{mount}/creds/{role}`: a database engine. There is no database; the twin knows itself who could log in to it.
//!
//! Source: OpenBao 2.7.2 with PostgreSQL at work.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde_json::json;

use super::answer::Answer;
use super::call::{Call, Operation};
use super::database_role::{DatabaseRole, DatabaseRoleState};
use super::leases::Terms;
use super::logins::LoginState;
use super::refusal::{self, Refusal};
use super::server::VaultTwin;
use super::state::{Engine, State};
use super::users::{DatabaseUser, UserState};
use crate::twins::text::{ALPHANUMERIC, epoch, random, secret};

#[derive(Default)]
pub(super) struct DatabaseState {
    pub(super) down: bool,
    /// By name.
    pub(super) roles: BTreeMap<String, DatabaseRoleState>,
}

/// A database engine at one mount, and the database behind it. Clones are the same engine.
#[derive(Clone)]
pub struct Database {
    twin: VaultTwin,
    mount: String,
}

impl Database {
    pub(super) fn new(twin: VaultTwin, mount: &str) -> Self {
        let database = || Engine::Database(DatabaseState::default());
        twin.state().engines.entry(mount.to_owned()).or_insert_with(database);
        Self { twin, mount: mount.to_owned() }
    }

    /// The role of this name, which is made when it is new. Each read of `MOUNT/creds/NAME` makes another user.
    pub fn role(&self, name: &str) -> DatabaseRole {
        self.edit(|database| {
            database.roles.entry(name.to_owned()).or_default();
        });
        DatabaseRole::new(self.clone(), name.to_owned())
    }

    /// The server cannot reach the database, until [`up`](Self::up): no user is made, and no lease is extended or revoked
    /// when asked. Leases end all the same, and so do their users, since these have an end of their own.
    pub fn down(&self) {
        self.edit(|database| database.down = true);
    }

    /// The end of [`down`](Self::down).
    pub fn up(&self) {
        self.edit(|database| database.down = false);
    }

    /// All users in the order in which they were made, dropped ones included; the last 10,000 and all that live.
    pub fn users(&self) -> Vec<DatabaseUser> {
        let state = self.twin.state_now();
        state.users.of_mount(&self.mount).map(|user| user.told(&state.leases, &state.logins)).collect()
    }

    /// The names of the users that can log in at this time; later than now, as far as is known now.
    pub fn alive_at(&self, at: SystemTime) -> Vec<String> {
        self.users().into_iter().filter(|user| user.is_alive_at(at)).map(|user| user.username).collect()
    }

    /// Whether the database lets this user log in now.
    pub fn accepts(&self, username: &str, password: &str) -> bool {
        let state = self.twin.state_now();
        let mut living = state.users.of_mount(&self.mount).filter(|user| user.gone_at.is_none());
        living.any(|user| user.username == username && user.password == password)
    }

    pub(super) fn edit(&self, change: impl FnOnce(&mut DatabaseState)) {
        if let Some(Engine::Database(database)) = self.twin.state().engines.get_mut(&self.mount) {
            change(database);
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({})", self.mount)
    }
}

impl State {
    /// What the server says when the database behind this path is down.
    pub(super) fn database_down(&mut self, path: &str) -> Option<String> {
        match self.engine(path) {
            Some((Engine::Database(database), _)) if database.down => Some(REFUSED.to_owned()),
            _ => None,
        }
    }
}

const REFUSED: &str = "failed to connect to `user=vault database=app`: 127.0.0.1:5432 (127.0.0.1): dial error: \
                       dial tcp 127.0.0.1:5432: connect: connection refused";

/// Judges a request below a database mount.
pub(super) fn judge(
    state: &mut State,
    login: &LoginState,
    path: &str,
    call: &Call,
    now: SystemTime,
) -> Result<Answer, Refusal> {
    let mount = call.path.strip_suffix(path).unwrap_or_default().trim_end_matches('/').to_owned();
    let Some(role) = path.strip_prefix("creds/") else { return Err(refusal::not_found()) };
    if call.operation() != Operation::Read {
        return Err(refusal::unsupported_operation());
    }
    let down = state.database_down(&call.path);
    let Some((Engine::Database(database), _)) = state.engine(&call.path) else { return Err(refusal::not_found()) };
    let known = database.roles.get(role).cloned();
    let known = known.ok_or_else(|| refusal::bad(format!("unknown role: {role}")))?;
    if !known.allowed {
        return Err(refusal::internal(&format!("\"{role}\" is not an allowed role")));
    }
    if let Some(down) = down {
        return Err(refusal::internal(&format!("unable to start transaction: {down}")));
    }

    let terms = Terms { ttl: known.ttl, max_ttl: known.max_ttl, renewable: true };
    let lease_id = state.lease(&call.path, terms, login, now);
    let first = |text: &str| text.chars().take(8).collect::<String>();
    let username =
        format!("v-{}-{}-{}-{}", first(&login.display_name()), first(role), random(20, ALPHANUMERIC), epoch(now));
    let password = secret("database password", random(20, ALPHANUMERIC));
    let data = json!({ "username": username, "password": password });
    let user = UserState {
        mount,
        role: role.to_owned(),
        username,
        password,
        lease_id: lease_id.clone(),
        made_at: now,
        gone_at: None,
    };
    state.users.add(user);
    Ok(state.leases.told(&lease_id, &data, now).issuing(&lease_id))
}

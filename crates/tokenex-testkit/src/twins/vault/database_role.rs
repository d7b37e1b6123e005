//! A role of a database engine.

use std::fmt;
use std::time::Duration;

use super::database::Database;
use super::jwt_role::SYSTEM_TTL;

#[derive(Clone)]
pub(super) struct DatabaseRoleState {
    pub(super) ttl: Duration,
    pub(super) max_ttl: Duration,
    pub(super) allowed: bool,
}

impl Default for DatabaseRoleState {
    fn default() -> Self {
        Self { ttl: SYSTEM_TTL, max_ttl: SYSTEM_TTL, allowed: true }
    }
}

/// A role that makes users, to be changed while the program under test runs. Clones are the same role.
#[derive(Clone)]
pub struct DatabaseRole {
    database: Database,
    name: String,
}

impl DatabaseRole {
    pub(super) fn new(database: Database, name: String) -> Self {
        Self { database, name }
    }

    /// How long the lease of a new user is, and of a renewal that asks for nothing: `default_ttl`, whole seconds. 32 days
    /// unless told.
    pub fn ttl(&self, ttl: Duration) -> &Self {
        self.edit(|role| role.ttl = ttl)
    }

    /// How long a lease can be made by renewing it, counted from its beginning: `max_ttl`. 32 days unless told.
    pub fn max_ttl(&self, max_ttl: Duration) -> &Self {
        self.edit(|role| role.max_ttl = max_ttl)
    }

    /// Whether `allowed_roles` of the connection names it. It does unless told.
    pub fn allowed(&self, allowed: bool) -> &Self {
        self.edit(|role| role.allowed = allowed)
    }

    /// Deletes it. Its users live on.
    pub fn delete(&self) {
        self.database.edit(|database| {
            database.roles.remove(&self.name);
        });
    }

    fn edit(&self, change: impl FnOnce(&mut DatabaseRoleState)) -> &Self {
        self.database.edit(|database| change(database.roles.entry(self.name.clone()).or_default()));
        self
    }
}

impl fmt::Debug for DatabaseRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseRole({} of {:?})", self.name, self.database)
    }
}

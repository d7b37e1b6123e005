//! The users that database engines have made.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::leases::Leases;
use super::logins::Logins;

/// How many users are kept to look at after their end.
const KEPT: usize = 10_000;

pub(super) struct UserState {
    pub(super) mount: String,
    pub(super) role: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) lease_id: String,
    pub(super) made_at: SystemTime,
    /// When it was dropped; `None` while it is there.
    pub(super) gone_at: Option<SystemTime>,
}

/// A user that a database engine has made, alive or dropped. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseUser {
    /// Its name.
    pub username: String,
    /// The role of the engine.
    pub role: String,
    /// Its lease.
    pub lease_id: String,
    /// When it was made.
    pub made_at: SystemTime,
    /// When it was dropped. Of a user that lives, when it will be, as it stands: at the end of its lease or of the login that
    /// asked for it, whichever comes first.
    pub ends_at: SystemTime,
}

impl DatabaseUser {
    /// Whether it can log in at this time, as far as is known now.
    pub fn is_alive_at(&self, at: SystemTime) -> bool {
        self.made_at <= at && at < self.ends_at
    }
}

/// In the order in which they were made.
#[derive(Default)]
pub(super) struct Users {
    by_serial: BTreeMap<u64, UserState>,
    /// The living ones, by lease.
    by_lease: BTreeMap<String, u64>,
    serial: u64,
}

impl Users {
    pub(super) fn add(&mut self, user: UserState) {
        if self.by_serial.len() >= KEPT
            && self.by_serial.first_key_value().is_some_and(|(_, oldest)| oldest.gone_at.is_some())
        {
            self.by_serial.pop_first();
        }
        self.serial += 1;
        self.by_lease.insert(user.lease_id.clone(), self.serial);
        self.by_serial.insert(self.serial, user);
    }

    /// The user of this lease, if it is one of a user, is dropped.
    pub(super) fn gone(&mut self, lease_id: &str, at: SystemTime) {
        let user = self.by_lease.remove(lease_id).and_then(|serial| self.by_serial.get_mut(&serial));
        if let Some(user) = user {
            user.gone_at = Some(at);
        }
    }

    pub(super) fn of_mount<'a>(&'a self, mount: &'a str) -> impl Iterator<Item = &'a UserState> {
        self.by_serial.values().filter(move |user| user.mount == mount)
    }
}

impl UserState {
    pub(super) fn told(&self, leases: &Leases, logins: &Logins) -> DatabaseUser {
        let ends_at = self.gone_at.or_else(|| {
            let (lease_ends_at, login) = leases.end(&self.lease_id)?;
            let login_ends_at = logins.get(login).map(|login| login.expires_at);
            Some(login_ends_at.map_or(lease_ends_at, |login| lease_ends_at.min(login)))
        });
        DatabaseUser {
            username: self.username.clone(),
            role: self.role.clone(),
            lease_id: self.lease_id.clone(),
            made_at: self.made_at,
            // A living user has a lease.
            ends_at: ends_at.unwrap_or(self.made_at),
        }
    }
}

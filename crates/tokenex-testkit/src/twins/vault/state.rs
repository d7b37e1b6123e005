//! Everything that the server knows, behind one lock.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::book::Book;
use super::custom::Custom;
use super::database::DatabaseState;
use super::jwt_auth::AuthState;
use super::kv::{Pairs, Versions};
use super::leases::{Leases, Terms};
use super::logins::{LoginState, Logins};
use super::users::Users;
use crate::twins::issuers::Issuers;

#[derive(Default)]
pub(super) struct State {
    pub(super) sealed: bool,
    pub(super) issuers: Issuers,
    /// By mount.
    pub(super) auths: BTreeMap<String, AuthState>,
    /// By mount.
    pub(super) engines: BTreeMap<String, Engine>,
    /// By path.
    pub(super) custom: BTreeMap<String, Custom>,
    pub(super) logins: Logins,
    pub(super) leases: Leases,
    pub(super) users: Users,
    pub(super) book: Book,
}

/// What is mounted somewhere.
pub(super) enum Engine {
    Kv1(Pairs),
    Kv2(Versions),
    Database(DatabaseState),
}

impl State {
    pub(super) fn jwt_auth(&mut self, mount: &str, issuer: &str) {
        let auth = self.auths.entry(mount.to_owned()).or_default();
        issuer.clone_into(&mut auth.issuer);
    }

    /// The engine at the longest mount above this path, with what is left of the path.
    pub(super) fn engine<'a>(&mut self, path: &'a str) -> Option<(&mut Engine, &'a str)> {
        let below = |mount: &str| path.strip_prefix(mount)?.strip_prefix('/');
        let (_, engine, rest) = self
            .engines
            .iter_mut()
            .filter_map(|(mount, engine)| below(mount).map(|rest| (mount.len(), engine, rest)))
            .max_by_key(|(length, ..)| *length)?;
        Some((engine, rest))
    }

    /// Hands out a lease of `path`, asked for with `login`.
    pub(super) fn lease(&mut self, path: &str, terms: Terms, login: &LoginState, now: SystemTime) -> String {
        self.book.count();
        self.leases.issue(path, terms, login, now)
    }

    /// A login ends, and takes its leases along: that is the trap of renewed leases.
    pub(super) fn end_login(&mut self, token: &str, at: SystemTime) {
        self.logins.remove(token);
        for (id, ended_at) in self.leases.end_of_login(token, at) {
            self.users.gone(&id, ended_at);
        }
    }

    pub(super) fn end_lease(&mut self, id: &str, at: SystemTime) {
        self.leases.remove(id);
        self.users.gone(id, at);
    }

    /// Ends whatever was due until now, at its own time.
    pub(super) fn settle(&mut self, now: SystemTime) {
        for (token, at) in self.logins.due(now) {
            self.end_login(&token, at);
        }
        for (id, at) in self.leases.due(now) {
            self.end_lease(&id, at);
        }
    }

    pub(super) fn seal(&mut self) {
        self.sealed = true;
        for auth in self.auths.values_mut() {
            auth.keys_read = false;
        }
    }
}

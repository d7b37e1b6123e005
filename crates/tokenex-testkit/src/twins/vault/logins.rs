//! The logins that live.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::jwt_role::RoleState;
use crate::twins::text::{ALPHANUMERIC, epoch, guid, random, secret};

/// One login, with its token.
#[derive(Clone)]
pub(super) struct LoginState {
    pub(super) token: String,
    /// Empty for a batch token.
    pub(super) accessor: String,
    pub(super) mount: String,
    pub(super) role: String,
    pub(super) subject: String,
    /// Whom the server takes the subject of this mount for.
    pub(super) entity_id: String,
    pub(super) batch: bool,
    pub(super) has_default_policy: bool,
    /// How many requests it is good for; `None` for any number.
    pub(super) uses_left: Option<u64>,
    pub(super) created_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

impl LoginState {
    fn new(mount: &str, role: &str, known: &RoleState, claims: &Value, now: SystemTime) -> Self {
        let (token, accessor) = match known.batch {
            true => (secret("Vault token", format!("hvb.{}", random(140, ALPHANUMERIC))), String::new()),
            false => (secret("Vault token", format!("hvs.{}", random(90, ALPHANUMERIC))), random(24, ALPHANUMERIC)),
        };
        // A batch token carries its own times, in whole seconds, so that it loses the part of one.
        let created_at = if known.batch { UNIX_EPOCH + Duration::from_secs(epoch(now)) } else { now };
        Self {
            token,
            accessor,
            mount: mount.to_owned(),
            role: role.to_owned(),
            subject: claims["sub"].as_str().unwrap_or_default().to_owned(),
            entity_id: String::new(),
            batch: known.batch,
            has_default_policy: known.default_policy,
            uses_left: (known.num_uses > 0).then_some(known.num_uses),
            created_at,
            expires_at: created_at + known.ttl.min(known.max_ttl),
        }
    }

    /// By name; the policy of a role has the role's name.
    pub(super) fn policies(&self) -> BTreeSet<&str> {
        let default = self.has_default_policy.then_some("default");
        default.into_iter().chain([self.role.as_str()]).collect()
    }

    pub(super) fn display_name(&self) -> String {
        format!("{}-{}", self.mount, self.subject)
    }
}

/// A login that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// Its name that is no secret; empty for a batch token.
    pub accessor: String,
    /// The role that it was made by.
    pub role: String,
    /// Whose identity token it was.
    pub subject: String,
    /// When it was made.
    pub created_at: SystemTime,
    /// When it ends, as it stands.
    pub expires_at: SystemTime,
}

#[derive(Default)]
pub(super) struct Logins {
    /// By token.
    living: HashMap<String, LoginState>,
    /// By mount and subject.
    entities: HashMap<(String, String), String>,
}

impl Logins {
    /// A new login of this role with these claims.
    pub(super) fn add(
        &mut self,
        (mount, role): (&str, &str),
        known: &RoleState,
        claims: &Value,
        now: SystemTime,
    ) -> LoginState {
        let mut login = LoginState::new(mount, role, known, claims, now);
        let whose = (login.mount.clone(), login.subject.clone());
        login.entity_id.clone_from(self.entities.entry(whose).or_insert_with(guid));
        self.living.insert(login.token.clone(), login.clone());
        login
    }

    pub(super) fn get(&self, token: &str) -> Option<&LoginState> {
        self.living.get(token)
    }

    /// A request comes with this token: its login, and how many it is good for after this one.
    pub(super) fn used(&mut self, token: &str) -> Option<LoginState> {
        let login = self.living.get_mut(token)?;
        login.uses_left = login.uses_left.map(|left| left.saturating_sub(1));
        Some(login.clone())
    }

    pub(super) fn extend(&mut self, token: &str, until: SystemTime) {
        if let Some(login) = self.living.get_mut(token) {
            login.expires_at = until;
        }
    }

    pub(super) fn remove(&mut self, token: &str) {
        self.living.remove(token);
    }

    /// Those that are over, with the time at which they ended.
    pub(super) fn due(&self, now: SystemTime) -> Vec<(String, SystemTime)> {
        let over = self.living.values().filter(|login| login.expires_at <= now);
        over.map(|login| (login.token.clone(), login.expires_at)).collect()
    }

    /// The tokens of this role's logins that can be revoked.
    pub(super) fn of_role(&self, mount: &str, role: &str) -> Vec<String> {
        let of_role = |login: &&LoginState| login.mount == mount && login.role == role && !login.batch;
        self.living.values().filter(of_role).map(|login| login.token.clone()).collect()
    }

    pub(super) fn all(&self) -> Vec<Login> {
        let mut all: Vec<Login> = self
            .living
            .values()
            .map(|login| Login {
                accessor: login.accessor.clone(),
                role: login.role.clone(),
                subject: login.subject.clone(),
                created_at: login.created_at,
                expires_at: login.expires_at,
            })
            .collect();
        all.sort_by_key(|login| login.created_at);
        all
    }
}

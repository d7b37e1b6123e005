//! Access tokens: opaque texts, and what the twin knows of each.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::principal::Principal;
use crate::twins::text::{ALPHANUMERIC, random, secret};

/// How long an access token is remembered after its end, so that the map stays small.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// What allows everything that IAM allows.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM: &str = "https://www.googleapis.com/auth/iam";

#[derive(Default)]
pub(super) struct Tokens(HashMap<String, Held>);

#[derive(Clone)]
pub(super) struct Held {
    pub(super) principal: Principal,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: SystemTime,
}

impl Held {
    /// Whether its scopes reach as far as IAM.
    pub(super) fn reaches_iam(&self) -> bool {
        self.scopes.iter().any(|scope| scope == CLOUD_PLATFORM || scope == IAM)
    }
}

impl Tokens {
    pub(super) fn issue(&mut self, held: Held, now: SystemTime) -> String {
        // A simulated month issues more tokens than a test has memory for.
        if self.0.len() % 1024 == 1023 {
            self.0.retain(|_, known| known.expires_at + REMEMBERED > now);
        }
        let prefix = if matches!(held.principal, Principal::Federated { .. }) { "ya29.d." } else { "ya29.c." };
        let token = secret("access token", format!("{prefix}{}", random(200, ALPHANUMERIC)));
        self.0.insert(token.clone(), held);
        token
    }

    /// The token's holder, as long as it is good.
    pub(super) fn good(&self, token: &str, now: SystemTime) -> Option<&Held> {
        self.0.get(token).filter(|held| held.expires_at > now)
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.0.remove(token);
    }
}

/// What an access token is good for.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Who holds it, as a policy names it: `serviceAccount:...` or `principal://...`.
    pub member: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: SystemTime,
}

impl From<&Held> for Access {
    fn from(held: &Held) -> Self {
        Self { member: held.principal.member(), scopes: held.scopes.clone(), expires_at: held.expires_at }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({}, {:?})", self.member, self.scopes)
    }
}

//! What the endpoints on machines have in common: they keep one session of a role, and change it before it ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::role::Role;
use super::sessions::{Caller, Keys, Session};
use crate::twins::text::rfc3339;

/// The session of a role, as a machine keeps it.
pub(super) struct Machine {
    role: Role,
    session_name: String,
    kept: Mutex<Kept>,
}

struct Kept {
    keys: Option<(Keys, SystemTime)>,
    lifetime: Duration,
    /// A session with less left than this is not handed out again.
    least: Duration,
    stuck: bool,
    issued: u64,
}

impl Machine {
    /// Sessions of six hours, changed five minutes before their end.
    pub(super) fn new(role: Role, session_name: &str) -> Self {
        let (lifetime, least) = (Duration::from_secs(6 * 3600), Duration::from_secs(300));
        let kept = Kept { keys: None, lifetime, least, stuck: false, issued: 0 };
        Self { role, session_name: session_name.to_owned(), kept: Mutex::new(kept) }
    }

    pub(super) fn role(&self) -> &Role {
        &self.role
    }

    pub(super) fn now(&self) -> SystemTime {
        self.role.twin().now()
    }

    pub(super) fn lifetime(&self, lifetime: Duration) {
        self.kept().lifetime = lifetime;
    }

    pub(super) fn handed_out_until(&self, left: Duration) {
        self.kept().least = left;
    }

    /// Whether the old session is handed out whatever its age.
    pub(super) fn stuck(&self, stuck: bool) {
        self.kept().stuck = stuck;
    }

    pub(super) fn issued(&self) -> u64 {
        self.kept().issued
    }

    /// The members of the answer that are the same everywhere, and when the session began. `None` when the role is gone.
    pub(super) fn credentials(&self) -> Option<(Value, SystemTime)> {
        let (now, mut kept) = (self.now(), self.kept());
        let good = |keys: &Keys| keys.ends_at.is_some_and(|end| end >= now + kept.least);
        if !kept.keys.as_ref().is_some_and(|(keys, _)| kept.stuck || good(keys)) {
            let ends_at = now + kept.lifetime;
            kept.keys = Some((self.begin(now, ends_at)?, now));
            kept.issued += 1;
        }
        let (keys, began_at) = kept.keys.as_ref()?;
        let members = json!({
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret,
            "Token": keys.token,
            "Expiration": keys.ends_at.map(rfc3339),
        });
        Some((members, *began_at))
    }

    fn begin(&self, now: SystemTime, ends_at: SystemTime) -> Option<Keys> {
        let mut state = self.role.twin().state();
        let role = state.iam.role(self.role.arn())?;
        let session = Session {
            role_arn: role.arn(),
            role_id: role.id.clone(),
            tags: BTreeMap::new(),
            transitive: Vec::new(),
            source_identity: None,
            issuer: None,
            ends_at,
        };
        let caller = Caller::session(role, &self.session_name, session);
        Some(state.sessions.begin(caller, now))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

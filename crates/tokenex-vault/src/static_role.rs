//! Database users that stay, with a password that the server rotates.

use std::time::Duration;

use tokenex_core::{Attempt, Grant, Outcome, Policy, Provider, Result, Target};

use crate::database::{DatabaseCredentials, MOUNT};
use crate::errors::Step;
use crate::path::name_of;
use crate::session::Session;
use crate::wire::{Call, Members, Path, SecretBody, seconds};

/// How often to look between rotations: an operator may rotate at any time, and nothing says so.
const POLL: Duration = Duration::from_secs(5 * 60);

/// While the rotation is due and not done, the server answers `ttl` 0 and the old password, which works until the very
/// moment of the rotation: at most this old is what readers get then, ...
const STALE_MAX: Duration = Duration::from_secs(1);

/// ... and this often is looked.
const POLL_AT_ROTATION: Duration = Duration::from_millis(500);

/// When the server will replace a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// Until the rotation; zero while it is due.
    ttl: Duration,
}

impl Rotation {
    /// Reads it from the answer of a static role; `None` when the data is not that of one.
    pub(crate) fn of(data: &Members) -> Option<Self> {
        let is_static = ["rotation_period", "rotation_schedule"].iter().any(|name| data.contains_key(*name));
        // Old servers answer a negative time while the rotation runs, which reads as zero.
        is_static.then(|| Self { ttl: seconds(data, "ttl").unwrap_or_default() })
    }

    /// The password ends with the rotation; it is read again then, and each `poll` before.
    pub(crate) fn apply<C>(self, grant: Grant<C>, poll: Option<Duration>) -> Grant<C> {
        if self.ttl.is_zero() {
            grant.lifetime(STALE_MAX).refresh_in(POLL_AT_ROTATION)
        } else {
            grant.lifetime(self.ttl).refresh_in(self.ttl.min(poll.unwrap_or(POLL)))
        }
    }
}

/// The provider of a static role's password; from [`Vault::static_database`](crate::Vault::static_database).
#[derive(Debug)]
pub struct StaticDatabase {
    session: Session,
    mount: String,
    role: String,
    poll: Duration,
}

impl StaticDatabase {
    pub(crate) fn new(session: Session, role: &str) -> Self {
        Self { session, mount: MOUNT.to_owned(), role: role.to_owned(), poll: POLL }
    }

    /// Where the engine is mounted. Default `database`.
    #[must_use]
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// How often to look between rotations, to notice a password that was rotated by hand. Default 5 minutes.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }
}

impl Provider for StaticDatabase {
    type Credential = DatabaseCredentials;

    fn name(&self) -> &'static str {
        "vault"
    }

    fn target(&self) -> Target {
        self.session.server.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        scheduler.clone().with_min_spacing(scheduler.min_spacing.min(POLL_AT_ROTATION)).with_poll_interval(self.poll)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<DatabaseCredentials>> {
        let path = Path::new(&format!("{}/static-creds/{}", self.mount, self.role))?;
        let (answer, _) = self.session.call(cx, Step::Read, &Call::read(&path)).await?;
        let secret = SecretBody::read(answer.success()?).map_err(|error| answer.blame(error))?;
        let (rotation, name) = (Rotation::of(&secret.data), name_of(&secret.data));
        let credentials = DatabaseCredentials::read(secret.data, None).map_err(|error| answer.blame(error))?;
        let mut grant = Grant::new(credentials).counted_from(answer.sent);
        if let Some(rotated_at) = name {
            grant = grant.fingerprint(rotated_at);
        }
        Ok(match rotation {
            Some(rotation) => rotation.apply(grant, Some(self.poll)),
            // Rotation is turned off.
            None => grant,
        }
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rotation(value: serde_json::Value) -> Option<Rotation> {
        Rotation::of(value.as_object().unwrap())
    }

    #[test]
    fn a_rotation_is_read_in_all_its_forms() {
        let ttl = |seconds| Some(Rotation { ttl: Duration::from_secs(seconds) });
        assert_eq!(rotation(json!({"ttl": 7, "rotation_period": 10})), ttl(7));
        assert_eq!(rotation(json!({"ttl": "7", "rotation_schedule": "0 0 * * SAT"})), ttl(7));
        assert_eq!(rotation(json!({"ttl": -1, "rotation_period": 10})), ttl(0));
        assert_eq!(rotation(json!({"rotation_period": 10})), ttl(0));
        assert_eq!(rotation(json!({"ttl": 7})), None);
    }
}

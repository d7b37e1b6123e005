//! Any path: secrets that are read or written, whatever engine is behind them.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;
use tokenex_core::{Attempt, Grant, Issued, Moment, Outcome, Policy, Provider, Renewal, Result, Revocation, Target};

use crate::errors::Step;
use crate::lease::{Lease, policy_of_dynamic};
use crate::secret::VaultSecret;
use crate::session::Session;
use crate::static_role::Rotation;
use crate::wire::{Call, Members, Path, SecretBody, seconds};

/// The provider of whatever a path hands out; from [`Vault::read`](crate::Vault::read) and
/// [`Vault::write`](crate::Vault::write).
///
/// When the secret ends is taken from its lease; without one, from the members that the engines use for it
/// (`expires_at_seconds` of GCP, `expiration` of PKI, `ttl` of AWS keys and of static roles); else it has no end and is
/// read again from time to time.
#[derive(Debug)]
pub struct SecretPath {
    session: Session,
    call: Result<Call>,
    step: Step,
}

impl SecretPath {
    pub(crate) fn read(session: Session, path: &str) -> Self {
        Self { session, call: Path::new(path).map(|path| Call::read(&path)), step: Step::Read }
    }

    pub(crate) fn write(session: Session, path: &str, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { session, call: Path::new(path).map(|path| Call::write(&path, body)), step: Step::Write }
    }

    /// Adds a parameter to the query. Secrets do not belong there: queries end in logs.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.call = self.call.map(|call| call.with_query(name, value));
        self
    }
}

impl Provider for SecretPath {
    type Credential = VaultSecret;

    fn name(&self) -> &'static str {
        "vault"
    }

    fn target(&self) -> Target {
        self.session.server.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        policy_of_dynamic(scheduler)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<VaultSecret>> {
        let call = self.call.as_ref().map_err(Clone::clone)?;
        let (answer, login) = self.session.call(cx, self.step, call).await?;
        let secret = SecretBody::read(answer.success()?).map_err(|error| answer.blame(error))?;
        Ok(match secret.lease {
            Some(terms) => {
                let lease = Lease::new(terms, &login, &self.session);
                lease.clone().grant(VaultSecret::leased(secret.data, lease), answer.sent, login.bonds()).into()
            }
            None => unleased(secret, answer.sent).into(),
        })
    }

    async fn renew(&self, held: &Issued<VaultSecret>, cx: &Attempt) -> Result<Renewal> {
        match held.lease() {
            Some(lease) => lease.renew(&self.session, cx).await,
            None => Ok(Renewal::NotRenewable),
        }
    }

    async fn revoke(&self, held: &Issued<VaultSecret>, cx: &Attempt) -> Result<Revocation> {
        match held.lease() {
            Some(lease) => lease.revoke(&self.session, cx, held.expires_at()).await,
            None => Ok(Revocation::NotPossible),
        }
    }
}

/// A secret without a lease lives on without its login.
fn unleased(secret: SecretBody, sent: Moment) -> Grant<VaultSecret> {
    let (end, hint, name) = (End::of(&secret.data), secret.hint, name_of(&secret.data));
    let value = match end {
        End::Rotation(_) => VaultSecret::rotated(secret.data),
        _ => VaultSecret::stored(secret.data, None),
    };
    let mut grant = Grant::new(value).counted_from(sent);
    if let Some(name) = name {
        grant = grant.fingerprint(name);
    }
    match end {
        End::Rotation(rotation) => rotation.apply(grant, None),
        End::After(lifetime) => grant.lifetime(lifetime),
        End::At(since_epoch) => grant.expires_at(UNIX_EPOCH + since_epoch),
        End::Never => match hint {
            Some(hint) => grant.refresh_in(hint.min(POLL_MAX)),
            None => grant,
        },
    }
}

/// What an operator finds a secret without a lease by: the number of a certificate, the id of a key, the time of a
/// rotation.
pub(crate) fn name_of(data: &Members) -> Option<String> {
    let names = ["serial_number", "access_key", "last_vault_rotation"];
    names.iter().find_map(|name| data.get(*name)?.as_str()).map(str::to_owned)
}

/// The server's hint for what has no end is the mount's default, a month: too long to notice a change by.
const POLL_MAX: Duration = Duration::from_secs(15 * 60);

/// When a secret without a lease ends, by what the engines put into their data.
#[derive(Debug, PartialEq)]
enum End {
    Rotation(Rotation),
    After(Duration),
    At(Duration),
    Never,
}

impl End {
    fn of(data: &Members) -> Self {
        if let Some(rotation) = Rotation::of(data) {
            return Self::Rotation(rotation);
        }
        if let Some(at) = seconds(data, "expires_at_seconds").or_else(|| seconds(data, "expiration")) {
            return Self::At(at);
        }
        match seconds(data, "ttl") {
            // A `ttl` in somebody's own KV pairs is only their note on how often to look.
            Some(ttl) if data.contains_key("access_key") && !ttl.is_zero() => Self::After(ttl),
            _ => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn end(value: Value) -> End {
        End::of(value.as_object().unwrap())
    }

    #[test]
    fn a_secret_without_a_lease_has_the_name_that_operators_know() {
        let name = |value: Value| name_of(value.as_object().unwrap());
        assert_eq!(name(json!({"certificate": "c", "serial_number": "17:2f"})).as_deref(), Some("17:2f"));
        assert_eq!(name(json!({"token": "t"})), None);
    }

    #[test]
    fn the_end_of_a_secret_without_a_lease_is_found_in_its_data() {
        let s = Duration::from_secs;
        assert_eq!(
            end(json!({"token": "t", "expires_at_seconds": 1_800_000_000, "token_ttl": 3599})),
            End::At(s(1_800_000_000))
        );
        assert_eq!(end(json!({"certificate": "c", "expiration": "1800000000"})), End::At(s(1_800_000_000)));
        assert_eq!(end(json!({"access_key": "a", "secret_key": "s", "ttl": 900})), End::After(s(900)));
        assert_eq!(end(json!({"password": "p", "ttl": 60})), End::Never);
        assert!(matches!(end(json!({"password": "p", "ttl": 60, "rotation_period": 3600})), End::Rotation(_)));
    }
}

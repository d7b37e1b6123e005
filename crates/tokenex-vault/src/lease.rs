//! Leases: secrets that the server extends and takes back.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokenex_core::{Attempt, Bond, Grant, Issued, Moment, Policy, Renewal, Result, Revocation};

use crate::errors::{Step, lease_is_over};
use crate::login::{LoginToken, OVERLAP, is_capped};
use crate::session::{HeldLogin, Session};
use crate::wire::{Call, LeaseTerms, TokenKind, lease_renewal};

/// The terms on which the server hands out a secret.
///
/// A lease dies with the login that asked for it, whatever its own duration says. `Issued::expires_at` knows both ends.
#[derive(Clone)]
pub struct Lease {
    terms: LeaseTerms,
    /// The one login that may extend the lease: renewing it with a later one is answered 200, and the secret is taken
    /// back all the same when this one ends.
    login: Arc<Issued<LoginToken>>,
}

impl Lease {
    pub(crate) fn new(terms: LeaseTerms, login: &HeldLogin, session: &Session) -> Self {
        login.value().uses().leased_to(&session.secret);
        Self { terms, login: login.value().clone() }
    }

    /// The lease id, by which operators find it. Not a secret.
    pub fn id(&self) -> &str {
        &self.terms.id
    }

    /// How long it was granted for at first.
    pub fn duration(&self) -> Duration {
        self.terms.duration
    }

    /// Whether the server extends it.
    pub fn is_renewable(&self) -> bool {
        self.terms.renewable
    }

    /// A credential on this lease.
    pub(crate) fn grant<C>(&self, credential: C, sent: Moment, bonds: &[Bond]) -> Grant<C> {
        let grant = Grant::new(credential)
            .counted_from(sent)
            .lifetime(self.terms.duration)
            .fingerprint(self.id())
            .revocable()
            .bound_to(bonds);
        // A lease of a batch token is cut to what is left of the token, and so is each renewal.
        if self.terms.renewable && self.login.kind() == TokenKind::Service { grant.renewable() } else { grant }
    }

    pub(crate) async fn renew(&self, session: &Session, cx: &Attempt) -> Result<Renewal> {
        if !self.login.uses().take() {
            // The next read brings a new login and a new secret, while this one lives.
            return Ok(Renewal::NotRenewable);
        }
        let call = Call::renew_lease(self.id(), self.duration());
        let answer = session.server.send(cx, Step::RenewLease, &call, Some(&self.login)).await?;
        match answer.status {
            StatusCode::FORBIDDEN => {
                // Without the policy to renew, new secrets are taken in good time. With a dead login this secret is
                // dead too, and the new login makes another.
                session.replace_if_dead(cx, &self.login, &answer).await?;
                Ok(Renewal::NotRenewable)
            }
            StatusCode::BAD_REQUEST if lease_is_over(answer.body()) => Ok(Renewal::NotRenewable),
            _ => {
                let (lifetime, renewable) = lease_renewal(answer.success()?).map_err(|error| answer.blame(error))?;
                let again = renewable && !is_capped(lifetime, self.duration());
                Ok(Renewal::Extended { lifetime, counted_from: answer.sent, again })
            }
        }
    }

    /// Ends the lease, whose credential lives until `ends_at`.
    pub(crate) async fn revoke(
        &self,
        session: &Session,
        cx: &Attempt,
        ends_at: Option<SystemTime>,
    ) -> Result<Revocation> {
        if ends_at.is_some_and(|at| is_last_second(at, cx.clock().wall())) {
            return Ok(Revocation::NotPossible);
        }
        if !self.login.uses().take() {
            // The last use would end the login and its other leases. This one ends with the login.
            return Ok(Revocation::NotPossible);
        }
        let call = Call::revoke_lease(self.id());
        let answer = session.server.send(cx, Step::RevokeLease, &call, Some(&self.login)).await?;
        match answer.status {
            // The `default` policy does not cover it.
            StatusCode::FORBIDDEN => Ok(Revocation::NotPossible),
            StatusCode::BAD_REQUEST if lease_is_over(answer.body()) => Ok(Revocation::Accepted),
            _ => answer.success().map(|_| Revocation::Accepted),
        }
    }
}

/// The server counts whole seconds, so in the last one it ends the lease about as fast by itself, and who copied the
/// credential a moment ago can still use it.
fn is_last_second(ends_at: SystemTime, now: SystemTime) -> bool {
    ends_at.duration_since(now).is_ok_and(|left| left <= Duration::from_secs(1))
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("id", &self.id())
            .field("duration", &self.duration())
            .field("renewable", &self.is_renewable())
            .finish_non_exhaustive()
    }
}

/// Each read of a dynamic secret makes a new one, and one whose answer was lost stays behind until its lease ends. So
/// there is a floor that the scheduler's own numbers cannot lower.
pub(crate) fn policy_of_dynamic(scheduler: &Policy) -> Policy {
    scheduler
        .clone()
        .with_grace(OVERLAP)
        .with_min_spacing(scheduler.min_spacing.max(MINT_FLOOR))
        .with_backoff_base(scheduler.backoff_base.max(2 * MINT_FLOOR))
}

/// Two secrets are never asked for faster than this, whatever goes wrong. Not longer, since the last step before a
/// lease's wall, a renewal that brought little and then a new secret, must fit into what is left.
const MINT_FLOOR: Duration = Duration::from_millis(500);

//! A cell as the driver sees it: what it can be told, without the type of its credential.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::Instrument;

use super::EntryKey;
use super::attempts::contained;
use super::cell::{Cell, Ended, Pending, closed_error};
use super::listener::Removed;
use super::report::CloseReport;
use super::schedule::Kind;
use super::status::{ClockSkew, Failing, State, Status};
use crate::credential::Ends;
use crate::lineage::Life;
use crate::time::from_nanos;
use crate::{
    Attempt, Bond, BoxFuture, Credential, Error, Issued, Moment, Outcome, Renewal, Result, Revocation, Target,
};

/// What an attempt came to, without the credential itself.
#[derive(Debug)]
pub(crate) enum Done {
    /// The grant waits in the cell.
    Issued(Arrived),
    Withdrawn,
    Renewed {
        lifetime: Duration,
        counted_from: Moment,
        again: bool,
    },
    NotRenewable,
    Failed(Error),
}

#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) ends: Ends,
    pub(crate) counted_from: Option<Moment>,
    pub(crate) refresh_in: Option<Duration>,
    pub(crate) renewable: bool,
    pub(crate) same: bool,
}

/// What became of a credential that an attempt brought.
#[derive(Debug)]
pub(crate) enum Arrival {
    Published(Published),
    /// The revocation of what it was made from has begun: nobody has seen it, and it is to be let go. Nothing, if it equals what
    /// is in hand: that may go on.
    OfNoUse(Option<Retired>),
}

/// What publishing changed.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) generation: u64,
    /// The generation that was superseded, when it has to be looked after.
    pub(crate) predecessor: Option<Retired>,
    /// Who was bound to it.
    pub(crate) dependents: Vec<EntryKey>,
    /// Bound to something.
    pub(crate) bonded: bool,
    /// Already bound to something that has a successor.
    pub(crate) outrun: bool,
}

/// A generation that waits to be let go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retired {
    pub(crate) serial: u64,
    pub(crate) revocable: bool,
}

/// A cell as the driver sees it: without the type of its credential.
pub(crate) trait Kept: Send + Sync {
    fn name(&self) -> &str;
    fn provider_name(&self) -> &'static str;
    fn target(&self) -> &Target;
    /// One attempt, counted, in a span of its own. A panic is an outcome too.
    fn attempt(self: Arc<Self>, kind: Kind, cx: Attempt) -> BoxFuture<'static, Done>;
    /// Makes what arrived the current credential. `previous_until` is told to listeners.
    fn publish(&self, until: u64, issued_at: u64, same: bool, previous_until: Option<u64>) -> Option<Arrival>;
    fn renewed(&self, until: u64);
    /// Takes the current credential away from readers.
    fn remove(&self, reason: Removed, absent: Option<Error>);
    fn failed(&self, failing: Arc<Failing>);
    /// An attempt is under way, or waits for its place: the next one is no longer to come.
    fn set_pending(&self, pending: Pending);
    fn set_next_attempt(&self, at: Option<u64>);
    fn set_skew(&self, millis: i64);
    /// The driver has seen that somebody asked.
    fn heard(&self);
    fn wake(&self);
    /// The wall clock has moved. Sets the end that readers of the current credential compare with, and takes from the
    /// ends of retired ones, to which children may still be bound, what the clock was set back. What is over stays so.
    fn restamp(&self, until: Option<u64>, set_back: u64);
    /// When the current credential ends because of what it is bound to, in wall nanoseconds.
    fn bound_until(&self) -> Option<u64>;
    fn parent_superseded(&self) -> bool;
    /// When the newest credential ends, in wall nanoseconds.
    #[cfg(feature = "metrics")]
    fn until(&self) -> Option<u64>;
    /// Says to whoever is bound to the newest credential that its end has moved.
    #[cfg(feature = "metrics")]
    fn end_moved(&self);
    fn fingerprint(&self) -> Option<String>;
    /// Takes the current credential out of use for good, to be let go.
    fn retire_current(&self) -> Option<Retired>;
    /// What arrived too late becomes something to be let go.
    fn retire_arrival(&self, until: u64) -> Option<Retired>;
    fn retired_until(&self, serial: u64) -> Option<u64>;
    fn retired_in_use(&self, serial: u64) -> bool;
    fn retired_bond(&self, serial: u64) -> Option<Bond>;
    /// Its revocation begins, unless somebody is bound to it.
    fn seal_retired(&self, serial: u64) -> bool;
    /// The target has accepted its revocation: it is over, and so is what is bound to it.
    fn end_retired(&self, serial: u64);
    fn revoke(self: Arc<Self>, serial: u64, cx: Attempt) -> BoxFuture<'static, Result<Revocation>>;
    /// Lets go of a retired generation.
    fn forget(&self, serial: u64);
    fn closing(&self);
    fn closed(&self, report: CloseReport);
    fn shut_down(&self);
    fn status(&self) -> Status;
}

impl<C: Credential> Cell<C> {
    async fn try_once(&self, kind: Kind, cx: &Attempt) -> Done {
        let (provider, last) = {
            let mut slow = self.lock();
            slow.stand.attempts += 1;
            (slow.provider.clone(), slow.last.clone())
        };
        let Some(provider) = provider else { return Done::Failed(closed_error()) };
        match (kind, last) {
            (Kind::Renew, Some(held)) => match provider.renew(&held, cx).await {
                Ok(Renewal::Extended { lifetime, counted_from, again }) => {
                    Done::Renewed { lifetime, counted_from, again }
                }
                Ok(Renewal::NotRenewable) => Done::NotRenewable,
                Err(error) => Done::Failed(error.with_provider(self.provider_name)),
            },
            (_, last) => match provider.issue(cx).await {
                Ok(Outcome::Issued(grant)) => {
                    let arrived = Arrived {
                        ends: grant.ends,
                        counted_from: grant.counted_from,
                        refresh_in: grant.refresh_in,
                        renewable: grant.renewable,
                        same: last.is_some_and(|held| held.credential.same_as(&grant.credential)),
                    };
                    self.lock().arrival = Some(Box::new(grant));
                    Done::Issued(arrived)
                }
                Ok(Outcome::Withdrawn) => Done::Withdrawn,
                Err(error) => Done::Failed(error.with_provider(self.provider_name)),
            },
        }
    }
}

impl<C: Credential> Kept for Cell<C> {
    fn name(&self) -> &str {
        self.name()
    }

    fn provider_name(&self) -> &'static str {
        self.provider_name
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn attempt(self: Arc<Self>, kind: Kind, cx: Attempt) -> BoxFuture<'static, Done> {
        let span = tracing::debug_span!(
            "tokenex.attempt",
            name = self.name(),
            provider = self.provider_name,
            target = self.target.name(),
            step = kind.step(),
            attempt = cx.number(),
        );
        Box::pin(contained(async move { self.try_once(kind, &cx).await }.instrument(span), Done::Failed))
    }

    fn publish(&self, until: u64, issued_at: u64, same: bool, previous_until: Option<u64>) -> Option<Arrival> {
        let mut guard = self.lock();
        let slow = &mut *guard;
        let grant = *slow.arrival.take()?;
        let last = slow.last.take();
        let lifetime = Duration::from_nanos(until.saturating_sub(issued_at));
        let published = match last {
            Some(last) if same && last.life.bonds().is_empty() && grant.bonds.is_empty() => {
                slow.stand.same += 1;
                last.life.set_until(until);
                self.current.store(Some(last.clone()));
                slow.last = Some(last);
                Published {
                    generation: slow.stand.generation,
                    predecessor: None,
                    dependents: Vec::new(),
                    bonded: false,
                    outrun: false,
                }
            }
            last => {
                let generation = slow.stand.generation + u64::from(!same);
                let issued = self.issue_from(grant, generation, until, issued_at);
                if issued.life.parent_sealed() {
                    issued.life.supersede();
                    slow.last = last;
                    if same {
                        issued.life.release();
                        return Some(Arrival::OfNoUse(None));
                    }
                    return Some(Arrival::OfNoUse(Some(slow.retire(issued))));
                }
                if same {
                    slow.stand.same += 1;
                } else {
                    slow.stand.generation = generation;
                    slow.stand.previous_until = previous_until.map(from_nanos);
                }
                let (bonded, outrun) = (!issued.life.bonds().is_empty(), issued.life.parent_superseded());
                slow.last = Some(issued.clone());
                self.current.store(Some(issued));
                let (mut predecessor, mut dependents) = (None, Vec::new());
                if let Some(last) = last {
                    dependents = last.life.supersede();
                    let over = last.life.until() <= issued_at;
                    let ties = !last.life.bonds().is_empty() || !dependents.is_empty();
                    if same || over {
                        last.life.release();
                    } else if last.revocable || ties {
                        predecessor = Some(slow.retire(last));
                    }
                }
                Published { generation: slow.stand.generation, predecessor, dependents, bonded, outrun }
            }
        };
        slow.stand.longest = slow.stand.longest.max(lifetime);
        slow.stand.failing = None;
        slow.stand.absent = None;
        slow.stand.pending = Pending::No;
        drop(guard);
        self.changed.notify_waiters();
        Some(Arrival::Published(published))
    }

    fn renewed(&self, until: u64) {
        self.change(|slow| {
            if let Some(last) = &slow.last {
                last.life.set_until(until);
                self.current.store(Some(last.clone()));
            }
            slow.stand.renewals += 1;
            slow.stand.failing = None;
            slow.stand.pending = Pending::No;
        });
    }

    fn remove(&self, reason: Removed, absent: Option<Error>) {
        self.change(|slow| {
            if self.current.swap(None).is_some() {
                slow.stand.removals += 1;
                slow.stand.removed = Some(reason);
            }
            if let Some(last) = &slow.last {
                last.life.end(self.clock.wall_nanos());
                if reason == Removed::Expired {
                    last.life.release();
                }
            }
            if absent.is_some() {
                slow.stand.absent = absent;
                slow.stand.failing = None;
                slow.stand.pending = Pending::No;
            }
        });
    }

    fn failed(&self, failing: Arc<Failing>) {
        self.change(|slow| {
            slow.stand.failing = Some(failing);
            slow.stand.pending = Pending::No;
        });
    }

    fn set_pending(&self, pending: Pending) {
        let mut slow = self.lock();
        slow.stand.pending = pending;
        slow.stand.next_attempt_at = None;
        drop(slow);
        if pending == Pending::Overdue {
            self.changed.notify_waiters();
        }
    }

    fn set_next_attempt(&self, at: Option<u64>) {
        self.lock().stand.next_attempt_at = at.map(from_nanos);
    }

    fn set_skew(&self, millis: i64) {
        self.lock().stand.skew_millis = millis;
    }

    fn heard(&self) {
        self.asked.store(false, Ordering::Release);
    }

    fn wake(&self) {
        self.changed.notify_waiters();
    }

    fn restamp(&self, until: Option<u64>, set_back: u64) {
        let slow = self.lock();
        if let (Some(last), Some(until)) = (&slow.last, until)
            && !last.life.is_over()
        {
            last.life.set_until(until);
        }
        for (_, issued) in &slow.retired {
            let until = issued.life.own_until();
            if until != Life::NEVER && !issued.life.is_over() {
                issued.life.set_until(until.saturating_sub(set_back));
            }
        }
    }

    fn bound_until(&self) -> Option<u64> {
        self.lock().last.as_ref().and_then(|last| last.life.bound_until())
    }

    fn parent_superseded(&self) -> bool {
        self.lock().last.as_ref().is_some_and(|last| last.life.parent_superseded())
    }

    #[cfg(feature = "metrics")]
    fn until(&self) -> Option<u64> {
        self.lock().last.as_ref().map(|last| last.life.until())
    }

    #[cfg(feature = "metrics")]
    fn end_moved(&self) {
        let last = self.lock().last.clone();
        if let Some(last) = last {
            last.life.end_moved();
        }
    }

    fn fingerprint(&self) -> Option<String> {
        self.lock().last.as_ref().and_then(|last| last.fingerprint().map(str::to_owned))
    }

    fn retire_current(&self) -> Option<Retired> {
        let mut slow = self.lock();
        let last = slow.last.take()?;
        let dependents = last.life.supersede();
        self.current.store(None);
        let over = last.life.until() <= self.clock.wall_nanos();
        if over && dependents.is_empty() {
            last.life.release();
            return None;
        }
        let retired = slow.retire(last);
        drop(slow);
        for dependent in dependents {
            dependent.parent_changed(false);
        }
        Some(retired)
    }

    fn retire_arrival(&self, until: u64) -> Option<Retired> {
        let mut slow = self.lock();
        let grant = *slow.arrival.take()?;
        let issued = self.issue_from(grant, 0, until, self.clock.wall_nanos());
        issued.life.supersede();
        Some(slow.retire(issued))
    }

    fn retired_until(&self, serial: u64) -> Option<u64> {
        self.lock().retired(serial).map(|issued| issued.life.until())
    }

    fn retired_in_use(&self, serial: u64) -> bool {
        self.lock().retired(serial).is_some_and(|issued| issued.life.has_dependents())
    }

    fn retired_bond(&self, serial: u64) -> Option<Bond> {
        self.lock().retired(serial).map(Issued::bond)
    }

    fn seal_retired(&self, serial: u64) -> bool {
        self.lock().retired(serial).is_some_and(|issued| issued.life.seal())
    }

    fn end_retired(&self, serial: u64) {
        if let Some(issued) = self.lock().retired(serial) {
            issued.life.end(self.clock.wall_nanos());
        }
    }

    fn revoke(self: Arc<Self>, serial: u64, cx: Attempt) -> BoxFuture<'static, Result<Revocation>> {
        Box::pin(async move {
            let (provider, issued) = {
                let slow = self.lock();
                (slow.provider.clone(), slow.retired(serial).cloned())
            };
            match (provider, issued) {
                (Some(provider), Some(issued)) => {
                    provider.revoke(&issued, &cx).await.map_err(|error| error.with_provider(self.provider_name))
                }
                _ => Ok(Revocation::NotPossible),
            }
        })
    }

    fn forget(&self, serial: u64) {
        let mut slow = self.lock();
        let Some(at) = slow.retired.iter().position(|(s, _)| *s == serial) else { return };
        let (_, issued) = slow.retired.swap_remove(at);
        if slow.retired.is_empty() {
            slow.retired = Vec::new();
        }
        drop(slow);
        issued.life.release();
    }

    fn closing(&self) {
        self.change(|slow| {
            if self.current.swap(None).is_some() {
                slow.stand.removals += 1;
                slow.stand.removed = Some(Removed::Closed);
            }
            slow.stand.ended = Some(Ended::Closing);
            slow.stand.next_attempt_at = None;
        });
    }

    fn closed(&self, report: CloseReport) {
        let provider = {
            let mut slow = self.lock();
            slow.stand.ended = Some(Ended::Closed(Box::new(report)));
            slow.last = None;
            slow.provider.take()
        };
        // Outside the lock: dropping it may let go of a parent's last handle.
        drop(provider);
        self.changed.notify_waiters();
    }

    fn shut_down(&self) {
        let provider = {
            let mut slow = self.lock();
            self.current.store(None);
            if !matches!(slow.stand.ended, Some(Ended::Closed(_))) {
                slow.stand.ended = Some(Ended::Shutdown);
            }
            slow.provider.take()
        };
        drop(provider);
        self.changed.notify_waiters();
    }

    fn status(&self) -> Status {
        let usable = self.usable_arc();
        let slow = self.lock();
        let stand = &slow.stand;
        let state = match (&stand.ended, &usable, &stand.failing, &stand.absent) {
            (Some(Ended::Shutdown), ..) => State::Shutdown,
            (Some(_), ..) => State::Closed,
            (None, Some(_), None, _) => State::Ready,
            (None, Some(_), Some(_), _) => State::Degraded,
            (None, None, None, Some(_)) => State::Withdrawn,
            (None, None, Some(_), _) => State::Failing,
            (None, None, None, None) if stand.generation == 0 => State::Starting,
            (None, None, None, None) => State::Failing,
        };
        Status {
            at: self.clock.wall(),
            name: self.name().to_owned(),
            provider: self.provider_name,
            target: self.target.clone(),
            state,
            valid_until: usable.as_ref().and_then(|issued| issued.expires_at()),
            next_attempt_at: stand.next_attempt_at,
            generation: stand.generation,
            fingerprint: usable.and_then(|issued| issued.fingerprint().map(str::to_owned)),
            attempts: stand.attempts,
            same_credential: stand.same,
            failing: stand.failing.clone(),
            clock_skew: ClockSkew::shown(stand.skew_millis),
        }
    }
}

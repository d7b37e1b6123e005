//! Starting attempts, and judging what they bring.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::EntryKey;
use super::cell::Pending;
use super::closing::RetiredEntry;
use super::driver::Driver;
use super::entry::{Entry, Trying};
use super::kept::{Arrival, Arrived, Done, Published, Retired};
use super::listener::Removed;
use super::log;
use super::mailbox::{Forced, Message};
use super::metrics::Ended;
use super::schedule::{Facts, Failure};
use super::status::Failing;
use super::timeline::At;
use crate::credential::{Ends, Moment};
use crate::lineage::Life;
use crate::time::{from_nanos, nanos};
use crate::{Attempt, BoxFuture, Clock, Error, ErrorKind};

impl Driver {
    pub(super) fn start(&mut self, entry: &mut Entry, slotted: bool) {
        let now = self.time.now();
        let bound = entry.bound(&self.time);
        let kind = entry.schedule.kind(now, bound);
        let limit = entry.schedule.started(now, bound, &entry.policy);
        entry.number += 1;
        entry.trying = Trying::Running { kind, since: now, monotonic: self.time.monotonic(), slotted };
        let cx = self.attempt(entry, entry.number, limit);
        let deadline = cx.deadline();
        let mut attempt = entry.kept.clone().attempt(kind, cx);
        // Where attempts end at once they are polled where they are: a task costs more than the attempt. Elsewhere a first
        // poll here would be for nothing, since the task has to poll once more.
        if !self.slots.ends_at_once(entry.target) {
            self.spawn(entry, attempt, deadline, limit);
            return;
        }
        match attempt.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => self.finish(entry, done),
            Poll::Pending => {
                self.slots.set_ends_at_once(entry.target, false);
                self.spawn(entry, attempt, deadline, limit);
            }
        }
    }

    pub(super) fn attempt(&self, entry: &Entry, number: u64, limit: Duration) -> Attempt {
        Attempt::new(
            EntryKey { mailbox: self.mailbox.clone(), id: entry.id },
            number,
            self.clock.monotonic().saturating_add(limit),
            self.clock.clone(),
            self.transport.clone(),
            self.slots.skew(entry.target).clone(),
        )
    }

    fn spawn(&self, entry: &Entry, mut attempt: BoxFuture<'static, Done>, deadline: Duration, limit: Duration) {
        let (id, number) = (entry.id, entry.number);
        let (mailbox, clock) = (self.mailbox.clone(), self.clock.clone());
        self.runtime.spawn(async move {
            let mut polls = 0_u32;
            let counted = poll_fn(|cx| {
                polls = polls.saturating_add(1);
                attempt.as_mut().poll(cx)
            });
            let done = bounded(counted, &clock, deadline, || Done::Failed(timed_out(limit))).await;
            mailbox.post(Message::Done { id, number, done, at_once: polls == 1 });
        });
    }

    /// An attempt has ended.
    pub(super) fn finish(&mut self, entry: &mut Entry, done: Done) {
        let Trying::Running { kind, since, monotonic, slotted } = entry.trying else { return };
        if slotted {
            self.slots.release(entry.target);
        }
        entry.meter.ran(kind.step(), self.time.monotonic().saturating_sub(monotonic));
        entry.trying = Trying::No;
        entry.asked = false;
        let skew = self.slots.skew(entry.target).millis();
        if skew != entry.told_skew {
            entry.told_skew = skew;
            entry.kept.set_skew(skew);
        }
        // Lifetimes count from a moment on the monotonic clock. If the machine slept in between, that time has passed.
        let counted = |moment: Option<Moment>| match moment {
            Some(Moment(moment)) => since.saturating_add(moment.saturating_sub(monotonic)),
            None => since,
        };
        match done {
            _ if entry.is_closing() => self.arrived_late(entry, done, since),
            Done::Issued(arrived) => {
                let begun = counted(arrived.counted_from);
                self.issued(entry, &arrived, begun, since);
            }
            Done::Renewed { lifetime, counted_from, again } => {
                let begun = counted(Some(counted_from));
                self.renewed(entry, begun, begun.saturating_add(lifetime), again);
            }
            Done::NotRenewable => self.not_renewable(entry),
            Done::Withdrawn => self.withdrawn(entry),
            Done::Failed(error) => self.failed(entry, error),
        }
    }

    fn issued(&mut self, entry: &mut Entry, arrived: &Arrived, begun: At, since: At) {
        let now = self.time.now();
        let ends = self.ends(entry, arrived, begun);
        if ends.is_some_and(|ends| ends <= now) {
            if let Some(retired) = entry.kept.retire_arrival(0) {
                entry.kept.forget(retired.serial);
            }
            self.failed(entry, expired_on_arrival());
            return;
        }
        let (old_begun, old_ends) = (entry.schedule.begun(), entry.schedule.ends());
        let facts = Facts {
            begun,
            ends,
            hint: arrived.refresh_in.map(|hint| begun.saturating_add(hint)),
            renewable: arrived.renewable,
            same: arrived.same,
        };
        let grace = match (old_begun, old_ends) {
            (Some(begun), Some(ends)) => entry.policy.grace.min(ends.saturating_sub(begun) / 3),
            _ => entry.policy.grace,
        };
        let let_go_at = now.saturating_add(grace);
        let previous_until = entry.published.then(|| {
            let ends = old_ends.into_iter().chain(entry.bound(&self.time)).min();
            self.time.wall_of(ends.map_or(let_go_at, |ends| ends.min(let_go_at)))
        });
        let until = ends.map_or(Life::NEVER, |ends| self.time.wall_of(ends));
        let published = match entry.kept.publish(until, self.time.wall_of(since), arrived.same, previous_until) {
            Some(Arrival::Published(published)) => published,
            Some(Arrival::OfNoUse(retired)) => {
                entry.meter.ended(Ended::Issued { same: arrived.same }, self.time.wall());
                self.of_no_use(entry, retired);
                return;
            }
            None => return,
        };
        entry.schedule.issued(now, facts, &entry.policy, self.random.f64());
        self.recovered(entry);
        entry.meter.ended(Ended::Issued { same: arrived.same }, self.time.wall());
        entry.published = true;
        entry.needed = false;
        entry.bonded = published.bonded;
        let forced = entry.is_forced();
        let generation = published.generation;
        if arrived.same {
            entry.reply(|| Forced::Same);
        } else {
            log::issued(&*entry.kept, generation, ends.map(|ends| ends.saturating_sub(now)));
            entry.reply(|| Forced::Replaced { generation });
        }
        entry.generation = generation;
        self.succeeded(entry, published, let_go_at, forced);
    }

    /// Looks after the generation that was superseded, and after who is bound to it.
    fn succeeded(&mut self, entry: &mut Entry, published: Published, let_go_at: At, forced: bool) {
        if let Some(retired) = published.predecessor {
            entry.extra().retired.push(RetiredEntry::new(retired, let_go_at));
        }
        for dependent in &published.dependents {
            // A rejected parent may be dead already: its children must not wait.
            dependent.parent_changed(forced);
        }
        if published.outrun {
            // At once: the old one may have been reported as rejected, and be dead already. There are never more of these than
            // there were attempts in flight.
            self.move_to_new_parent(entry, true);
        }
    }

    fn renewed(&mut self, entry: &mut Entry, begun: At, ends: At, again: bool) {
        let now = self.time.now();
        // What has ended meanwhile was taken from readers and has let go of its bonds: it does not come back.
        if ends <= now || !entry.published {
            self.not_renewable(entry);
            return;
        }
        entry.schedule.renewed(now, begun, ends, again, &entry.policy, self.random.f64());
        entry.kept.renewed(self.time.wall_of(ends));
        entry.published = true;
        // A renewal is no answer to a report: that waits for a new credential.
        entry.needed &= entry.is_forced();
        self.recovered(entry);
        entry.meter.ended(Ended::Renewed, self.time.wall());
        log::renewed(&*entry.kept, ends - now);
    }

    /// What it was made from is being revoked, and takes it along: there is to be another one instead.
    fn of_no_use(&mut self, entry: &mut Entry, retired: Option<Retired>) {
        let now = self.time.now();
        if let Some(retired) = retired {
            entry.extra().retired.push(RetiredEntry::new(retired, now));
        }
        entry.schedule.of_no_use(now);
        entry.kept.set_pending(Pending::No);
    }

    /// There is to be another one instead.
    fn not_renewable(&mut self, entry: &mut Entry) {
        entry.schedule.not_renewable(self.time.now());
        entry.kept.set_pending(Pending::No);
        entry.meter.ended(Ended::NotRenewable, self.time.wall());
    }

    fn withdrawn(&mut self, entry: &mut Entry) {
        self.recovered(entry);
        entry.published = false;
        entry.needed = false;
        entry.schedule.withdrawn(self.time.now(), &entry.policy, self.random.f64());
        let absent = Error::new(ErrorKind::NotFound, "the target says that there is no such credential any more")
            .with_provider(entry.kept.provider_name())
            .with_code("withdrawn");
        entry.kept.remove(Removed::Withdrawn, Some(absent.clone()));
        if let Some(retired) = entry.kept.retire_current() {
            let now = self.time.now();
            entry.extra().retired.push(RetiredEntry::new(retired, now));
        }
        entry.meter.ended(Ended::Withdrawn, self.time.wall());
        log::withdrawn(&*entry.kept);
        entry.reply(|| Forced::Failed(absent.clone()));
    }

    pub(super) fn failed(&mut self, entry: &mut Entry, error: Error) {
        let now = self.time.now();
        // Whoever waited hears of it, and asks again or gives up.
        entry.needed = false;
        let bound = entry.bound(&self.time);
        let failure = Failure {
            transient: error.is_transient(),
            timed_out: error.kind() == ErrorKind::Timeout,
            retry_after: error.retry_after(),
            input_in: error.next_attempt_in(),
        };
        let wait = entry.schedule.failed(now, bound, failure, &entry.policy, self.random.f64());
        let next_attempt_at = now.checked_add(wait).map(|at| from_nanos(self.time.wall_of(at)));
        let failing = Arc::new(match &entry.failing {
            None => Failing {
                since: from_nanos(self.time.wall()),
                failures: 1,
                first: error.clone(),
                last: error.clone(),
                next_attempt_at,
            },
            Some(run) => Failing {
                since: run.since,
                failures: run.failures.saturating_add(1),
                first: run.first.clone(),
                last: error.clone(),
                next_attempt_at,
            },
        });
        if entry.failing.is_none() {
            entry.failing_since = now;
        }
        entry.failing = Some(failing.clone());
        entry.meter.ended(Ended::Failed(error.kind()), self.time.wall());
        let ends = entry.schedule.ends().into_iter().chain(bound).min();
        let left = ends.filter(|_| entry.published).map(|ends| ends.saturating_sub(now));
        let life = ends.zip(entry.schedule.begun()).map(|(ends, begun)| ends.saturating_sub(begun));
        let urgent = match (left, life) {
            (Some(left), Some(life)) => left < life / 4,
            (None, Some(_)) => true,
            // There was none yet: whoever waits for the first gets the error itself.
            (_, None) => false,
        };
        let first_urgent = urgent && !std::mem::replace(&mut entry.urgent, urgent);
        log::failed(&*entry.kept, &failing, left, urgent, first_urgent);
        entry.kept.failed(failing);
        entry.reply(|| Forced::Failed(error.clone()));
    }

    fn recovered(&mut self, entry: &mut Entry) {
        if let Some(run) = entry.failing.take() {
            let outage = self.time.now().saturating_sub(entry.failing_since);
            entry.urgent = false;
            log::recovered(&*entry.kept, run.failures, outage);
        }
    }

    /// What an attempt brought after its handle was closed is never published, but it has to be revoked.
    fn arrived_late(&mut self, entry: &mut Entry, done: Done, since: At) {
        entry.meter.ended(Ended::of(&done), self.time.wall());
        if let Done::Issued(arrived) = done {
            let ends = self.ends(entry, &arrived, since);
            let until = ends.map_or(Life::NEVER, |ends| self.time.wall_of(ends));
            if let Some(retired) = entry.kept.retire_arrival(until) {
                let now = self.time.now();
                entry.extra().retired.push(RetiredEntry::new(retired, now));
            }
        }
    }

    fn ends(&self, entry: &Entry, arrived: &Arrived, begun: At) -> Option<At> {
        match arrived.ends {
            Ends::Never => None,
            Ends::After(lifetime) => Some(begun.saturating_add(lifetime)),
            Ends::At(at) => {
                let local = self.slots.skew(entry.target).to_local(at);
                Some(self.time.at_of_wall(nanos(local)))
            }
        }
    }
}

/// A panic of a provider is a failure, not a dead engine.
pub(super) async fn contained<T>(attempt: impl Future<Output = T>, failed: impl Fn(Error) -> T) -> T {
    let mut attempt = pin!(attempt);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| attempt.as_mut().poll(cx)))
            .unwrap_or_else(|panic| Poll::Ready(failed(panicked(&*panic))))
    })
    .await
}

/// Drops the attempt at its deadline.
pub(super) async fn bounded<T>(
    attempt: impl Future<Output = T>,
    clock: &Clock,
    deadline: Duration,
    too_late: impl FnOnce() -> T,
) -> T {
    tokio::select! {
        biased;
        outcome = attempt => outcome,
        () = clock.sleep_until(deadline) => too_late(),
    }
}

fn panicked(_: &(dyn Any + Send)) -> Error {
    // The message of the panic was printed by the panic hook; it may hold anything, so it is not repeated here.
    Error::new(ErrorKind::Panic, "the provider panicked").with_advice("this is a bug of the provider; see its output")
}

pub(super) fn timed_out(limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("no answer within {:.1} s", limit.as_secs_f64()))
        .with_advice("the target accepts connections and does not answer, or answers too slowly")
}

fn expired_on_arrival() -> Error {
    Error::new(ErrorKind::Protocol, "the target handed over a credential that has already expired")
        .with_code("expired_on_arrival")
        .with_advice("compare the clocks of this machine and of the target")
}

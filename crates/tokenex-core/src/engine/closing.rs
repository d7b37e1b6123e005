//! Letting go: superseded generations, closed handles, shutdown.

use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Instrument;

use super::attempts::{bounded, contained, timed_out};
use super::driver::Driver;
use super::entry::{Entry, NEVER, Trying};
use super::kept::Retired;
use super::mailbox::Message;
use super::report::{CloseReport, Left, LeftBecause, ShutdownReport};
use super::timeline::At;
use super::{log, metrics};
use crate::lineage::Life;
use crate::time::from_nanos;
use crate::{Bond, Result, Revocation};

/// A generation that waits to be let go.
pub(super) struct RetiredEntry {
    serial: u64,
    revocable: bool,
    let_go_at: At,
    revoking: bool,
}

impl RetiredEntry {
    pub(super) fn new(retired: Retired, let_go_at: At) -> Self {
        Self { serial: retired.serial, revocable: retired.revocable, let_go_at, revoking: false }
    }
}

/// A handle on its way out.
#[derive(Default)]
pub(super) struct Closing {
    accepted: u32,
    left: Option<Remains>,
}

/// What could not be revoked. Whether it lives on is looked at only when it is told: it dies with what it is bound to.
pub(super) struct Remains {
    bond: Bond,
    because: LeftBecause,
}

/// A scheduler on its way out.
pub(super) struct Shutting {
    pub(super) deadline: At,
    replies: Vec<oneshot::Sender<ShutdownReport>>,
    closed: usize,
    accepted: u32,
    left: Vec<(String, Remains)>,
}

impl Driver {
    pub(super) fn close(&mut self, entry: &mut Entry) {
        if entry.is_closing() {
            return;
        }
        let now = self.time.now();
        entry.schedule.close();
        if let Trying::Queued { place, .. } = entry.trying {
            self.slots.dequeue(entry.target, &place);
            entry.trying = Trying::No;
        }
        entry.published = false;
        entry.kept.closing();
        let current = entry.kept.retire_current();
        let extra = entry.extra();
        extra.closing = Some(Closing::default());
        extra.replies.clear();
        for retired in &mut extra.retired {
            retired.let_go_at = now;
        }
        extra.retired.extend(current.map(|retired| RetiredEntry::new(retired, now)));
    }

    /// Lets go of what is due; returns when to look again.
    pub(super) fn tend_retired(&mut self, entry: &mut Entry) -> At {
        let now = self.time.now();
        let closing = entry.is_closing();
        let mut wake_at = NEVER;
        let mut list = std::mem::take(&mut entry.extra().retired);
        list.retain_mut(|retired| {
            let until = entry.kept.retired_until(retired.serial).unwrap_or(0);
            if retired.revoking {
                return true;
            }
            if until <= self.time.wall() {
                entry.kept.forget(retired.serial);
                return false;
            }
            let in_use = || match retired.revocable {
                true => !entry.kept.seal_retired(retired.serial),
                false => entry.kept.retired_in_use(retired.serial),
            };
            if now < retired.let_go_at || in_use() {
                let over_at = if until == Life::NEVER { NEVER } else { self.time.at_of_wall(until) };
                let due = if now < retired.let_go_at { retired.let_go_at } else { NEVER };
                wake_at = wake_at.min(due).min(over_at);
                return true;
            }
            if retired.revocable {
                retired.revoking = true;
                self.revoke(entry, retired.serial);
                return true;
            }
            if closing {
                remember(entry, retired.serial, LeftBecause::NotRevocable);
            }
            entry.kept.forget(retired.serial);
            false
        });
        entry.extra().retired = list;
        wake_at
    }

    fn revoke(&self, entry: &Entry, serial: u64) {
        let limit = entry.policy.revoke_deadline;
        let (id, number, kept) = (entry.id, entry.number, entry.kept.clone());
        let places = self.slots.revocations(entry.target).clone();
        let (mailbox, clock) = (self.mailbox.clone(), self.clock.clone());
        let attempt = {
            let (transport, skew) = (self.transport.clone(), self.slots.skew(entry.target).clone());
            let (mailbox, clock) = (mailbox.clone(), clock.clone());
            move || {
                let deadline = clock.monotonic().saturating_add(limit);
                let key = super::EntryKey { mailbox, id };
                crate::Attempt::new(key, number, deadline, clock, transport, skew)
            }
        };
        self.runtime.spawn(async move {
            // Never closed, so never an error.
            let _place = places.acquire().await;
            let span = tracing::debug_span!(
                "tokenex.attempt",
                name = kept.name(),
                provider = kept.provider_name(),
                target = kept.target().name(),
                step = "revoke",
            );
            let cx = attempt();
            let deadline = cx.deadline();
            let failed = |error: crate::Error| Err(error.with_step("revoke"));
            let revoke = contained(kept.clone().revoke(serial, cx).instrument(span), failed);
            let result = bounded(revoke, &clock, deadline, || failed(timed_out(limit))).await;
            metrics::revocation_took(&*kept, || clock.monotonic().saturating_sub(deadline.saturating_sub(limit)));
            mailbox.post(Message::Revoked { id, serial, result });
        });
    }

    pub(super) fn revoked(&mut self, entry: &mut Entry, serial: u64, result: Result<Revocation>) {
        log::revoked(&*entry.kept, &result);
        entry.meter.revoked(&result);
        let closing = entry.is_closing();
        match result {
            Ok(Revocation::Accepted) => {
                entry.kept.end_retired(serial);
                if let Some(closing) = &mut entry.extra().closing {
                    closing.accepted += 1;
                }
            }
            Ok(Revocation::NotPossible) if closing => remember(entry, serial, LeftBecause::NotRevocable),
            Err(error) if closing => remember(entry, serial, LeftBecause::Failed(error)),
            Ok(Revocation::NotPossible) | Err(_) => {}
        }
        entry.extra().retired.retain(|retired| retired.serial != serial);
        entry.kept.forget(serial);
    }

    /// True when a closed handle has nothing left to do.
    pub(super) fn finish_closing(&mut self, entry: &mut Entry) -> bool {
        let over = matches!(entry.trying, Trying::No) && entry.extra().retired.is_empty();
        if !over {
            return false;
        }
        let Some(closing) = entry.extra().closing.take() else { return false };
        let name = entry.kept.name().to_owned();
        let left = closing.left.as_ref().and_then(|remains| remains.tell(&name, self.time.wall()));
        if let Some(shutting) = &mut self.shutting {
            shutting.closed += 1;
            shutting.accepted += closing.accepted;
            shutting.left.extend(closing.left.map(|remains| (name.clone(), remains)));
        }
        entry.kept.closed(CloseReport { name, accepted: closing.accepted, left, finished: true });
        true
    }

    pub(super) fn shut_down(&mut self, within: Duration, reply: oneshot::Sender<ShutdownReport>) {
        let deadline = self.time.now().saturating_add(within);
        match &mut self.shutting {
            Some(shutting) => {
                shutting.deadline = shutting.deadline.min(deadline);
                shutting.replies.push(reply);
            }
            None => {
                self.shutting =
                    Some(Shutting { deadline, replies: vec![reply], closed: 0, accepted: 0, left: Vec::new() });
                for id in self.ids() {
                    self.with(id, |driver, entry| driver.close(entry));
                }
            }
        }
    }
}

impl Shutting {
    /// Tells everybody who asked for it what lives on: what could not be revoked, and what there was no time for.
    pub(super) fn report(self, open: &[&Entry], wall: u64) {
        let mut left: Vec<Left> = self.left.iter().filter_map(|(name, remains)| remains.tell(name, wall)).collect();
        for entry in open {
            let name = entry.kept.name();
            let bonds =
                entry.extra.iter().flat_map(|extra| &extra.retired).filter_map(|r| entry.kept.retired_bond(r.serial));
            let remains = bonds.map(|bond| Remains { bond, because: LeftBecause::OutOfTime });
            left.extend(remains.filter_map(|remains| remains.tell(name, wall)));
        }
        left.sort_by(|a, b| a.name.cmp(&b.name));
        let report = ShutdownReport { closed: self.closed, accepted: self.accepted, left, interrupted: false };
        for reply in self.replies {
            let _ = reply.send(report.clone());
        }
    }
}

impl Remains {
    /// In the words of a report, if it still lives.
    fn tell(&self, name: &str, wall: u64) -> Option<Left> {
        let until = self.bond.until();
        let at = (until != Life::NEVER).then(|| from_nanos(until));
        (until > wall).then(|| Left::new(name, at, from_nanos(wall), self.because.clone()))
    }
}

/// Keeps in mind what outlives its handle; of several, what lives longest.
fn remember(entry: &mut Entry, serial: u64, because: LeftBecause) {
    let Some(bond) = entry.kept.retired_bond(serial) else { return };
    let Some(closing) = &mut entry.extra().closing else { return };
    if closing.left.as_ref().is_none_or(|left| left.bond.until() < bond.until()) {
        closing.left = Some(Remains { bond, because });
    }
}

//! What is measured goes to the recorder.

use std::time::Duration;

use metrics::{SharedString, counter, histogram};

use super::Ended;
use super::group::{Facts, Labels, Member};
use super::names::{ATTEMPTS, DURATION, REJECTED, REVOCATIONS, SAME};
use crate::engine::entry::{Entry, Trying};
use crate::engine::kept::Kept;
use crate::engine::slots::Slots;
use crate::engine::timeline::Timeline;
use crate::lineage::Life;
use crate::{ErrorKind, Result, Revocation};

pub(in crate::engine) use super::names::describe;

/// Measures one credential, from the first attempt on until nobody keeps it any more.
pub(in crate::engine) struct Meter {
    member: Member,
    last_success: f64,
}

impl Meter {
    pub(in crate::engine) fn new(kept: &dyn Kept) -> Self {
        let labels = labels(kept);
        // There from the start, or the first of them would be no increase.
        for name in [REJECTED, SAME] {
            counter!(name, "name" => labels.name.clone(), "provider" => labels.provider).increment(0);
        }
        Self { member: Member::join(labels), last_success: Facts::NEW.last_success }
    }

    /// An attempt at this step has ended after so long.
    pub(in crate::engine) fn ran(&self, step: &'static str, took: Duration) {
        record(self.member.labels(), step, took);
    }

    /// An attempt has ended so, at this wall time in nanoseconds.
    pub(in crate::engine) fn ended(&mut self, ended: Ended, wall: u64) {
        let (outcome, kind) = match ended {
            Ended::Issued { .. } => ("issued", "none"),
            Ended::Renewed => ("renewed", "none"),
            Ended::NotRenewable => ("not_renewable", "none"),
            Ended::Withdrawn => ("withdrawn", "none"),
            Ended::Failed(kind) => ("failed", name_of(kind)),
        };
        let Labels { name, provider } = self.member.labels().clone();
        counter!(ATTEMPTS, "name" => name, "provider" => provider, "outcome" => outcome, "kind" => kind).increment(1);
        if let Ended::Issued { same: true } = ended {
            self.count(SAME);
        }
        if let Ended::Issued { .. } | Ended::Renewed = ended {
            self.last_success = seconds(wall);
        }
    }

    /// Somebody reported that the target refused it.
    pub(in crate::engine) fn rejected(&self) {
        self.count(REJECTED);
    }

    pub(in crate::engine) fn revoked(&self, result: &Result<Revocation>) {
        let outcome = match result {
            Ok(Revocation::Accepted) => "accepted",
            Ok(Revocation::NotPossible) => "not_possible",
            Err(_) => "failed",
        };
        let Labels { name, provider } = self.member.labels().clone();
        counter!(REVOCATIONS, "name" => name, "provider" => provider, "outcome" => outcome).increment(1);
    }

    fn count(&self, counted: &'static str) {
        let Labels { name, provider } = self.member.labels().clone();
        counter!(counted, "name" => name, "provider" => provider).increment(1);
    }
}

/// A revocation has ended. It runs on a task of its own, away from its entry.
pub(in crate::engine) fn revocation_took(kept: &dyn Kept, took: impl FnOnce() -> Duration) {
    record(&labels(kept), "revoke", took());
}

/// Brings the gauges of an entry up to date; those who are bound to it follow when its end has moved.
pub(in crate::engine) fn measure(entry: &mut Entry, slots: &Slots, time: &Timeline) {
    let before = entry.meter.member.facts();
    let in_flight = if let Trying::Running { .. } = entry.trying { 1.0 } else { 0.0 };
    let facts = match entry.is_closing() {
        true => Facts::closed(in_flight),
        false => Facts {
            expires_at: match entry.kept.until().filter(|_| entry.published) {
                Some(Life::NEVER) => f64::INFINITY,
                Some(until) => seconds(until),
                // It has ended, or was taken away just now; either way it is over.
                None => before.expires_at.min(seconds(time.wall())),
            },
            last_success: entry.meter.last_success,
            failures: entry.failing.as_ref().map_or(0.0, |failing| failing.failures.into()),
            in_flight,
            skew: slots.skew(entry.target).millis() as f64 / 1e3,
        },
    };
    // By their bits: what is not a number equals itself here.
    let end_moved = facts.expires_at.to_bits() != before.expires_at.to_bits();
    if facts.to_bits() != before.to_bits() {
        entry.meter.member.tell(facts);
    }
    if end_moved {
        entry.kept.end_moved();
    }
}

fn labels(kept: &dyn Kept) -> Labels {
    Labels { name: SharedString::from_shared(kept.name().into()), provider: kept.provider_name() }
}

fn record(labels: &Labels, step: &'static str, took: Duration) {
    let Labels { name, provider } = labels.clone();
    histogram!(DURATION, "name" => name, "provider" => provider, "step" => step).record(took);
}

/// Unix time in nanoseconds, as metrics have it.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn name_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "configuration",
        ErrorKind::Identity => "identity",
        ErrorKind::Trust => "trust",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Tls => "tls",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Panic => "panic",
        ErrorKind::Closed => "closed",
        ErrorKind::Shutdown => "shutdown",
        ErrorKind::Other => "other",
    }
}

//! The credentials of one name, which have one set of gauges.
//!
//! A program may keep several credentials under one name, and several schedulers, and a recorder is there for all of the
//! process; so are the groups. Of several credentials, the gauges show the one that a person must look at first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use metrics::{SharedString, gauge};

use super::names::{EXPIRES_AT, FAILURES, IN_FLIGHT, LAST_SUCCESS, SKEW};

/// The labels that every metric has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels {
    pub(super) name: SharedString,
    pub(super) provider: &'static str,
}

/// What the gauges say of one credential. Not a number: nothing, since it is closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Facts {
    pub(super) expires_at: f64,
    pub(super) last_success: f64,
    pub(super) failures: f64,
    pub(super) in_flight: f64,
    pub(super) skew: f64,
}

impl Facts {
    /// Before anything has happened.
    pub(super) const NEW: Self = Self { expires_at: 0.0, last_success: 0.0, failures: 0.0, in_flight: 0.0, skew: 0.0 };

    /// Of a closed credential: no rule for alarms holds for what is not a number.
    pub(super) fn closed(in_flight: f64) -> Self {
        Self { expires_at: f64::NAN, last_success: f64::NAN, failures: f64::NAN, in_flight, skew: f64::NAN }
    }

    /// In the order of the gauges' names in `show`.
    pub(super) fn to_bits(self) -> [u64; 5] {
        [self.expires_at, self.last_success, self.failures, self.in_flight, self.skew].map(f64::to_bits)
    }

    /// What is to be looked at first: the earliest times, the longest run of failures, the clock that is furthest off. What
    /// is not a number gives way to what is.
    fn and(self, other: Self) -> Self {
        let further = |one: f64, other: f64| if other.abs() > one.abs() || one.is_nan() { other } else { one };
        Self {
            expires_at: self.expires_at.min(other.expires_at),
            last_success: self.last_success.min(other.last_success),
            failures: self.failures.max(other.failures),
            in_flight: self.in_flight + other.in_flight,
            skew: further(self.skew, other.skew),
        }
    }
}

/// The credentials of one name, and what the gauges show of them.
#[derive(Default)]
struct Group {
    members: BTreeMap<u64, Facts>,
    shown: Option<Facts>,
}

/// Who is in which group. No program sees it: it mirrors what the recorder of the process holds.
static GROUPS: Mutex<BTreeMap<Labels, Group>> = Mutex::new(BTreeMap::new());

/// A credential's place in its group.
#[derive(Debug)]
pub(super) struct Member {
    labels: Labels,
    id: u64,
    facts: Facts,
}

impl Member {
    pub(super) fn join(labels: Labels) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let member = Self { labels, id: NEXT.fetch_add(1, Ordering::Relaxed), facts: Facts::NEW };
        change(&member.labels, |group| {
            group.insert(member.id, member.facts);
        });
        member
    }

    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    /// Shows these facts from now on.
    pub(super) fn tell(&mut self, facts: Facts) {
        self.facts = facts;
        change(&self.labels, |group| {
            group.insert(self.id, facts);
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        change(&self.labels, |group| {
            group.remove(&self.id);
        });
    }
}

/// Changes a group and sets its gauges, both under the lock, so that the newest change is shown last.
fn change(labels: &Labels, change: impl FnOnce(&mut BTreeMap<u64, Facts>)) {
    let mut groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
    let group = groups.entry(labels.clone()).or_default();
    change(&mut group.members);
    let facts = group.members.values().copied().fold(Facts::closed(0.0), Facts::and);
    show(labels, facts, group.shown.replace(facts));
    if group.members.is_empty() {
        groups.remove(labels);
    }
}

/// Sets what has changed: an attempt that begins or ends changes one gauge of five.
fn show(labels: &Labels, facts: Facts, shown: Option<Facts>) {
    let shown = shown.map(Facts::to_bits);
    for (index, name) in [EXPIRES_AT, LAST_SUCCESS, FAILURES, IN_FLIGHT, SKEW].into_iter().enumerate() {
        let bits = facts.to_bits()[index];
        if shown.is_none_or(|shown| shown[index] != bits) {
            gauge!(name, "name" => labels.name.clone(), "provider" => labels.provider).set(f64::from_bits(bits));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_credentials_the_worst_is_shown() {
        let first = Facts { expires_at: 10.0, last_success: 5.0, failures: 0.0, in_flight: 1.0, skew: -40.0 };
        let second = Facts { expires_at: f64::INFINITY, last_success: 3.0, failures: 2.0, in_flight: 1.0, skew: 30.0 };
        let both = Facts { expires_at: 10.0, last_success: 3.0, failures: 2.0, in_flight: 2.0, skew: -40.0 };
        assert_eq!(first.and(second), both);
        assert_eq!(second.and(first), both);
    }

    #[test]
    fn a_closed_one_says_nothing_beside_one_that_is_open() {
        let open = Facts { expires_at: 10.0, last_success: 5.0, failures: 1.0, in_flight: 0.0, skew: 30.0 };
        for both in [Facts::closed(1.0).and(open), open.and(Facts::closed(1.0))] {
            assert_eq!(both, Facts { in_flight: 1.0, ..open });
        }
        let nothing = Facts::closed(0.0).and(Facts::closed(0.0));
        assert!(nothing.expires_at.is_nan() && nothing.failures.is_nan() && nothing.skew.is_nan());
    }
}

//! The pure state machine of one credential: when to try, what to do with what came, how long to wait.
//!
//! No clock, no async, no I/O: everything it needs is an argument, randomness included.

use std::time::Duration;

use super::timeline::At;
use crate::Policy;

/// What to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Issue,
    Renew,
}

impl Kind {
    /// As spans and metrics name it.
    pub(crate) fn step(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renew => "renew",
        }
    }
}

/// What is in hand.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Where the lifetime of this generation counts from.
    begun: At,
    /// `None`: it has no end of its own.
    ends: Option<At>,
    /// How long the last success lasts, renewals counted one by one. In a small form, because there are many of these.
    span: Span,
    renewable: bool,
}

/// A duration in milliseconds; what is longer than 49 days is that.
#[derive(Debug, Clone, Copy)]
struct Span(u32);

impl Span {
    fn between(begun: At, ends: Option<At>) -> Self {
        let millis = ends.map(|ends| ends.saturating_sub(begun).as_millis());
        Self(millis.and_then(|millis| u32::try_from(millis).ok()).unwrap_or(u32::MAX))
    }

    fn quarter(self) -> Duration {
        Duration::from_millis(self.0.into()) / 4
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing to do until `due`.
    Resting,
    /// An attempt waits for its place, or runs.
    Trying,
    /// A terminal failure was final.
    Final,
    Closed,
}

/// What a successful attempt brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Where lifetime and hint count from.
    pub(crate) begun: At,
    pub(crate) ends: Option<At>,
    pub(crate) hint: Option<At>,
    pub(crate) renewable: bool,
    /// It equals what is in hand.
    pub(crate) same: bool,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    pub(crate) transient: bool,
    /// It took all the time that it had.
    pub(crate) timed_out: bool,
    /// The target asked to wait.
    pub(crate) retry_after: Option<Duration>,
    /// A credential that this one needs tries again then; nothing is gained before, or by waiting much longer.
    pub(crate) input_in: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    held: Option<Held>,
    phase: Phase,
    due: At,
    failures: u32,
    failures_in_life: u32,
    last_start: Option<At>,
    last_forced: Option<At>,
    /// An attempt took all the time that it had, and nothing has succeeded since.
    timed_out: bool,
    /// The next attempt issues, whatever is in hand: it was rejected, or its parent has a successor.
    reissue: bool,
}

/// Ends this close together are one end: targets answer in whole seconds.
const SAME_END: Duration = Duration::from_millis(1500);

impl Schedule {
    pub(crate) fn new(now: At) -> Self {
        Self {
            held: None,
            phase: Phase::Resting,
            due: now,
            failures: 0,
            failures_in_life: 0,
            last_start: None,
            last_forced: None,
            timed_out: false,
            reissue: false,
        }
    }

    /// Whether an attempt is due. `bound` is when the credential ends because of what it is bound to.
    pub(crate) fn wants(&mut self, now: At, bound: Option<At>, policy: &Policy) -> bool {
        if self.phase != Phase::Resting || now < self.due {
            return false;
        }
        // What ends with its parent is replaced when the parent is: a new one made now would end at the same time.
        if let Some(held) = self.held
            && !self.reissue
            && !held.renewable
            && let (Some(ends), Some(bound)) = (held.ends, bound)
            && ends.abs_diff(bound) <= SAME_END
        {
            let left = ends.min(bound).saturating_sub(now);
            if left > policy.min_spacing.saturating_mul(2) {
                self.due = now + left / 2;
                return false;
            }
        }
        if let Some(earliest) = self.last_start.map(|at| at.saturating_add(policy.min_spacing))
            && now < earliest
        {
            self.due = earliest;
            return false;
        }
        true
    }

    /// What an attempt that starts now has to try.
    pub(crate) fn kind(&self, now: At, bound: Option<At>) -> Kind {
        match self.held {
            Some(held) if held.renewable && !self.reissue && self.usable(now, bound) => Kind::Renew,
            _ => Kind::Issue,
        }
    }

    /// An attempt is on its way to a slot.
    pub(crate) fn queued(&mut self) {
        self.phase = Phase::Trying;
    }

    /// An attempt starts now; returns its time limit.
    pub(crate) fn started(&mut self, now: At, bound: Option<At>, policy: &Policy) -> Duration {
        self.last_start = Some(now);
        let (Some(left), Some(held)) = (self.left(now, bound), self.held) else { return policy.attempt_deadline };
        let limit = match self.timed_out {
            // An exchange that takes a quarter of the life fits into what is left at the refresh, and leaves time for
            // others if it hangs.
            false => held.span.quarter().min(left / 3 * 2).max(left / 4),
            true => left / 4,
        };
        limit.clamp(policy.attempt_deadline_min, policy.attempt_deadline)
    }

    /// An attempt brought a credential that is not expired.
    pub(crate) fn issued(&mut self, now: At, facts: Facts, policy: &Policy, draw: f64) {
        let begun = match self.held {
            Some(held) if facts.same => held.begun,
            _ => facts.begun,
        };
        let span = Span::between(begun, facts.ends);
        self.held = Some(Held { begun, ends: facts.ends, span, renewable: facts.renewable });
        self.succeeded();
        self.reissue = false;
        let mut due = refresh_at(facts, begun, policy, draw);
        if due <= now {
            // Handed out late in its life: the target keeps its own copy. Come back soon, but do not storm.
            due = now.saturating_add(facts.ends.map_or(policy.min_spacing, |ends| ends.saturating_sub(now) / 4));
        }
        self.due = due.max(now.saturating_add(policy.min_spacing));
    }

    /// An attempt extended what is in hand.
    pub(crate) fn renewed(&mut self, now: At, begun: At, ends: At, again: bool, policy: &Policy, draw: f64) {
        let Some(held) = &mut self.held else { return };
        held.ends = Some(ends);
        held.span = Span::between(begun, Some(ends));
        held.renewable = again;
        // When the next step is a new credential, its lead is that of the whole life: the last stretch before the
        // target's wall may be short.
        let span_from = if again { begun } else { held.begun };
        self.succeeded();
        let facts = Facts { begun, ends: Some(ends), hint: None, renewable: again, same: false };
        self.due = if self.reissue { now } else { refresh_at(facts, span_from, policy, draw).max(now) };
    }

    /// What is in hand cannot be extended: a new one is due.
    pub(crate) fn not_renewable(&mut self, now: At) {
        if let Some(held) = &mut self.held {
            held.renewable = false;
        }
        self.succeeded();
        self.due = now;
    }

    /// An attempt brought what cannot be used: a new one is due, whatever is in hand.
    pub(crate) fn of_no_use(&mut self, now: At) {
        self.succeeded();
        self.reissue = true;
        self.due = now;
    }

    /// The target says that there is none any more.
    pub(crate) fn withdrawn(&mut self, now: At, policy: &Policy, draw: f64) {
        self.held = None;
        self.succeeded();
        self.reissue = false;
        self.due = now.saturating_add(terminal_wait(policy, draw));
    }

    /// An attempt failed; returns how long to wait.
    pub(crate) fn failed(
        &mut self,
        now: At,
        bound: Option<At>,
        failure: Failure,
        policy: &Policy,
        draw: f64,
    ) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.failures_in_life = self.failures_in_life.saturating_add(1);
        self.timed_out |= failure.timed_out;
        if policy.terminal_is_final && !failure.transient {
            self.phase = Phase::Final;
            return Duration::MAX;
        }
        self.phase = Phase::Resting;
        let left = self.left(now, bound);
        let many = self.failures_in_life > policy.attempts_per_lifetime / 2;
        let backoff_max = self.backoff_max(policy);
        let mut wait = match (many, left, failure.transient) {
            // As long as is allowed, so that the other half of the attempts lasts to the end; but what was refused
            // early in a long life does not wait for days.
            (true, Some(left), _) => left.min(policy.refresh_lead_max) / 4,
            (true, None, true) => backoff_max,
            (false, _, true) => {
                let doubled = policy.backoff_base.saturating_mul(1 << (self.failures - 1).min(16));
                scaled(doubled.min(backoff_max), draw)
            }
            (_, _, false) => terminal_wait(policy, draw),
        };
        if let Some(after) = failure.input_in.filter(|_| !many || left.is_none()) {
            wait = wait.min(after.saturating_add(scaled(policy.min_spacing, draw)));
        }
        // What an input was asked to wait is in its own next attempt, and counts from when it was asked.
        match failure.retry_after.filter(|_| failure.input_in.is_none()) {
            Some(after) => {
                wait = wait.max(after.min(policy.retry_after_max));
                if let Some(left) = left {
                    wait = wait.min(left / 2);
                }
            }
            None => {
                if let Some(left) = left {
                    wait = wait.min(left / 4);
                }
            }
        }
        let wait = wait.max(policy.min_spacing);
        self.due = now.saturating_add(wait);
        wait
    }

    /// Somebody asks and there is nothing. True when an attempt is due now; a failing credential keeps its pace.
    pub(crate) fn asked(&mut self, now: At, bound: Option<At>) -> bool {
        let starts = self.phase == Phase::Resting && self.failures == 0 && !self.usable(now, bound);
        if starts {
            self.due = self.due.min(now);
        }
        starts
    }

    /// The target refused what is in hand, or it does not last long enough: replace it now.
    ///
    /// # Errors
    /// When it was forced a moment ago: how long to wait.
    pub(crate) fn force(&mut self, now: At, spaced: bool, policy: &Policy) -> Result<(), Duration> {
        let earliest = self.last_forced.map_or(Duration::ZERO, |at| at.saturating_add(policy.rejection_spacing));
        if spaced && now < earliest {
            return Err(earliest - now);
        }
        self.last_forced = Some(now);
        self.reissue = true;
        self.due = self.due.min(now);
        Ok(())
    }

    /// What this credential is bound to has a successor: move, before the old one ends at `until`.
    pub(crate) fn parent_changed(&mut self, now: At, until: At, urgent: bool, draw: f64) {
        self.reissue = true;
        let window = if urgent { Duration::ZERO } else { until.saturating_sub(now) / SPREAD_SHARE };
        self.due = self.due.min(now.saturating_add(scaled(window.min(SPREAD_MAX), draw)));
    }

    /// What was in hand has ended.
    pub(crate) fn expired(&mut self, now: At) {
        if self.failures == 0 {
            self.due = self.due.min(now);
        }
    }

    /// Nothing more will be tried: a terminal failure was final.
    pub(crate) fn is_final(&self) -> bool {
        self.phase == Phase::Final
    }

    pub(crate) fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    /// When to look again at the latest.
    pub(crate) fn wake_at(&self) -> At {
        match self.phase {
            Phase::Resting => self.due,
            Phase::Trying | Phase::Final | Phase::Closed => Duration::MAX,
        }
    }

    /// When the next attempt is due, if one is planned.
    pub(crate) fn due(&self) -> Option<At> {
        (self.phase == Phase::Resting).then_some(self.due)
    }

    /// Own end of what is in hand.
    pub(crate) fn ends(&self) -> Option<At> {
        self.held.and_then(|held| held.ends)
    }

    /// Where the life of what is in hand began.
    pub(crate) fn begun(&self) -> Option<At> {
        self.held.map(|held| held.begun)
    }

    pub(crate) fn usable(&self, now: At, bound: Option<At>) -> bool {
        self.held.is_some_and(|held| held.ends.is_none_or(|ends| now < ends) && bound.is_none_or(|bound| now < bound))
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn succeeded(&mut self) {
        self.phase = Phase::Resting;
        self.failures = 0;
        self.failures_in_life = 0;
        self.timed_out = false;
    }

    /// Where the doubling ends. What lived for seconds is not left away for a minute: before its end it was asked for more
    /// often than in this time.
    fn backoff_max(&self, policy: &Policy) -> Duration {
        match self.held {
            Some(held) => policy.backoff_max.min(held.span.quarter().max(policy.backoff_base)),
            None => policy.backoff_max,
        }
    }

    /// How much is left of what is in hand, when it is usable and ends.
    fn left(&self, now: At, bound: Option<At>) -> Option<Duration> {
        let ends = self.ends().into_iter().chain(bound).min()?;
        (self.held.is_some() && ends > now).then(|| ends - now)
    }
}

/// Children of one parent move within this part of what is left of it: the rest must still outlast an outage of a third
/// of its lifetime, and it was handed over when 40 % were left.
const SPREAD_SHARE: u32 = 16;

/// Children of one parent move within this time at most.
const SPREAD_MAX: Duration = Duration::from_secs(300);

/// A hint may not come later than this share of the life before its end, so that several attempts fit.
const HINT_SHARE: f64 = 0.1;

/// When to refresh: the hint first, else when the policy's share of the span is left.
fn refresh_at(facts: Facts, span_from: At, policy: &Policy, draw: f64) -> At {
    let Some(ends) = facts.ends else {
        return facts.hint.unwrap_or_else(|| facts.begun.saturating_add(spread(policy.poll_interval, policy, draw)));
    };
    match facts.hint {
        Some(hint) => hint.min(ends.saturating_sub(scaled(ends.saturating_sub(facts.begun), HINT_SHARE))),
        None => {
            let span = ends.saturating_sub(span_from);
            let lead = scaled(span, policy.refresh_share).min(policy.refresh_lead_max);
            ends.saturating_sub(spread(lead, policy, draw))
        }
    }
}

/// Moved at random by the policy's jitter, up or down.
fn spread(duration: Duration, policy: &Policy, draw: f64) -> Duration {
    scaled(duration, 1.0 + policy.jitter * (2.0 * draw - 1.0))
}

fn terminal_wait(policy: &Policy, draw: f64) -> Duration {
    scaled(policy.terminal_spacing, 0.5 + draw / 2.0)
}

/// A multiple that cannot overflow: policies and targets may say "for ever" with the longest duration there is. A share is never more than
/// the whole, which a float of a hundred days and more would round to.
fn scaled(duration: Duration, by: f64) -> Duration {
    let scaled = Duration::try_from_secs_f64(duration.as_secs_f64() * by).unwrap_or(Duration::MAX);
    if by <= 1.0 { scaled.min(duration) } else { scaled }
}

#[cfg(test)]
mod tests;

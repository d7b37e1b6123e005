//! Whether a gap is more than the engine promises to bear.
//!
//! A gap is a violation when the target would have answered in time: when there was a quiet while, between the refresh at its latest
//! and the end, that was long enough for an attempt and for all that may come before it.

use std::time::Duration;

use crate::history::{Block, Moment, Pace};
use crate::ledger::{Inner, Member, Terms};

/// So many failures in one life, and the engine slows down to keep the policy's attempts for all of it.
const MANY_FAILURES: u32 = 50;

/// A parent is back, and its child tries at once: `min_spacing`, drawn, and what a task needs for its turn.
const A_MOMENT: Duration = Duration::from_millis(600);

impl Inner {
    /// A reader was handed a credential; `dead` when its target takes it no more.
    pub(crate) fn read(&mut self, member: usize, dead: bool, over: bool) {
        self.tally.reads += 1;
        if dead {
            self.violate(member, || "read a credential that its target takes no more".to_owned());
        }
        if over {
            self.violate(member, || "read a credential that ends in the past".to_owned());
        }
    }

    /// Readers had nothing, if only for a moment, because what they had ended.
    pub(crate) fn gap(&mut self, member: usize) {
        let now = self.moment();
        self.members[member].last_gap = Some(self.time.now());
        self.members[member].gone_since = now;
        let one = &self.members[member];
        let Some(ends) = one.ends else { return };
        let ended = if self.history.is_lost(ends, now) { ends } else { now };
        let begun = one.told_at.max(ended.saturating_sub(one.terms.lifetime));
        let blocks = self.history.blocks(member, &one.terms, begun, now);
        let pace = |quiet: &Block| {
            let since = quiet.from.saturating_sub(one.policy.retry_after_max + one.policy.attempt_deadline);
            self.history.pace(member, &one.terms, since.max(begun), quiet.until)
        };
        let explained = if one.terms.bears_outages {
            !quiet(&blocks, begun, ended).any(|quiet| one.must_have_served(quiet, ended, pace(&quiet)))
        } else {
            !blocks.is_empty()
        };
        if explained {
            self.tally.gaps_explained += 1;
            return;
        }
        let (lifetime, attempts) = (one.terms.lifetime, one.attempts_since(begun));
        self.violate(member, || {
            format!(
                "a gap, with a lifetime of {lifetime:?}: from {begun:?} to {ended:?} it went wrong at {blocks:?}; \
                 attempts at {attempts:?}"
            )
        });
    }

    /// There is nothing to read: it must have come back some time after all was well.
    pub(crate) fn nothing_to_read(&mut self, member: usize) {
        let now = self.moment();
        let one = &self.members[member];
        // A wait of five minutes that a target asks for, and two attempts: what is older is forgotten.
        let since = now.saturating_sub(Duration::from_secs(900)).max(one.gone_since);
        let blocks = self.history.blocks(member, &one.terms, since, now);
        let quiet_since = blocks.last().map_or(since, |last| last.until.max(one.gone_since));
        let pace = self.history.pace(member, &one.terms, since, now);
        let within = one.back_within(pace);
        if now > quiet_since + within && !one.gap_reported {
            let attempts = one.attempts_since(since);
            self.members[member].gap_reported = true;
            self.violate(member, || {
                format!("still none {within:?} after {quiet_since:?}, with {pace:?}; attempts at {attempts:?}")
            });
        }
    }
}

impl Member {
    /// Whether an attempt had to be made in this quiet while, and to succeed before the end.
    fn must_have_served(&self, quiet: Block, ended: Moment, pace: Pace) -> bool {
        let policy = &self.policy;
        let lifetime = self.terms.lifetime;
        // What went wrong before may hold an attempt up to its limit, and then one waits.
        let left = ended.saturating_sub(quiet.from);
        let hangs = (left / 4).max((lifetime / 4).min(left / 3 * 2));
        let hangs = hangs.clamp(policy.attempt_deadline_min, policy.attempt_deadline);
        let left = left.saturating_sub(hangs);
        let pause = if self.in_life > MANY_FAILURES { policy.refresh_lead_max / 4 } else { policy.backoff_max };
        let asked = if pace.asked_to_wait { (left / 2).min(policy.retry_after_max) } else { Duration::ZERO };
        let waits = (left / 4).min(pause).max(asked).max(policy.min_spacing);
        let parent = if self.terms.parent { self.back_within(pace) } else { Duration::ZERO };
        let after_trouble = quiet.from + (hangs + waits).max(parent);

        let lead = lifetime.mul_f64(policy.refresh_share).min(policy.refresh_lead_max).mul_f64(1.0 - policy.jitter);
        let due = ended.saturating_sub(lead);
        let tries = due.max(after_trouble);
        let left = ended.saturating_sub(tries);
        let limit = if tries == due { (lifetime / 4).min(left / 3 * 2).max(left / 4) } else { left / 4 };
        let limit = limit.clamp(policy.attempt_deadline_min, policy.attempt_deadline);
        let takes = self.terms.exchange() + pace.slow;
        takes <= limit && tries + takes <= quiet.until && tries + takes < ended
    }

    /// How long after all is well again it may take at most until there is something: what hangs, the wait after that, the
    /// exchange; the parent has done the same by then.
    fn back_within(&self, pace: Pace) -> Duration {
        let policy = &self.policy;
        let wait = match (pace.asked_to_wait, pace.terminal || self.terms.parent || self.ends.is_none()) {
            (true, _) => policy.retry_after_max,
            (false, true) => policy.terminal_spacing.max(policy.backoff_max),
            (false, false) => policy.backoff_max.min((self.terms.lifetime / 4).max(policy.backoff_base)),
        };
        policy.attempt_deadline + wait + A_MOMENT * 2 + self.terms.exchange() + pace.slow
    }
}

impl Terms {
    /// What an exchange takes when nothing is wrong, that of a parent included.
    pub(crate) fn exchange(&self) -> Duration {
        let one = Duration::from_millis(250);
        if self.parent { one * 2 } else { one }
    }
}

/// The quiet whiles between the blocks.
fn quiet(blocks: &[Block], begun: Moment, ended: Moment) -> impl Iterator<Item = Block> {
    let from = std::iter::once(begun).chain(blocks.iter().map(|block| block.until));
    let until = blocks.iter().map(|block| block.from).chain([ended]);
    from.zip(until).map(|(from, until)| Block { from, until }).filter(|quiet| quiet.from < quiet.until)
}

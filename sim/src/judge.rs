//! Whether a gap is more than the engine promises to bear.

use std::time::Duration;

use crate::ledger::Inner;
use crate::truth::At;

/// An outage of a third of the lifetime costs no read, but never one of more than this.
const LONGEST_BORNE: Duration = Duration::from_secs(2400);
/// The engine refreshes when 40 % are left, at most an hour before the end, give or take 5 %.
const LEAD_SHARE: f64 = 0.42;
const LONGEST_LEAD: Duration = Duration::from_secs(3780);
/// The engine compares the clocks every 10 seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(12);
/// Below this the deadline of an attempt is no longer a quarter of what is left.
const BEARS_OUTAGES: Duration = Duration::from_secs(300);
/// The longest wait is 5 minutes, then an attempt may hang; twice, for a child and its parent.
const BACK_WITHIN: Duration = Duration::from_secs(780);

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
        let now = self.time.now();
        self.members[member].last_gap = Some(now);
        let Some(ended) = self.members[member].ends else { return };
        let ended = ended.min(now);
        let terms = &self.members[member].terms;
        let bears = terms.bears_outages && terms.lifetime >= BEARS_OUTAGES;
        let lead = if bears { terms.lifetime.mul_f64(LEAD_SHARE).min(LONGEST_LEAD) } else { terms.lifetime };
        let begins = ended.saturating_sub(lead);
        let mut around = self.disturbances(member);
        around.retain(|(from, until)| *until > begins && *from < now);
        let borne = if bears { (terms.lifetime / 3).min(LONGEST_BORNE) } else { Duration::ZERO };
        let length = |(from, until): &(At, At)| (*until).min(now).saturating_sub((*from).max(begins));
        if around.iter().any(|block| length(block) > borne) {
            self.tally.gaps_explained += 1;
            return;
        }
        let lifetime = terms.lifetime;
        self.violate(member, || {
            format!("a gap; what had a lifetime of {lifetime:?} ended at {ended:?}; around it went wrong: {around:?}")
        });
    }

    /// There is nothing to read: it must have come back some time after all was well.
    pub(crate) fn nothing_to_read(&mut self, member: usize) {
        let now = self.time.now();
        let one = &self.members[member];
        let since = one.last_gap.unwrap_or(one.since).max(one.since);
        let busy = self.disturbances(member).into_iter().filter(|(from, _)| *from <= now).map(|(_, until)| until);
        let quiet_since = busy.chain([since]).max().unwrap_or_default();
        if now > quiet_since + BACK_WITHIN && !self.members[member].gap_reported {
            self.members[member].gap_reported = true;
            self.violate(member, || format!("still none, and all is well since {quiet_since:?}"));
        }
    }

    /// What went wrong where this credential comes from, and with the machine: blocks with time enough between them for
    /// an attempt and all that it waits for.
    fn disturbances(&self, member: usize) -> Vec<(At, At)> {
        let places = self.members[member].terms.places;
        let spells = self.spells.iter().filter(|spell| places.contains(&spell.place));
        let spells = spells.map(|spell| (spell.from, spell.until));
        let jumps = self.jumps.iter().map(|(at, by)| (at.saturating_sub(*by), *at + *by + NOTICED_WITHIN));
        let mut all: Vec<_> = spells.chain(jumps).collect();
        all.sort();
        let mut blocks: Vec<(At, At)> = Vec::new();
        for (from, until) in all {
            match blocks.last_mut().filter(|last| from <= last.1 + BACK_WITHIN) {
                Some(last) => last.1 = last.1.max(until),
                None => blocks.push((from, until)),
            }
        }
        blocks
    }
}

//! Compares what readers see with the books.

use std::time::Duration;

use crate::books::{Entry, Inner, Manner};
use crate::weather::At;

/// An outage of a third of the lifetime costs no read, but never one of more than this.
const LONGEST_BORNE: Duration = Duration::from_secs(2400);
/// The engine refreshes when 40 % are left, at most an hour before the end, give or take 5 %.
const LEAD_SHARE: f64 = 0.42;
const LONGEST_LEAD: Duration = Duration::from_secs(3780);
/// The engine compares the clocks every 10 seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(12);
/// Below this the floor between attempts, and the clock comparison, are no longer small.
const BEARS_OUTAGES: Duration = Duration::from_secs(300);
/// The longest wait is 5 minutes, then an attempt may hang; twice, for a child and its parent.
const BACK_WITHIN: Duration = Duration::from_secs(780);
/// Until then after its outage a parent may have nothing to make a child from.
const PARENT_BACK_WITHIN: Duration = Duration::from_secs(360);

impl Inner {
    /// A reader was handed this credential.
    pub fn read(&mut self, member: usize, id: u64) {
        self.tally.reads += 1;
        if let Some(why) = self.why_dead(id) {
            let (now, spec) = (self.now(), &self.members[member]);
            self.violations
                .push(format!("member {member}: read a credential that was dead at {now:?}: {why}; {spec:?}"));
        }
    }

    /// When this credential dies, if nothing is renewed or revoked until then: on the monotonic clock.
    pub fn death_of(&self, id: u64) -> Duration {
        let entry = self.entry(id);
        let own = (entry.dies + entry.tolerance + Duration::from_millis(1)).saturating_sub(self.slept);
        entry.parent.map_or(own, |parent| own.min(self.death_of(parent)))
    }

    /// Readers had nothing, if only for a moment, because what they had ended.
    pub fn gap(&mut self, member: usize, ended: u64) {
        let entry = self.first_to_die(ended);
        if self.explains(member, entry) {
            self.tally.gaps_explained += 1;
            return;
        }
        let (now, spec, around) = (self.now(), &self.members[member], self.disturbances(member, entry));
        self.violations.push(format!("member {member}: a gap at {now:?}; {spec:?}; {entry:?}; around it: {around:?}"));
    }

    /// It has had every chance to come back.
    pub fn still_none(&mut self, member: usize, since: At) {
        let now = self.now();
        let jumped = self.jumps.iter().map(|(at, _)| *at);
        let busy = self.line(member).into_iter().flat_map(|member| self.told_outages(self.members[member].target));
        let busy = busy.filter(|(from, _)| *from <= now).map(|(_, until)| until);
        let quiet_since = busy.chain(jumped).chain([since]).max().unwrap_or_default();
        if now > quiet_since + BACK_WITHIN {
            let spec = &self.members[member];
            self.violations
                .push(format!("member {member}: still none at {now:?}, all is well since {quiet_since:?}; {spec:?}"));
        }
    }

    /// Whether what went wrong around this credential was more than the engine promises to bear.
    fn explains(&self, member: usize, entry: &Entry) -> bool {
        let around = self.disturbances(member, entry);
        let Some(from) = around.iter().map(|(from, _)| *from).min() else { return false };
        let until = around.iter().map(|(_, until)| *until).max().unwrap_or(from);
        !self.bears_outages(member, entry) || until - from > (entry.given / 3).min(LONGEST_BORNE)
    }

    /// Targets that hand out their own cached credentials, or wish for a late refresh, are the exception, by nature.
    fn bears_outages(&self, member: usize, entry: &Entry) -> bool {
        let early = |member: usize| !matches!(self.members[member].manner, Manner::Cached | Manner::Hinted(_));
        entry.given >= BEARS_OUTAGES && self.line(member).into_iter().all(early)
    }

    /// What went wrong while it was to be refreshed: outages of its target and of those it is made from, and jumps.
    fn disturbances(&self, member: usize, entry: &Entry) -> Vec<(At, At)> {
        let last_stretch = entry.dies >= entry.last_renewal_by && entry.given < entry.dies - entry.begun;
        let lead = match self.bears_outages(member, entry) && !last_stretch {
            true => entry.given.mul_f64(LEAD_SHARE).min(LONGEST_LEAD),
            false => entry.given,
        };
        let begins = entry.dies.saturating_sub(lead);
        let outages = self.line(member).into_iter().flat_map(|of| {
            let more = if of == member { Duration::ZERO } else { PARENT_BACK_WITHIN };
            self.told_outages(self.members[of].target).map(move |(from, until)| (from, until + more))
        });
        let jumps = self.jumps.iter().map(|(at, by)| (at.saturating_sub(*by), *at + *by + NOTICED_WITHIN));
        let during = |(from, until): &(At, At)| *until > begins && *from < entry.dies;
        outages.chain(jumps).filter(during).map(|(from, until)| (from.max(begins), until.min(entry.dies))).collect()
    }

    fn told_outages(&self, target: usize) -> impl Iterator<Item = (At, At)> {
        let told = if self.secret_outages { &[][..] } else { &self.outages[target][..] };
        told.iter().map(|outage| (outage.from, outage.until))
    }

    /// It and what it is made from.
    fn line(&self, member: usize) -> Vec<usize> {
        std::iter::successors(Some(member), |member| self.members[*member].parent).collect()
    }

    fn first_to_die(&self, id: u64) -> &Entry {
        let entry = self.entry(id);
        match entry.parent.map(|parent| self.first_to_die(parent)) {
            Some(parent) if parent.dies < entry.dies => parent,
            _ => entry,
        }
    }
}

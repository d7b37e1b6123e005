//! What went wrong, as the engine lives through it.

use std::collections::VecDeque;
use std::time::Duration;

use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::ledger::Terms;
use crate::weather::{Place, Spell, Trouble};

/// A time on the axis of the engine: it runs with the machine's monotonic clock, and jumps ahead when the wall clock does.
pub(crate) type Moment = Duration;

/// What is over for longer than any credential lives explains nothing.
const KEPT_FOR: Duration = Duration::from_secs(2 * 86_400);

/// The engine compares the clocks every 10 seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(11);

/// So slow may all targets of an exchange be together that it still fits into the longest attempt.
const LONGEST_BORNE: Duration = Duration::from_secs(29);

/// All that the judge is told.
#[derive(Default)]
pub(crate) struct History(VecDeque<Episode>);

struct Episode {
    whose: Whose,
    from: Moment,
    /// Not yet over.
    until: Option<Moment>,
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum Whose {
    /// The machine's, and so everybody's.
    All,
    /// Of all who come to this place.
    At(Place),
    /// Of this member alone.
    Member(usize),
}

#[derive(Clone, Copy)]
enum What {
    /// The target answers, after so long.
    Slow(Duration),
    /// It says when to come back.
    AsksToWait,
    /// Some failures of this kind count as terminal: they are repeated at another pace.
    MayBeTerminal,
    Transient,
}

/// A time in which something was wrong for one credential; none of them overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) from: Moment,
    /// The moment of the question, when it is not yet over.
    pub(crate) until: Moment,
}

/// How what went wrong slows an engine down that is told so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    /// Some target asked to wait.
    pub(crate) asked_to_wait: bool,
    /// Some failure may have been terminal.
    pub(crate) terminal: bool,
    /// How long targets take for one exchange more than usual.
    pub(crate) slow: Duration,
}

impl History {
    pub(crate) fn begins(&mut self, spell: &Spell, now: Moment) {
        self.0.retain(|episode| episode.until.is_none_or(|until| until + KEPT_FOR > now));
        self.0.push_back(Episode { whose: Whose::At(spell.place), from: now, until: None, what: kind(&spell.trouble) });
    }

    /// There is never more than one at a place.
    pub(crate) fn ends(&mut self, place: Place, now: Moment) {
        let open = self.0.iter_mut().filter(|episode| episode.whose == Whose::At(place) && episode.until.is_none());
        open.for_each(|episode| episode.until = Some(now));
    }

    /// An attempt of this member panicked.
    pub(crate) fn stumbled(&mut self, member: usize, from: Moment, now: Moment) {
        self.0.push_back(Episode { whose: Whose::Member(member), from, until: Some(now), what: What::Transient });
    }

    /// The machine has lost time, until now.
    pub(crate) fn lost(&mut self, by: Duration, now: Moment) {
        let (from, until) = (now.saturating_sub(by), Some(now + NOTICED_WITHIN));
        self.0.push_back(Episode { whose: Whose::All, from, until, what: What::Transient });
    }

    /// Whether the machine lost the time around this moment just now.
    pub(crate) fn is_lost(&self, moment: Moment, now: Moment) -> bool {
        let mut lost = self.0.iter().filter(|episode| episode.whose == Whose::All);
        lost.any(|episode| episode.from <= moment && episode.until.is_some_and(|until| moment <= until && now <= until))
    }

    /// When something was wrong for this credential, since then.
    pub(crate) fn blocks(&self, member: usize, terms: &Terms, since: Moment, now: Moment) -> Vec<Block> {
        let slow = self.pace(member, terms, since, now).slow;
        // Four exchanges fit into the life, and one into an attempt: this target answers.
        let bears = slow + terms.exchange() <= (terms.lifetime / 4).min(LONGEST_BORNE);
        let felt =
            self.around(member, terms, since, now).filter(|episode| !(bears && matches!(episode.what, What::Slow(_))));
        let mut all: Vec<_> =
            felt.map(|episode| Block { from: episode.from, until: episode.until.unwrap_or(now).min(now) }).collect();
        all.sort_by_key(|block| block.from);
        let mut merged: Vec<Block> = Vec::new();
        for block in all {
            match merged.last_mut().filter(|last| block.from <= last.until) {
                Some(last) => last.until = last.until.max(block.until),
                None => merged.push(block),
            }
        }
        merged
    }

    /// At which pace this credential was tried, since then.
    pub(crate) fn pace(&self, member: usize, terms: &Terms, since: Moment, now: Moment) -> Pace {
        let mut pace = Pace::default();
        let mut slowest = [Duration::ZERO; Place::ALL.len()];
        for episode in self.around(member, terms, since, now) {
            match (episode.what, episode.whose) {
                (What::Slow(by), Whose::At(place)) => slowest[place as usize] = slowest[place as usize].max(by),
                (What::AsksToWait, _) => pace.asked_to_wait = true,
                (What::MayBeTerminal, _) => pace.terminal = true,
                _ => {}
            }
        }
        pace.slow = slowest.iter().sum();
        pace
    }

    fn around<'a>(
        &'a self,
        member: usize,
        terms: &'a Terms,
        since: Moment,
        now: Moment,
    ) -> impl Iterator<Item = &'a Episode> + use<'a> {
        self.0.iter().filter(move |episode| {
            let felt = match episode.whose {
                Whose::All => true,
                Whose::At(place) => terms.places.contains(&place),
                Whose::Member(other) => other == member,
            };
            felt && episode.until.is_none_or(|until| until >= since) && episode.from <= now
        })
    }
}

fn kind(trouble: &Trouble) -> What {
    match trouble {
        Trouble::Target(Fault::Slow(by)) => What::Slow(*by),
        Trouble::Target(Fault::Throttled(RetryAfter::Seconds(_)) | Fault::OutOfOrder(_, RetryAfter::Seconds(_))) => {
            What::AsksToWait
        }
        Trouble::Cable(tokenex_testkit::transport::Fault::Untrusted)
        | Trouble::Target(_)
        | Trouble::Nonsense
        | Trouble::NoTrust
        | Trouble::IssuerDown
        | Trouble::Missing
        | Trouble::Half
        | Trouble::Stale
        | Trouble::KeyDropped => What::MayBeTerminal,
        Trouble::Cable(_) | Trouble::Silence | Trouble::Panic => What::Transient,
    }
}

//! When the outages begin and end: a pure state machine.
//!
//! An outage that meets no refresh would show nothing, so each waits for a moment at which two are due soon, then for one at
//! which one is, and begins in any case in time. It is announced to nobody: the credentials hear of it by failing.

use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outage {
    /// Two of the targets.
    Targets,
    /// The issuer of the identity token, and so whatever needs a new one.
    Issuer,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Break(Outage),
    Mend(Outage),
}

/// When an outage may begin, and when it does whatever is due: shares of the length.
const WINDOWS: [(Outage, f64, f64); 2] = [(Outage::Targets, 0.2, 0.45), (Outage::Issuer, 0.5, 0.7)];

/// What is due in so much of an outage is met by it.
const MET: f64 = 0.7;

/// The outages of a run.
#[derive(Debug)]
pub(super) struct Outages {
    length: Duration,
    lasting: Duration,
    next: usize,
    running: Option<(Outage, Duration)>,
}

impl Outages {
    pub(super) fn new(length: Duration, lasting: Duration) -> Self {
        Self { length, lasting, next: 0, running: None }
    }

    /// What is to be done `elapsed` after the beginning. `due`: in how long the refreshes are that an outage could meet.
    pub(super) fn at(&mut self, elapsed: Duration, due: impl FnOnce(Outage) -> Vec<Duration>) -> Option<Act> {
        if let Some((outage, until)) = self.running {
            let over = elapsed >= until;
            self.running = self.running.filter(|_| !over);
            return over.then_some(Act::Mend(outage));
        }
        let (outage, from, at_latest) = *WINDOWS.get(self.next)?;
        if elapsed < self.length.mul_f64(from) {
            return None;
        }
        let wanted = match elapsed {
            early if early < self.length.mul_f64(from.midpoint(at_latest)) => 2,
            late if late < self.length.mul_f64(at_latest) => 1,
            _ => 0,
        };
        let met = due(outage).into_iter().filter(|due| *due <= self.lasting.mul_f64(MET)).count();
        if met < wanted {
            return None;
        }
        self.next += 1;
        self.running = Some((outage, elapsed + self.lasting));
        Some(Act::Break(outage))
    }

    /// The outage that runs, and for how long still.
    pub(super) fn running(&self, elapsed: Duration) -> Option<(Outage, Duration)> {
        self.running.map(|(outage, until)| (outage, until.saturating_sub(elapsed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn an_outage_begins_before_two_refreshes_and_lasts_as_long_as_it_should() {
        let mut outages = Outages::new(seconds(30.0), seconds(2.0));
        let due = |due: [f64; 2]| move |_| due.map(seconds).to_vec();
        assert_eq!(outages.at(seconds(5.0), due([0.1, 0.1])), None, "not so early");
        assert_eq!(outages.at(seconds(7.0), due([0.1, 3.0])), None, "only one is due");
        assert_eq!(outages.at(seconds(8.0), due([0.7, 1.3])), Some(Act::Break(Outage::Targets)));
        assert_eq!(outages.running(seconds(9.0)), Some((Outage::Targets, seconds(1.0))));
        assert_eq!(outages.at(seconds(9.9), due([0.1, 0.1])), None);
        assert_eq!(outages.at(seconds(10.0), due([0.1, 0.1])), Some(Act::Mend(Outage::Targets)));
        assert_eq!(outages.running(seconds(10.0)), None);
        assert_eq!(outages.at(seconds(15.0), due([0.1, 0.1])), Some(Act::Break(Outage::Issuer)));
        assert_eq!(outages.at(seconds(17.0), due([0.1, 0.1])), Some(Act::Mend(Outage::Issuer)));
        assert_eq!(outages.at(seconds(29.0), due([0.1, 0.1])), None, "there are two");
    }

    #[test]
    fn as_time_goes_by_an_outage_asks_for_less_and_in_the_end_for_nothing() {
        let mut outages = Outages::new(seconds(20.0), seconds(1.0));
        assert_eq!(outages.at(seconds(6.0), |_| vec![seconds(0.1)]), None);
        assert_eq!(outages.at(seconds(6.5), |_| vec![seconds(0.1)]), Some(Act::Break(Outage::Targets)));
        let mut outages = Outages::new(seconds(20.0), seconds(1.0));
        assert_eq!(outages.at(seconds(8.9), |_| Vec::new()), None);
        assert_eq!(outages.at(seconds(9.0), |_| Vec::new()), Some(Act::Break(Outage::Targets)));
    }
}

//! When the outages begin and end: a pure state machine.
//!
//! An outage that meets no refresh would show nothing, so each begins shortly before one is due. It is announced to nobody:
//! the credentials hear of it by failing.

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
const WINDOWS: [(Outage, f64, f64); 2] = [(Outage::Targets, 0.2, 0.4), (Outage::Issuer, 0.5, 0.7)];

/// So much of an outage lies before the refresh that it meets. With a third of a life in all, a fifth of the life is left to
/// recover in.
const BEFORE: f64 = 0.4;

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

    /// What is to be done `elapsed` after the beginning. `due`: in how long the next refresh is that an outage would meet.
    pub(super) fn at(&mut self, elapsed: Duration, due: impl FnOnce(Outage) -> Option<Duration>) -> Option<Act> {
        if let Some((outage, until)) = self.running {
            let over = elapsed >= until;
            self.running = self.running.filter(|_| !over);
            return over.then_some(Act::Mend(outage));
        }
        let (outage, from, at_latest) = *WINDOWS.get(self.next)?;
        let met = || due(outage).is_some_and(|due| due <= self.lasting.mul_f64(BEFORE));
        if elapsed >= self.length.mul_f64(at_latest) || (elapsed >= self.length.mul_f64(from) && met()) {
            self.next += 1;
            self.running = Some((outage, elapsed + self.lasting));
            return Some(Act::Break(outage));
        }
        None
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
    fn an_outage_begins_before_a_refresh_and_lasts_as_long_as_it_should() {
        let mut outages = Outages::new(seconds(30.0), seconds(2.0));
        let refresh_in = |due: f64| move |_| Some(seconds(due));
        assert_eq!(outages.at(seconds(5.0), refresh_in(0.1)), None, "not so early");
        assert_eq!(outages.at(seconds(7.0), refresh_in(3.0)), None, "nothing is due");
        assert_eq!(outages.at(seconds(8.0), refresh_in(0.7)), Some(Act::Break(Outage::Targets)));
        assert_eq!(outages.running(seconds(9.0)), Some((Outage::Targets, seconds(1.0))));
        assert_eq!(outages.at(seconds(9.9), refresh_in(0.1)), None);
        assert_eq!(outages.at(seconds(10.0), refresh_in(0.1)), Some(Act::Mend(Outage::Targets)));
        assert_eq!(outages.running(seconds(10.0)), None);
        assert_eq!(outages.at(seconds(15.0), refresh_in(0.1)), Some(Act::Break(Outage::Issuer)));
        assert_eq!(outages.at(seconds(17.0), refresh_in(0.1)), Some(Act::Mend(Outage::Issuer)));
        assert_eq!(outages.at(seconds(29.0), refresh_in(0.1)), None, "there are two");
    }

    #[test]
    fn an_outage_begins_in_time_even_where_nothing_is_known_to_be_due() {
        let mut outages = Outages::new(seconds(10.0), seconds(1.0));
        assert_eq!(outages.at(seconds(3.9), |_| None), None);
        assert_eq!(outages.at(seconds(4.0), |_| None), Some(Act::Break(Outage::Targets)));
    }
}

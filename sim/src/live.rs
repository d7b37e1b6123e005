//! The heap of the program over the days.

use std::time::Duration;

use crate::truth::At;

const DAY: Duration = Duration::from_secs(86_400);

/// What lives on the heap, and its low-water marks: what is only under way at the end of a day is no growth.
pub(crate) struct Live {
    bytes: i64,
    days: u32,
    first: Option<i64>,
    last: Option<i64>,
}

impl Live {
    pub(crate) fn new(days: u32) -> Self {
        Self { bytes: 0, days, first: None, last: None }
    }

    pub(crate) fn grow(&mut self, by: i64) {
        self.bytes += by;
    }

    /// Looks in the second half of the first day, when all that is kept is there, and of the last.
    pub(crate) fn look(&mut self, now: At) {
        let within = |day: u32| now >= DAY * day + DAY / 2 && now < DAY * (day + 1);
        let lowest = |mark: Option<i64>, bytes: i64| Some(mark.map_or(bytes, |mark| mark.min(bytes)));
        if within(0) {
            self.first = lowest(self.first, self.bytes);
        }
        if within(self.days - 1) {
            self.last = lowest(self.last, self.bytes);
        }
    }

    /// Nothing for a run of one day.
    pub(crate) fn first_and_last(&self) -> Option<(i64, i64)> {
        if self.days < 2 { None } else { self.first.zip(self.last) }
    }
}

//! The heap of the program over the days.

use crate::outcome::DAY;
use crate::truth::At;

/// What lives on the heap, day by day: the median of the moments in which all is well and nothing under way, so that like is
/// compared with like.
pub(crate) struct Live {
    bytes: i64,
    day: u32,
    today: Vec<i64>,
    by_day: Vec<i64>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { bytes: 0, day: 0, today: Vec::new(), by_day: Vec::new() }
    }

    pub(crate) fn grow(&mut self, by: i64) {
        self.bytes += by;
    }

    /// Looks at it, in such a moment.
    pub(crate) fn look(&mut self, now: At) {
        let day = (now.as_secs() / DAY.as_secs()) as u32;
        if day != self.day {
            self.end_of_day();
            self.day = day;
        }
        self.today.push(self.bytes);
    }

    fn end_of_day(&mut self) {
        self.today.sort_unstable();
        self.by_day.extend(self.today.get(self.today.len() / 2));
        self.today.clear();
    }

    /// Each day on which there were such moments.
    pub(crate) fn by_day(mut self) -> Vec<i64> {
        self.end_of_day();
        self.by_day
    }
}

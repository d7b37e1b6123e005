//! How something new becomes visible in a cloud.

use std::collections::VecDeque;
use std::time::SystemTime;

/// Each replica of a real directory learns of a change at its own time, so that an exchange may fail after one that worked.
#[derive(Debug, Default)]
pub(super) struct Spreading {
    visible_from: Option<SystemTime>,
    /// Whether each of the next requests meets a replica that knows it. Afterwards all do.
    next: VecDeque<bool>,
}

impl Spreading {
    pub(super) fn from(&mut self, at: SystemTime) {
        self.visible_from = Some(at);
    }

    pub(super) fn steps(&mut self, steps: impl IntoIterator<Item = bool>) {
        self.next = steps.into_iter().collect();
    }

    /// Whether this request meets a replica that knows it. Uses one step up.
    pub(super) fn visible(&mut self, now: SystemTime) -> bool {
        let late = self.visible_from.is_some_and(|from| now < from);
        self.next.pop_front().unwrap_or(true) && !late
    }
}

//! The local server: a process of its own, so that its processor time and memory are nobody else's.

mod answers;
mod child;
mod parent;

pub use child::serve;
pub use parent::{Endpoint, Server};

/// How an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// Lifetime of the first credential, in seconds.
    pub first: u64,
    /// Lifetime of all further ones, in seconds.
    pub later: u64,
    /// Each answer takes so many milliseconds.
    pub delay: u64,
}

impl Habits {
    /// Credentials of an hour, at once.
    pub const PLAIN: Self = Self { first: 3600, later: 3600, delay: 0 };

    /// Credentials of `seconds`, at once.
    pub fn lifetime(seconds: u64) -> Self {
        Self { first: seconds, later: seconds, delay: 0 }
    }

    /// Answers take so long.
    #[must_use]
    pub fn delay(self, delay: u64) -> Self {
        Self { delay, ..self }
    }
}

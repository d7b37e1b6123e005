//! What closing came to, in honest words.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::Error;

/// What [`Handle::close`](crate::Handle::close) came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CloseReport {
    /// The name of the handle.
    pub name: String,
    /// How many revocations the target accepted.
    pub accepted: u32,
    /// What outlives the close; of several, what lives longest. `None` when nothing does as far as the target says.
    pub left: Option<Left>,
    /// False when the time given was over before the work was: it goes on in the background.
    pub finished: bool,
}

/// A credential that outlives its handle.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Left {
    /// The name of the handle.
    pub name: String,
    /// Until when it lives by itself; `None` when it has no end.
    pub until: Option<SystemTime>,
    /// For how long it lives by itself, counted from when this was said.
    pub lives: Option<Duration>,
    /// Why.
    pub because: LeftBecause,
}

impl Left {
    pub(crate) fn new(name: &str, until: Option<SystemTime>, now: SystemTime, because: LeftBecause) -> Self {
        let lives = until.map(|until| until.duration_since(now).unwrap_or_default());
        Self { name: name.to_owned(), until, lives, because }
    }
}

/// Why a credential outlives its handle.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LeftBecause {
    /// The target cannot revoke this kind of credential, or does not let us.
    NotRevocable,
    /// The revocation failed.
    Failed(Error),
    /// The time given was over before the revocation was. With `close` it goes on in the background.
    OutOfTime,
}

impl fmt::Display for LeftBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRevocable => f.write_str("it cannot be revoked from here"),
            Self::Failed(error) => write!(f, "the revocation failed: {error}"),
            Self::OutOfTime => f.write_str("the revocation was not over in the time given"),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lives {
            Some(left) => write!(f, "{} lives for another {} s: {}", self.name, left.as_secs(), self.because),
            // A stored secret: nothing but a change ends it.
            None => {
                write!(f, "{} stays valid until it is changed or revoked at its target: {}", self.name, self.because)
            }
        }
    }
}

impl fmt::Display for CloseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.left, self.accepted) {
            (Some(left), _) => left.fmt(f),
            (None, _) if !self.finished => write!(f, "{}: not closed in the time given; it goes on", self.name),
            (None, 0) => write!(f, "{}: nothing to revoke", self.name),
            (None, n) => write!(f, "{}: {n} revocation{} accepted", self.name, if n == 1 { "" } else { "s" }),
        }
    }
}

/// What [`Scheduler::shutdown`](crate::Scheduler::shutdown) came to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// How many handles were closed.
    pub closed: usize,
    /// How many revocations the targets accepted.
    pub accepted: u32,
    /// What lives on, and until when.
    pub left: Vec<Left>,
    /// The runtime was gone before the work was done: nothing is known of what was open.
    pub interrupted: bool,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "closed {}, revocations accepted {}", self.closed, self.accepted)?;
        if self.interrupted {
            f.write_str(", interrupted: the runtime is gone")?;
        }
        for left in &self.left {
            write!(f, "; {left}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_says_until_when_and_why() {
        let now = SystemTime::UNIX_EPOCH;
        let left = |until| Left::new("app", until, now, LeftBecause::NotRevocable).to_string();
        assert_eq!(
            left(Some(now + Duration::from_secs(540))),
            "app lives for another 540 s: it cannot be revoked from here"
        );
        assert_eq!(
            left(None),
            "app stays valid until it is changed or revoked at its target: it cannot be revoked from here"
        );
    }
}

//! What a handle says about itself, in plain words.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{Error, Target};

/// A run of failures that has not ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failing {
    /// When the first attempt of the run failed, by the local clock.
    pub since: SystemTime,
    /// How many attempts failed in a row.
    pub failures: u32,
    /// The first error of the run: often the cause.
    pub first: Error,
    /// The newest error of the run.
    pub last: Error,
    /// When the next attempt is due; `None` when there will be none.
    pub next_attempt_at: Option<SystemTime>,
}

/// The state of a credential in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// There has been no credential yet, and no failure.
    Starting,
    /// A usable credential is there and the last attempt went well.
    Ready,
    /// A usable credential is there, but attempts fail: ready all the same.
    Degraded,
    /// There is no usable credential.
    Failing,
    /// The target says that there is none any more.
    Withdrawn,
    /// Closed, or on the way there.
    Closed,
    /// The scheduler or its runtime is gone.
    Shutdown,
}

impl State {
    /// Whether a program that needs this credential can work now.
    pub fn is_ready(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
            Self::Shutdown => "shut down",
        })
    }
}

/// What a handle says about itself. `Display` puts it into one line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The local time at which this was said.
    pub at: SystemTime,
    /// The name given with [`Keep::name`](crate::Keep::name), else `provider-number`.
    pub name: String,
    /// The provider.
    pub provider: &'static str,
    /// Where it goes.
    pub target: Target,
    /// The state in one word.
    pub state: State,
    /// When the credential in hand ends; `None` when there is none, or it has no end.
    pub valid_until: Option<SystemTime>,
    /// When the next attempt is due; `None` while one is under way, or when there will be none.
    pub next_attempt_at: Option<SystemTime>,
    /// Generation of the newest credential; 0 before the first.
    pub generation: u64,
    /// The name of the newest credential that is no secret.
    pub fingerprint: Option<String>,
    /// Attempts so far.
    pub attempts: u64,
    /// How often the target handed over the credential that was already in hand.
    pub same_credential: u64,
    /// The run of failures, if there is one.
    pub failing: Option<Arc<Failing>>,
    /// The target's clock minus ours, when it is more than 30 seconds.
    pub clock_skew: Option<ClockSkew>,
}

/// How far two clocks are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSkew {
    /// The target's clock is ahead of ours.
    TargetAhead(Duration),
    /// The target's clock is behind ours.
    TargetBehind(Duration),
}

/// A smaller difference is not worth a person's attention.
const SKEW_SHOWN_MILLIS: i64 = 30_000;

impl ClockSkew {
    pub(crate) fn shown(millis: i64) -> Option<Self> {
        let by = Duration::from_millis(millis.unsigned_abs());
        match millis {
            SKEW_SHOWN_MILLIS.. => Some(Self::TargetAhead(by)),
            i64::MIN..=-30_000 => Some(Self::TargetBehind(by)),
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} at {}): {}", self.name, self.provider, self.target, self.state)?;
        let in_words = |at: SystemTime| match at.duration_since(self.at) {
            Ok(ahead) => format!("in {} s", ahead.as_secs()),
            Err(ago) => format!("{} s ago", ago.duration().as_secs()),
        };
        if let Some(at) = self.valid_until {
            match at.duration_since(self.at) {
                Ok(left) => write!(f, ", valid for {} s", left.as_secs())?,
                Err(_) => write!(f, ", ended {}", in_words(at))?,
            }
        }
        if let Some(at) = self.next_attempt_at {
            write!(f, ", next attempt {}", in_words(at))?;
        }
        if let Some(failing) = &self.failing {
            write!(f, ", {} failures in a row, the last: {}", failing.failures, failing.last)?;
        }
        match self.clock_skew {
            Some(ClockSkew::TargetAhead(by)) => write!(f, ", the target's clock is {} s ahead", by.as_secs()),
            Some(ClockSkew::TargetBehind(by)) => write!(f, ", the target's clock is {} s behind", by.as_secs()),
            None => Ok(()),
        }
    }
}

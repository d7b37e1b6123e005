//! All the numbers of the engine.

use std::time::Duration;

/// When to refresh, how to retry, how long to wait: all the numbers of the engine, with the reasons for the defaults.
///
/// ```
/// use std::time::Duration;
/// use tokenex_core::Policy;
/// let policy = Policy::default().with_grace(Duration::from_secs(60));
/// assert_eq!(policy.grace, Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Refresh when this share of the lifetime is left. Default 0.4: an outage of a third of the lifetime costs no
    /// read, wherever it starts.
    pub refresh_share: f64,
    /// Never refresh earlier than this before the end. Default 1 h: enough for people to react, without wasting long
    /// lives.
    pub refresh_lead_max: Duration,
    /// Each refresh time is moved at random by up to this share of the lead, so that many processes spread. Default
    /// 0.05.
    pub jitter: f64,
    /// Two attempts of one credential are at least this far apart, whatever the target answers. Default 500 ms.
    pub min_spacing: Duration,
    /// The wait after a transient failure is drawn between nothing and this; doubles with each further one. Default
    /// 1 s.
    pub backoff_base: Duration,
    /// The doubling ends here. Default 60 s, and never more than a quarter of the life that the last credential had
    /// (though not below `backoff_base`): what lived for seconds comes back within seconds.
    pub backoff_max: Duration,
    /// Longest wait that a target can ask for. Default 5 min.
    pub retry_after_max: Duration,
    /// Wait after a terminal failure: half to all of it. Default 60 s, since trust is repaired by people and takes
    /// minutes to spread.
    pub terminal_spacing: Duration,
    /// Whether a terminal failure ends the loop. Default no.
    pub terminal_is_final: bool,
    /// At most so many failed attempts in the lifetime of one credential. Default 100; from half of it on, waits become
    /// as long as the other rules allow. Below about 64 the rule of the quarter may need more, and so may an outage of
    /// weeks in a life of months.
    pub attempts_per_lifetime: u32,
    /// Time limit of one attempt. Default 30 s; while something usable is in hand, at most a quarter of its life and two
    /// thirds of what is left of it; once an attempt has run into its limit, at most a quarter of what is left.
    pub attempt_deadline: Duration,
    /// The time limit of an attempt is never cut below this. Default 1 s.
    pub attempt_deadline_min: Duration,
    /// How long an attempt may wait for its turn before callers are told so. Default 30 s.
    pub queue_bound: Duration,
    /// Time limit of one revocation. Default 5 s.
    pub revoke_deadline: Duration,
    /// How long a superseded credential stays valid before it is revoked, because consumers copy values out and have
    /// connections open. Default 30 s, and never more than a third of its lifetime.
    pub grace: Duration,
    /// A credential that is refused by the target is refreshed at most once in this time. Default 5 s.
    pub rejection_spacing: Duration,
    /// How often a credential without an end and without a hint is read again. Default 15 min.
    pub poll_interval: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            refresh_share: 0.4,
            refresh_lead_max: Duration::from_secs(3600),
            jitter: 0.05,
            min_spacing: Duration::from_millis(500),
            backoff_base: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            retry_after_max: Duration::from_secs(300),
            terminal_spacing: Duration::from_secs(60),
            terminal_is_final: false,
            attempts_per_lifetime: 100,
            attempt_deadline: Duration::from_secs(30),
            attempt_deadline_min: Duration::from_secs(1),
            queue_bound: Duration::from_secs(30),
            revoke_deadline: Duration::from_secs(5),
            grace: Duration::from_secs(30),
            rejection_spacing: Duration::from_secs(5),
            poll_interval: Duration::from_secs(900),
        }
    }
}

impl Policy {
    /// At most so many attempts of one credential start in any minute.
    pub fn attempts_per_minute(&self) -> u32 {
        let spacing = self.min_spacing.as_secs_f64().max(0.001);
        (60.0 / spacing).ceil() as u32 + 1
    }

    /// The engine's own bounds: a policy made by hand cannot make it spin or divide by zero.
    pub(crate) fn sane(mut self) -> Self {
        self.refresh_share = if self.refresh_share.is_finite() { self.refresh_share.clamp(0.05, 0.9) } else { 0.4 };
        self.jitter = if self.jitter.is_finite() { self.jitter.clamp(0.0, 0.5) } else { 0.05 };
        self.min_spacing = self.min_spacing.max(Duration::from_millis(10));
        // A lead of nothing would refresh at the very end, and so with a gap each time.
        self.refresh_lead_max = self.refresh_lead_max.max(Duration::from_secs(1));
        self.attempt_deadline_min = self.attempt_deadline_min.max(Duration::from_millis(10));
        self.attempt_deadline = self.attempt_deadline.max(self.attempt_deadline_min);
        self
    }
}

macro_rules! with {
    ($($(#[$doc:meta])* $with:ident $field:ident $type:ty;)*) => {
        impl Policy {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $with(mut self, value: $type) -> Self {
                    self.$field = value;
                    self
                }
            )*
        }
    };
}

with! {
    with_refresh_share refresh_share f64;
    with_refresh_lead_max refresh_lead_max Duration;
    with_jitter jitter f64;
    with_min_spacing min_spacing Duration;
    with_backoff_base backoff_base Duration;
    with_backoff_max backoff_max Duration;
    with_retry_after_max retry_after_max Duration;
    with_terminal_spacing terminal_spacing Duration;
    with_terminal_is_final terminal_is_final bool;
    with_attempts_per_lifetime attempts_per_lifetime u32;
    with_attempt_deadline attempt_deadline Duration;
    with_attempt_deadline_min attempt_deadline_min Duration;
    with_queue_bound queue_bound Duration;
    with_revoke_deadline revoke_deadline Duration;
    with_grace grace Duration;
    with_rejection_spacing rejection_spacing Duration;
    with_poll_interval poll_interval Duration;
}

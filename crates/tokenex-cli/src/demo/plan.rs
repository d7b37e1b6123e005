//! How long everything takes.

use std::time::Duration;

use crate::failure::Failure;
use crate::time::words;

/// Below this, the outages and a refresh of each credential do not fit one after another.
const SHORTEST: Duration = Duration::from_secs(10);

/// The times of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// From the moment at which all credentials are there.
    pub(super) length: Duration,
    /// How long each outage lasts.
    pub(super) outage: Duration,
    pub(super) lives: Lives,
}

/// How long credentials live, in whole seconds, since targets count so. They differ, as in life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lives {
    pub(super) azure: Duration,
    pub(super) aws: Duration,
    pub(super) gcp: Duration,
    pub(super) oci: Duration,
    /// A lease, and how long renewals can make it.
    pub(super) vault: (Duration, Duration),
}

impl Plan {
    /// A run of this length. `outage`: how long each outage lasts, if not a quarter of the shortest life.
    ///
    /// # Errors
    /// When there is no time to see anything.
    pub(crate) fn new(length: Duration, outage: Option<Duration>) -> Result<Self, Failure> {
        if length < SHORTEST {
            let message = format!("a demo of {} would be over before a credential is refreshed", words(length));
            return Err(Failure::usage(message).with_help("the shortest that shows anything is --for 10s"));
        }
        let usual = (length.as_secs() / 3).clamp(5, 8);
        let seconds = Duration::from_secs;
        let lives = Lives {
            azure: seconds(usual),
            aws: seconds(usual + usual / 4),
            gcp: seconds(usual + usual / 8),
            // Each needs a new RSA key, which takes a second now and then, and a slow machine a few.
            oci: seconds(12),
            vault: (seconds((usual * 3 / 4).max(5)), seconds(usual * 2)),
        };
        let shortest = lives.azure.min(lives.vault.0);
        Ok(Self { length, outage: outage.unwrap_or(shortest / 4), lives })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_too_short_to_show_anything_is_refused_with_the_least_that_does() {
        for length in [seconds(0), Duration::from_millis(9999)] {
            let failure = Plan::new(length, None).unwrap_err();
            assert_eq!(failure.exit(), crate::failure::Exit::Usage);
            assert!(failure.to_string().contains("--for 10s"), "{failure}");
        }
        Plan::new(SHORTEST, None).unwrap();
    }

    #[test]
    fn each_credential_has_time_for_several_refreshes_and_an_outage_is_a_quarter_of_a_life() {
        for length in [10, 12, 30, 600] {
            let plan = Plan::new(seconds(length), None).unwrap();
            let Lives { azure, aws, gcp, oci, vault: (lease, longest) } = plan.lives;
            for life in [azure, aws, gcp, oci, lease] {
                assert!((seconds(5)..=seconds(12)).contains(&life), "{life:?} of {length} s");
                assert!(life.mul_f64(0.8) < plan.length, "{life:?} of {length} s");
                assert!(plan.outage * 4 <= life, "{life:?} of {length} s");
            }
            assert!(longest > lease);
        }
    }

    #[test]
    fn an_outage_can_be_made_as_long_as_one_likes() {
        assert_eq!(Plan::new(seconds(30), Some(seconds(20))).unwrap().outage, seconds(20));
    }
}

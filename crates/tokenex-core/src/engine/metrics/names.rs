//! What the metrics are called, and what is said about each where they are scraped.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const EXPIRES_AT: &str = "tokenex_credential_expires_at_seconds";
pub(super) const LAST_SUCCESS: &str = "tokenex_credential_last_success_seconds";
pub(super) const FAILURES: &str = "tokenex_credential_consecutive_failures";
pub(super) const IN_FLIGHT: &str = "tokenex_attempts_in_flight";
pub(super) const SKEW: &str = "tokenex_clock_skew_seconds";
pub(super) const ATTEMPTS: &str = "tokenex_attempts_total";
pub(super) const REJECTED: &str = "tokenex_rejected_total";
pub(super) const SAME: &str = "tokenex_same_credential_total";
pub(super) const REVOCATIONS: &str = "tokenex_revocations_total";
pub(super) const DURATION: &str = "tokenex_attempt_duration_seconds";

/// Tells the recorder what they are. Recorders keep the newest description, so once per scheduler does no harm.
pub(in crate::engine) fn describe() {
    describe_gauge!(EXPIRES_AT, Unit::Seconds, "When the credential ends, or ended (Unix time); 0 before the first");
    describe_gauge!(LAST_SUCCESS, Unit::Seconds, "When one was last issued or renewed (Unix time); 0 before the first");
    describe_gauge!(FAILURES, Unit::Count, "Attempts that failed since the last that did not");
    describe_gauge!(IN_FLIGHT, Unit::Count, "Attempts at issuing or renewing that run now");
    describe_gauge!(SKEW, Unit::Seconds, "The target's clock minus the local one; below 2 seconds it counts as 0");
    describe_counter!(
        ATTEMPTS,
        Unit::Count,
        "Attempts at issuing or renewing that ended, by outcome and kind of error"
    );
    describe_counter!(REJECTED, Unit::Count, "Reports that the target refused the credential");
    describe_counter!(SAME, Unit::Count, "Times that the target handed over the credential that was in hand");
    describe_counter!(REVOCATIONS, Unit::Count, "Attempts at revoking that ended, by outcome");
    describe_histogram!(DURATION, Unit::Seconds, "How long attempts took, by step");
}

//! Logs by transition: a day of outage is a handful of lines.

use std::time::Duration;

use super::kept::Kept;
use super::status::Failing;

/// A failed attempt. The first one of a run and each doubling are told, and when the time runs out. `urgent`: under a
/// quarter of the life is left; only then it is an error. `first_urgent`: it was not so at the last failure.
pub(crate) fn failed(kept: &dyn Kept, failing: &Failing, left: Option<Duration>, urgent: bool, first_urgent: bool) {
    if !failing.failures.is_power_of_two() && !first_urgent {
        return;
    }
    let (name, provider, failures) = (kept.name(), kept.provider_name(), failing.failures);
    let error = &failing.last;
    let left = left.map(|left| left.as_secs());
    if urgent {
        tracing::error!(name, provider, failures, valid_for_seconds = left, %error, "refresh is failing, little time is left");
    } else {
        tracing::warn!(name, provider, failures, valid_for_seconds = left, %error, "refresh is failing");
    }
}

pub(crate) fn recovered(kept: &dyn Kept, failures: u32, outage: Duration) {
    let (name, provider) = (kept.name(), kept.provider_name());
    tracing::info!(name, provider, failures, outage_seconds = outage.as_secs(), "refresh has recovered");
}

pub(crate) fn issued(kept: &dyn Kept, generation: u64, lifetime: Option<Duration>) {
    let lifetime = lifetime.map(|lifetime| lifetime.as_secs());
    // In its place, what a field is made of is looked up only where somebody reads this.
    tracing::debug!(
        name = kept.name(),
        provider = kept.provider_name(),
        generation,
        fingerprint = kept.fingerprint(),
        lifetime_seconds = lifetime,
        "new credential"
    );
}

pub(crate) fn renewed(kept: &dyn Kept, lifetime: Duration) {
    tracing::debug!(
        name = kept.name(),
        provider = kept.provider_name(),
        lifetime_seconds = lifetime.as_secs(),
        "credential renewed"
    );
}

pub(crate) fn expired(kept: &dyn Kept) {
    let (name, provider) = (kept.name(), kept.provider_name());
    tracing::error!(name, provider, "the credential has expired and there is no new one");
}

pub(crate) fn withdrawn(kept: &dyn Kept) {
    let (name, provider) = (kept.name(), kept.provider_name());
    tracing::warn!(name, provider, "the target has withdrawn the credential");
}

pub(crate) fn revoked(kept: &dyn Kept, result: &crate::Result<crate::Revocation>) {
    let (name, provider) = (kept.name(), kept.provider_name());
    match result {
        Ok(crate::Revocation::Accepted) => tracing::debug!(name, provider, "revocation accepted"),
        Ok(crate::Revocation::NotPossible) => tracing::debug!(name, provider, "the target does not revoke this"),
        Err(error) => tracing::warn!(name, provider, %error, "revocation failed"),
    }
}

pub(crate) fn clock_moved(ahead: bool) {
    if ahead {
        tracing::info!("the wall clock was set forward, or the machine was suspended: due times have moved");
    } else {
        tracing::info!("the wall clock was set back: credentials end by the time since they were received");
    }
}

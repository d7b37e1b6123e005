//! What an identity token proves, by the domain's trusts.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::client::Client;
use super::refusal::{self, Refusal};
use super::state::{State, TrustState};
use crate::issuer::VerifyError;
use crate::twins::issuers::{NotVerified, audiences, unverified};
use crate::twins::text::epoch;

/// A token that is in order: its claims, and the place of the trust that takes it.
pub(super) struct Proved {
    pub(super) claims: Value,
    pub(super) trust: usize,
}

pub(super) fn check(
    state: &mut State,
    host: &str,
    client: &Client,
    jwt: &str,
    now: SystemTime,
) -> Result<Proved, Refusal> {
    let malformed = || refusal::invalid_grant("The subject token is not a JWT.");
    let (_, claims) = unverified(jwt).ok_or_else(malformed)?;
    let issuer = claims["iss"].as_str().unwrap_or_default();
    let trusts = &mut state.domain_mut(host).trusts;
    let place = trusts.iter().position(|trust| trust.issuer == issuer);
    let place = place.filter(|place| trusts[*place].spreading.visible(now) && trusts[*place].active);
    let place = place.ok_or_else(|| {
        refusal::invalid_grant(format!("There is no active identity propagation trust for the issuer {issuer}."))
    })?;
    let claims = state.issuers.verify(issuer, jwt).map_err(|not_verified| match not_verified {
        NotVerified::IssuerDown => refusal::invalid_grant("The public keys of the issuer cannot be read."),
        NotVerified::Token(VerifyError::Malformed) => malformed(),
        NotVerified::Token(_) => refusal::invalid_grant("The signature of the subject token is invalid."),
    })?;
    let trust = &state.domain(host).trusts[place];
    check_times(&claims, trust.clock_skew, now)?;
    check_client_claim(&claims, trust)?;
    let exchanges = match client {
        Client::App(client_id) => trust.oauth_clients.contains(client_id),
        Client::Instance(_) => true,
    };
    if !exchanges {
        return Err(refusal::unauthorized_client("The client is not among the OAuth clients of the trust."));
    }
    Ok(Proved { claims, trust: place })
}

fn check_times(claims: &Value, skew: Duration, now: SystemTime) -> Result<(), Refusal> {
    let (now, skew) = (epoch(now), skew.as_secs());
    let expires_at = claims["exp"].as_u64().ok_or_else(|| refusal::invalid_grant("The subject token has no exp."))?;
    if expires_at + skew <= now {
        return Err(refusal::invalid_grant("The subject token is expired."));
    }
    let young = |name: &str| claims[name].as_u64().is_some_and(|at| at > now + skew);
    if young("nbf") || young("iat") {
        return Err(refusal::invalid_grant("The subject token is not valid yet."));
    }
    Ok(())
}

fn check_client_claim(claims: &Value, trust: &TrustState) -> Result<(), Refusal> {
    let Some((claim, values)) = &trust.client_claim else { return Ok(()) };
    let found = if claim == "aud" { audiences(claims) } else { claims[claim].as_str().into_iter().collect() };
    if found.iter().any(|found| values.iter().any(|value| value == found)) {
        return Ok(());
    }
    Err(refusal::invalid_grant(format!("The claim {claim} of the subject token is none of the trust's values.")))
}

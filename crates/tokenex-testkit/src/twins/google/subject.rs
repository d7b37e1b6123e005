//! Who a subject token proves to be.
//!
//! Sources: cloud.google.com/iam/docs/workload-identity-federation-with-other-providers for identity tokens,
//! cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds for AWS.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::aws_subject;
use super::directory::{ProviderState, Trusted};
use super::principal::Principal;
use super::refusal::{self, Refusal};
use super::state::State;
use crate::issuer::VerifyError;
use crate::twins::issuers::{Issuers, NotVerified, audiences, unverified};
use crate::twins::text::epoch;

/// The types that the twin takes.
pub(super) const TYPES: [&str; 3] =
    ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token", AWS];
const AWS: &str = "urn:ietf:params:aws:token-type:aws4_request";

/// An identity token must be made for less than this.
const LONGEST: u64 = 48 * 3600;

/// Longest `google.subject`, in bytes.
const SUBJECT: usize = 127;

/// The identity that this provider makes of the token.
pub(super) fn check(
    state: &mut State,
    provider: &str,
    kind: &str,
    token: &str,
    now: SystemTime,
) -> Result<Principal, Refusal> {
    let known = state.directory.provider_mut(provider);
    let known = known.and_then(|known| (known.spreading.visible(now) && known.enabled).then_some(known));
    let provider = known.ok_or_else(refusal::invalid_target)?;
    let (claims, subject) = match &provider.trusted {
        Trusted::Issuer(issuer) if kind != AWS => {
            (check_jwt(&state.issuers, provider, issuer, token, state.settings.token_leeway, now)?, "sub")
        }
        Trusted::Aws(account) if kind == AWS => (aws_subject::check(account, provider, token)?, "arn"),
        _ => return Err(refusal::invalid_value("subjectTokenType", kind)),
    };
    let subject = claims[subject].as_str().filter(|subject| !subject.is_empty());
    let subject = subject.ok_or_else(|| refusal::invalid_grant("The given ID Token has no sub."))?;
    if subject.len() > SUBJECT {
        return Err(refusal::subject_too_long());
    }
    if provider.condition.as_ref().is_some_and(|condition| !condition(&claims)) {
        return Err(refusal::condition());
    }
    let attribute = |claim: &String| Some(claims[claim].as_str()?.to_owned());
    let attributes = provider.attributes.iter();
    Ok(Principal::Federated {
        pool: provider.pool.clone(),
        subject: subject.to_owned(),
        attributes: attributes.filter_map(|(name, claim)| Some((name.clone(), attribute(claim)?))).collect(),
    })
}

fn check_jwt(
    issuers: &Issuers,
    provider: &ProviderState,
    trusted: &str,
    jwt: &str,
    leeway: Duration,
    now: SystemTime,
) -> Result<Value, Refusal> {
    let malformed = || refusal::invalid_grant("The given ID Token is malformed.");
    let (header, claims) = unverified(jwt).ok_or_else(malformed)?;
    let algorithm = header["alg"].as_str().unwrap_or_default();
    if !header["kid"].is_string() || !["RS256", "ES256"].contains(&algorithm) {
        return Err(refusal::invalid_grant("The given ID Token must have a kid, and RS256 or ES256 as its alg."));
    }
    let issuer = claims["iss"].as_str().unwrap_or_default();
    if issuer != trusted {
        return Err(refusal::wrong_issuer(issuer, trusted));
    }
    let claims = issuers.verify(issuer, jwt).map_err(|not_verified| match not_verified {
        NotVerified::IssuerDown => refusal::issuer_down(),
        NotVerified::Token(VerifyError::Malformed) => malformed(),
        NotVerified::Token(_) => refusal::invalid_grant("The signature of the given ID Token is invalid."),
    })?;
    check_times(&claims, now, leeway)?;
    let found = audiences(&claims);
    if found.iter().any(|audience| provider.takes(audience)) {
        Ok(claims)
    } else {
        Err(refusal::wrong_audience(&found))
    }
}

fn check_times(claims: &Value, now: SystemTime, leeway: Duration) -> Result<(), Refusal> {
    let (now, leeway) = (epoch(now), leeway.as_secs());
    let time = |name: &str| claims[name].as_u64();
    let (Some(issued_at), Some(end)) = (time("iat"), time("exp")) else {
        return Err(refusal::invalid_grant("The given ID Token must have iat and exp."));
    };
    if end + leeway <= now {
        return Err(refusal::stale(issued_at));
    }
    if issued_at > now + leeway.max(300) {
        return Err(refusal::invalid_grant(format!("ID Token issued at {issued_at} is not valid yet.")));
    }
    if end.saturating_sub(issued_at) >= LONGEST {
        return Err(refusal::invalid_grant("The lifetime of the given ID Token must be less than 48 hours."));
    }
    Ok(())
}

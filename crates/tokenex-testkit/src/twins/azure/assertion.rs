//! Whether a client assertion proves who sends it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::claims::fmi_subject;
use super::directory::{Kind, TenantState};
use super::federation::{self, Trust};
use super::issuers::signature_refused;
use super::refusal::{self, Refusal};
use super::state::State;
use crate::twins::issuers::unverified;

/// Checks the assertion of a known client. An agent identity proves itself with the exchange token of its blueprint; all
/// others with a token that one of their federated credentials names.
pub(super) fn check(state: &mut State, client_id: &str, jwt: &str, now: SystemTime) -> Result<(), Refusal> {
    let (_, unverified) = unverified(jwt).ok_or_else(refusal::malformed_assertion)?;
    let issuer = unverified["iss"].as_str().ok_or_else(refusal::malformed_assertion)?;
    if issuer.starts_with("https://sts.windows.net/") {
        return Err(refusal::v1_issuer(issuer));
    }
    match state.directory.tenants.iter().position(|tenant| tenant.v2_issuer() == issuer) {
        Some(tenant) => check_own(state, tenant, client_id, jwt, now),
        None => check_foreign(state, issuer, client_id, jwt, now),
    }
}

/// A token of an issuer outside of Entra. Keys are fetched only from issuers that a credential of this client names.
fn check_foreign(state: &mut State, issuer: &str, client_id: &str, jwt: &str, now: SystemTime) -> Result<(), Refusal> {
    let trusts = trusts(state, issuer, client_id, now)?;
    let claims = state.issuers.verify(issuer, jwt)?;
    check_times(&claims, now, state.settings.leeway)?;
    federation::check(&trusts, &claims)
}

/// A token that Entra itself issued, in this tenant: that of a managed identity, or the exchange token for an agent.
fn check_own(state: &mut State, tenant: usize, client_id: &str, jwt: &str, now: SystemTime) -> Result<(), Refusal> {
    let tenant = &state.directory.tenants[tenant];
    let issuer = tenant.v2_issuer();
    let claims = verify_own(tenant, jwt, now, state.settings.leeway)?;
    let app = state.directory.app(client_id).expect("the client was looked up before");
    if let Kind::Agent(blueprint) = &app.kind {
        return check_agent(tenant, &app.home, blueprint, client_id, &claims);
    }
    if tenant.id != app.home {
        return Err(refusal::other_tenant(&issuer));
    }
    let holder = claims["oid"].as_str().and_then(|object_id| state.directory.by_object_id(object_id));
    if !matches!(holder.map(|holder| &holder.kind), Some(Kind::UserAssigned(_))) {
        return Err(refusal::only_managed_identities());
    }
    federation::check(&trusts(state, &issuer, client_id, now)?, &claims)
}

/// What the client trusts of this issuer, as this exchange sees it.
fn trusts(state: &mut State, issuer: &str, client_id: &str, now: SystemTime) -> Result<Vec<Trust>, Refusal> {
    let app = state.directory.app_mut(client_id).expect("the client was looked up before");
    federation::for_issuer(federation::seen(&mut app.federated, &app.name, now)?, issuer)
}

/// Signature and times of a token of this tenant.
pub(super) fn verify_own(tenant: &TenantState, jwt: &str, now: SystemTime, leeway: Duration) -> Result<Value, Refusal> {
    let claims = tenant.keys.verify(jwt).map_err(|error| signature_refused(error, &tenant.v2_issuer()))?;
    check_times(&claims, now, leeway)?;
    Ok(claims)
}

/// An agent identity has no credentials: its blueprint's exchange token, made for this very agent, is its proof.
fn check_agent(
    tenant: &TenantState,
    home: &str,
    blueprint: &str,
    client_id: &str,
    claims: &Value,
) -> Result<(), Refusal> {
    if tenant.id != home {
        return Err(refusal::issuer_not_trusted(&tenant.v2_issuer()));
    }
    let subject = claims["sub"].as_str().unwrap_or_default();
    // Only exchange tokens have such a subject, so the audience needs no look.
    if subject == fmi_subject(&tenant.id, blueprint, client_id) {
        Ok(())
    } else {
        Err(refusal::subject_not_trusted(subject))
    }
}

pub(super) fn check_times(claims: &Value, now: SystemTime, leeway: Duration) -> Result<(), Refusal> {
    let at = |name: &str| claims[name].as_f64().map(|at| UNIX_EPOCH + Duration::from_secs_f64(at.max(0.0)));
    let (begin, end) = (at("nbf").or_else(|| at("iat")), at("exp"));
    let begun = begin.is_none_or(|begin| begin <= now + leeway);
    let ended = end.is_none_or(|end| end + leeway <= now);
    if begun && !ended { Ok(()) } else { Err(refusal::outside_time(now, begin, end)) }
}

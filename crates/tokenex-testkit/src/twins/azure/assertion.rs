//! Whether a client assertion proves who sends it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims::fmi_subject;
use super::directory::{Directory, Kind, TenantState};
use super::federation;
use super::issuers::signature_refused;
use super::refusal::{self, Refusal};
use super::resource::EXCHANGE_AUDIENCE_ID;
use super::state::State;

/// Checks the assertion of a known client. An agent identity proves itself with the exchange token of its blueprint; all
/// others with a token that one of their federated credentials names.
pub(super) fn check(state: &mut State, client_id: &str, jwt: &str, now: SystemTime) -> Result<(), Refusal> {
    let unverified = unverified_claims(jwt).ok_or_else(refusal::malformed_assertion)?;
    let issuer = unverified["iss"].as_str().ok_or_else(refusal::malformed_assertion)?;
    if issuer.starts_with("https://sts.windows.net/") {
        return Err(refusal::v1_issuer(issuer));
    }
    let own = state.directory.tenants.iter().position(|tenant| tenant.v2_issuer() == issuer);
    let claims = match own {
        Some(tenant) => check_own(&state.directory, tenant, client_id, jwt, now, state.settings.leeway)?,
        None => Value::Null,
    };
    let app = state.directory.app_mut(client_id).expect("the client was looked up before");
    if matches!(app.kind, Kind::Agent(_)) && own.is_some() {
        return Ok(());
    }
    let trusts = federation::for_issuer(federation::seen(&mut app.federated, &app.name, now)?, issuer)?;
    if own.is_some() {
        return federation::check(&trusts, &claims);
    }
    // Keys are fetched only from issuers that a credential of this client names.
    let claims = state.issuers.verify(issuer, jwt)?;
    check_times(&claims, now, state.settings.leeway)?;
    federation::check(&trusts, &claims)
}

/// A token that Entra itself issued, in this tenant.
fn check_own(
    directory: &Directory,
    tenant: usize,
    client_id: &str,
    jwt: &str,
    now: SystemTime,
    leeway: Duration,
) -> Result<Value, Refusal> {
    let tenant = &directory.tenants[tenant];
    let issuer = tenant.v2_issuer();
    let claims = verify_own(tenant, jwt, now, leeway)?;
    let app = directory.app(client_id).expect("the client was looked up before");
    if let Kind::Agent(blueprint) = &app.kind {
        return check_agent(tenant, &app.home, blueprint, client_id, &claims).map(|()| claims);
    }
    if tenant.id != app.home {
        return Err(refusal::other_tenant(&issuer));
    }
    let holder = claims["oid"].as_str().and_then(|object_id| directory.by_object_id(object_id));
    match holder.map(|holder| &holder.kind) {
        Some(Kind::UserAssigned(_)) => Ok(claims),
        _ => Err(refusal::only_managed_identities()),
    }
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
    if subject != fmi_subject(&tenant.id, blueprint, client_id) {
        return Err(refusal::subject_not_trusted(subject));
    }
    if claims["aud"] != EXCHANGE_AUDIENCE_ID {
        return Err(refusal::audience_not_trusted(claims["aud"].as_str().unwrap_or_default()));
    }
    Ok(())
}

pub(super) fn check_times(claims: &Value, now: SystemTime, leeway: Duration) -> Result<(), Refusal> {
    let at = |name: &str| claims[name].as_f64().map(|at| UNIX_EPOCH + Duration::from_secs_f64(at.max(0.0)));
    let (begin, end) = (at("nbf").or_else(|| at("iat")), at("exp"));
    let begun = begin.is_none_or(|begin| begin <= now + leeway);
    let ended = end.is_none_or(|end| end + leeway <= now);
    if begun && !ended { Ok(()) } else { Err(refusal::outside_time(now, begin, end)) }
}

/// The claims before anybody has checked them: good for finding out whose keys to ask.
fn unverified_claims(jwt: &str) -> Option<Value> {
    let mut parts = jwt.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

//! `oauth2.googleapis.com/token`: a JWT signed with a service-account key becomes a token (RFC 7523 section 2.1).
//!
//! Source: developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::id_token;
use super::principal::Principal;
use super::refusal::{self, Refusal};
use super::state::State;
use super::tokens::Held;
use crate::issuer::TokenBuilder;
use crate::twins::form::Form;
use crate::twins::issuers::{audiences, unverified};
use crate::twins::text::epoch;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

/// The longest life of the JWT, and how far its times may be off.
const LONGEST: u64 = 3600;
const LEEWAY: u64 = 300;

/// What a JWT gets: an answer, or an ID token that is to be signed.
pub(super) enum Granted {
    Access(Value),
    Id(TokenBuilder),
}

/// `own` is the address under which the twin was asked: as good an audience as Google's own.
pub(super) fn judge(state: &mut State, form: &Form, own: &str, now: SystemTime) -> Result<Granted, Refusal> {
    let grant = form.get("grant_type").unwrap_or_default();
    if grant != GRANT {
        return Err(refusal::unsupported_grant(grant));
    }
    let jwt = form.get("assertion").ok_or_else(|| refusal::invalid_grant("Invalid JWT: assertion is absent"))?;
    let (header, claims) = unverified(jwt).ok_or_else(|| refusal::invalid_grant("Invalid JWT"))?;
    let email = claims["iss"].as_str().unwrap_or_default();
    let account = state.directory.account_mut(email);
    let seen = account.and_then(|account| account.spreading.visible(now).then_some(account));
    let account = seen.ok_or_else(refusal::account_not_found)?;
    let kid = header["kid"].as_str();
    let keys = account.keys.iter_mut().filter(|known| kid.is_none_or(|kid| known.key.kid() == kid));
    // Each key is asked, since each spreads on its own.
    let known: Vec<_> = keys.filter_map(|known| known.spreading.visible(now).then_some(&known.key)).collect();
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(refusal::jwt_signature)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refusal::jwt_signature())?;
    if header["alg"] != "RS256" || !known.iter().any(|key| key.verify(signed.as_bytes(), &signature)) {
        return Err(refusal::jwt_signature());
    }
    if !audiences(&claims).iter().any(|&audience| audience == AUDIENCE || audience == own) {
        return Err(refusal::jwt_audience());
    }
    check_times(&claims, epoch(now))?;
    if let Some(audience) = claims["target_audience"].as_str() {
        return Ok(Granted::Id(id_token::of(&state.keys, account, audience, true, now)));
    }
    let scopes: Vec<String> =
        claims["scope"].as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(refusal::scope_absent());
    }
    let lifetime = Duration::from_secs(3599);
    let principal = Principal::ServiceAccount(account.email.clone());
    let token = state.tokens.issue(Held { principal, scopes, expires_at: now + lifetime }, now);
    Ok(Granted::Access(json!({
        "access_token": token,
        "expires_in": state.settings.seconds(lifetime),
        "token_type": "Bearer",
    })))
}

fn check_times(claims: &Value, now: u64) -> Result<(), Refusal> {
    let (Some(issued_at), Some(end)) = (claims["iat"].as_u64(), claims["exp"].as_u64()) else {
        return Err(refusal::jwt_times());
    };
    let reasonable = issued_at <= now + LEEWAY && end > now && end.saturating_sub(issued_at) <= LONGEST;
    if reasonable { Ok(()) } else { Err(refusal::jwt_times()) }
}

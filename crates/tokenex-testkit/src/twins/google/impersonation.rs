//! `iamcredentials.googleapis.com`: tokens of a service account for those who may act as it.
//!
//! Source: cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::id_token;
use super::principal::Principal;
use super::refusal::{self, Refusal};
use super::state::State;
use super::tokens::Held;
use crate::issuer::TokenBuilder;
use crate::twins::text::rfc3339;

/// Access tokens live so long unless told, and no longer unless the organisation allows.
const HOUR: Duration = Duration::from_secs(3600);
const TWELVE_HOURS: Duration = Duration::from_secs(12 * 3600);

/// `generateAccessToken`.
pub(super) fn access_token(
    state: &mut State,
    caller: &Held,
    email: &str,
    body: &Value,
    now: SystemTime,
) -> Result<Value, Refusal> {
    let scopes = texts(&body["scope"]);
    if scopes.is_empty() {
        return Err(refusal::invalid_argument("Request contains an invalid argument: scope must be present."));
    }
    let account = act_as(state, caller, email, body, "iam.serviceAccounts.getAccessToken", now)?;
    let lifetime = match &body["lifetime"] {
        Value::Null => HOUR,
        value => parse_duration(value).ok_or_else(|| refusal::invalid_argument("Invalid lifetime."))?,
    };
    let most = if state.directory.project(account.project).is_some_and(|project| project.long_lifetimes) {
        TWELVE_HOURS
    } else {
        HOUR
    };
    if lifetime > most || lifetime.is_zero() {
        return Err(refusal::invalid_argument(format!(
            "The access token lifetime cannot exceed {} seconds.",
            most.as_secs()
        )));
    }
    let expires_at = now + lifetime;
    let held = Held { principal: Principal::ServiceAccount(account.email), scopes, expires_at };
    let mut expire_time = rfc3339(expires_at);
    if state.settings.fractional_expire_time {
        expire_time.insert_str(expire_time.len() - 1, ".123456789");
    }
    Ok(json!({ "accessToken": state.tokens.issue(held, now), "expireTime": expire_time }))
}

/// `generateIdToken`: the token is to be signed.
pub(super) fn id_token(
    state: &mut State,
    caller: &Held,
    email: &str,
    body: &Value,
    now: SystemTime,
) -> Result<TokenBuilder, Refusal> {
    let audience = body["audience"].as_str().filter(|audience| !audience.is_empty());
    let audience = audience
        .ok_or_else(|| refusal::invalid_argument("Request contains an invalid argument: audience must be present."))?;
    let account = act_as(state, caller, email, body, "iam.serviceAccounts.getOpenIdToken", now)?;
    let include_email = body["includeEmail"].as_bool().unwrap_or(false);
    let account = state.directory.account(&account.email).ok_or_else(|| refusal::gaia_not_found(email))?;
    Ok(id_token::of(&state.keys, account, audience, include_email, now))
}

struct Account {
    email: String,
    project: u64,
}

/// Whether the caller may act as this account, over the delegates that it names: each link must have a binding on the
/// next.
fn act_as(
    state: &mut State,
    caller: &Held,
    email: &str,
    body: &Value,
    permission: &str,
    now: SystemTime,
) -> Result<Account, Refusal> {
    if !caller.reaches_iam() {
        return Err(refusal::scope_insufficient());
    }
    let mut links = Vec::new();
    for delegate in texts(&body["delegates"]) {
        let name = delegate.strip_prefix("projects/-/serviceAccounts/");
        let name = name.ok_or_else(|| refusal::invalid_argument("Invalid form of delegate."))?;
        links.push(name.to_owned());
    }
    links.push(email.to_owned());
    let mut principal = caller.principal.clone();
    for link in links {
        let found = state.directory.account_mut(&link);
        let seen = found.and_then(|account| account.spreading.visible(now).then_some(account));
        let account = seen.ok_or_else(|| refusal::gaia_not_found(&link))?;
        if !account.lets(&principal, now) {
            return Err(refusal::permission(permission));
        }
        principal = Principal::ServiceAccount(account.email.clone());
    }
    let account = state.directory.account(email).ok_or_else(|| refusal::gaia_not_found(email))?;
    let project = account.project;
    if state.directory.project(project).is_some_and(|project| project.impersonation_off) {
        return Err(refusal::api_disabled(project));
    }
    Ok(Account { email: account.email.clone(), project })
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// A duration in JSON: seconds with an `s`, fractions allowed.
fn parse_duration(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_str()?.strip_suffix('s')?.parse().ok()?).ok()
}

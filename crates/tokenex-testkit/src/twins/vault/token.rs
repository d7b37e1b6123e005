//! `auth/token/...-self`: what a login does to itself.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::answer::{Answer, rounded_left};
use super::call::Call;
use super::logins::LoginState;
use super::refusal::{self, Refusal};
use super::state::State;
use crate::twins::text::{epoch, rfc3339};

/// The `auth` block of a login or of its renewal.
pub(super) fn auth(login: &LoginState, lives: Duration) -> Value {
    json!({
        "client_token": login.token,
        "accessor": login.accessor,
        "policies": login.policies(),
        "token_policies": login.policies(),
        "metadata": { "role": login.role },
        "lease_duration": lives.as_secs(),
        "renewable": !login.batch,
        "entity_id": login.entity_id,
        "token_type": kind(login),
        "orphan": true,
        "mfa_requirement": null,
        "num_uses": login.uses_left.unwrap_or_default(),
    })
}

pub(super) fn look_up(login: &LoginState, now: SystemTime) -> Answer {
    let created_for = login.expires_at.duration_since(login.created_at).unwrap_or_default();
    let ttl = match login.batch {
        true => rounded_left(login.expires_at, now),
        false => login.expires_at.duration_since(now).unwrap_or_default(),
    };
    Answer::data(json!({
        "accessor": login.accessor,
        "creation_time": epoch(login.created_at),
        "creation_ttl": created_for.as_secs(),
        "display_name": login.display_name(),
        "entity_id": login.entity_id,
        "expire_time": rfc3339(login.expires_at),
        "explicit_max_ttl": 0,
        "id": login.token,
        "issue_time": rfc3339(login.created_at),
        "meta": { "role": login.role },
        // -1 while the last one is at work.
        "num_uses": login.uses_left.map_or(0, |left| if left == 0 { -1 } else { i64::try_from(left).unwrap_or(i64::MAX) }),
        "orphan": true,
        "path": format!("auth/{}/login", login.mount),
        "policies": login.policies(),
        "renewable": !login.batch,
        "ttl": ttl.as_secs(),
        "type": kind(login),
    }))
}

/// Goes by what the role says now, and counts from now. The identity token is not looked at again.
pub(super) fn renew(state: &mut State, login: &LoginState, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    let increment = call.increment()?;
    if login.batch {
        return Err(refusal::bad("batch tokens cannot be renewed"));
    }
    if login.uses_left == Some(0) {
        return Err(refusal::bad("token not found"));
    }
    let role = state.auths.get(&login.mount).and_then(|auth| auth.roles.get(&login.role)).ok_or_else(|| {
        refusal::internal(&format!("failed to renew entry: role {} does not exist during renewal", login.role))
    })?;
    let wall = rounded_left(login.created_at + role.max_ttl, now);
    if wall.is_zero() {
        return Err(refusal::internal("past the max TTL, cannot renew"));
    }
    let lives = increment.unwrap_or(role.ttl).min(wall);
    state.logins.extend(&login.token, now + lives);
    Ok(Answer::auth(auth(login, lives)))
}

pub(super) fn revoke(state: &mut State, login: &LoginState, now: SystemTime) -> Result<Answer, Refusal> {
    if login.batch {
        return Err(refusal::bad("batch tokens cannot be revoked"));
    }
    state.end_login(&login.token, now);
    Ok(Answer::nothing())
}

fn kind(login: &LoginState) -> &'static str {
    if login.batch { "batch" } else { "service" }
}

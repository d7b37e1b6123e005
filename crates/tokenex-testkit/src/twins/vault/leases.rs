//! Leases: renewed, revoked, and ended with the login that asked for them.
//!
//! Source: OpenBao's `vault/expiration.go`.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::answer::{Answer, rounded_left};
use super::call::Call;
use super::logins::LoginState;
use super::refusal::{self, Refusal, among_errors, bad};
use super::state::State;
use crate::twins::text::{ALPHANUMERIC, random};

/// On what terms an engine hands something out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) ttl: Duration,
    pub(super) max_ttl: Duration,
    pub(super) renewable: bool,
}

struct LeaseState {
    terms: Terms,
    /// The token of the login that asked for it, and never another one.
    login: String,
    /// The end of a batch token, to which its leases are cut. A service token is there to be asked.
    cut_at: Option<SystemTime>,
    issued_at: SystemTime,
    expires_at: SystemTime,
    serial: u64,
}

/// The leases that live, by id.
#[derive(Default)]
pub(super) struct Leases {
    living: HashMap<String, LeaseState>,
    serial: u64,
}

impl Leases {
    /// A new lease; its id.
    pub(super) fn issue(&mut self, path: &str, terms: Terms, login: &LoginState, now: SystemTime) -> String {
        let id = format!("{path}/{}", random(24, ALPHANUMERIC));
        let cut_at = login.batch.then_some(login.expires_at);
        self.serial += 1;
        let lease = LeaseState {
            terms,
            login: login.token.clone(),
            cut_at,
            issued_at: now,
            expires_at: cut(now + terms.ttl.min(terms.max_ttl), cut_at),
            serial: self.serial,
        };
        self.living.insert(id.clone(), lease);
        id
    }

    /// What an answer says of a lease that lives.
    pub(super) fn told(&self, id: &str, data: &Value, now: SystemTime) -> Answer {
        let lease = &self.living[id];
        Answer::whole(json!({
            "lease_id": id,
            "lease_duration": rounded_left(lease.expires_at, now).as_secs(),
            "renewable": lease.terms.renewable,
            "data": data,
        }))
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.living.remove(id);
    }

    /// Ends the leases of a login that ends then. Their ids, and when each one ended.
    pub(super) fn end_of_login(&mut self, token: &str, at: SystemTime) -> Vec<(String, SystemTime)> {
        let ended = self.living.extract_if(|_, lease| lease.login == token);
        ended.map(|(id, lease)| (id, lease.expires_at.min(at))).collect()
    }

    /// Those that are over, with the time at which they ended.
    pub(super) fn due(&self, now: SystemTime) -> Vec<(String, SystemTime)> {
        let over = self.living.iter().filter(|(_, lease)| lease.expires_at <= now);
        over.map(|(id, lease)| (id.clone(), lease.expires_at)).collect()
    }

    /// The end of a lease by its own terms, and the login that it dies with.
    pub(super) fn end(&self, id: &str) -> Option<(SystemTime, &str)> {
        self.living.get(id).map(|lease| (lease.expires_at, lease.login.as_str()))
    }

    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.living.iter().map(|(id, lease)| (lease.serial, id.clone())).collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect()
    }
}

/// `sys/leases/renew`. Any token that may ask extends any lease, and none moves to another login by that.
pub(super) fn renew(state: &mut State, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    let (id, increment) = (lease_id(call)?, call.increment()?);
    let down = state.database_down(id);
    let lease = state.leases.living.get_mut(id).ok_or_else(|| bad("lease not found"))?;
    if !lease.terms.renewable {
        return Err(bad("lease is not renewable"));
    }
    if let Some(down) = down {
        let down = among_errors(&down);
        return Err(bad(format!("failed to renew entry: resp: (*logical.Response)(nil) err: {down}")));
    }
    let wall = rounded_left(lease.issued_at + lease.terms.max_ttl, now);
    if wall.is_zero() {
        return Err(refusal::internal("past the max TTL, cannot renew"));
    }
    lease.expires_at = cut(now + increment.unwrap_or(lease.terms.ttl).min(wall), lease.cut_at);
    Ok(state.leases.told(id, &Value::Null, now))
}

/// `sys/leases/revoke`. A lease that is not there is as good as revoked.
pub(super) fn revoke(state: &mut State, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    let id = lease_id(call)?;
    let synchronous = call.body["sync"] == true;
    if let Some(down) = state.database_down(id).filter(|_| synchronous && state.leases.living.contains_key(id)) {
        return Err(bad(format!("failed to revoke entry: resp: (*logical.Response)(nil) err: {down}")));
    }
    state.end_lease(id, now);
    Ok(Answer::nothing())
}

fn lease_id(call: &Call) -> Result<&str, Refusal> {
    Some(call.text("lease_id")).filter(|id| !id.is_empty()).ok_or_else(|| bad("lease_id must be specified"))
}

fn cut(end: SystemTime, at: Option<SystemTime>) -> SystemTime {
    at.map_or(end, |at| end.min(at))
}

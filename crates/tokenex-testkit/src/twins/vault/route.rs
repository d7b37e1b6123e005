//! Who answers a request, and whether it may be made.

use std::time::SystemTime;

use super::answer::Answer;
use super::book::Exchange;
use super::call::{Call, Operation};
use super::logins::LoginState;
use super::refusal::{self, Refusal};
use super::state::{Engine, State};
use super::{custom, database, kv, leases, login, token};

/// Judges one request. Everything that was due has ended before.
pub(super) fn judge(
    state: &mut State,
    call: &Call,
    exchange: &mut Exchange,
    now: SystemTime,
) -> Result<Answer, Refusal> {
    if state.sealed {
        return Err(refusal::sealed());
    }
    if let Some(mount) = call.path.strip_prefix("auth/").and_then(|rest| rest.strip_suffix("/login")) {
        return login::judge(state, mount, call, exchange, now);
    }
    let token = call.token.as_deref().unwrap_or_default();
    // Refused requests count, too.
    let login = state.logins.used(token).ok_or_else(refusal::not_authenticated)?;
    login.role.clone_into(&mut exchange.role);
    login.accessor.clone_into(&mut exchange.accessor);
    let judged = judge_with(state, &login, call, now);
    if login.uses_left != Some(0) {
        return judged;
    }
    state.end_login(token, now);
    judged.and_then(|answer| if answer.is_leased() { Err(refusal::one_use_left()) } else { Ok(answer) })
}

/// Judges what a login that lives asks for.
fn judge_with(state: &mut State, login: &LoginState, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    if !is_allowed(state, login, call) {
        return Err(refusal::not_allowed());
    }
    match (call.operation(), call.path.as_str()) {
        (Operation::Read, "auth/token/lookup-self") => Ok(token::look_up(login, now)),
        (Operation::Write, "auth/token/renew-self") => token::renew(state, login, call, now),
        (Operation::Write, "auth/token/revoke-self") => token::revoke(state, login, now),
        (Operation::Write, "sys/leases/renew") => leases::renew(state, call, now),
        (Operation::Write, "sys/leases/revoke") => leases::revoke(state, call, now),
        _ => read_or_write(state, login, call, now),
    }
}

fn read_or_write(state: &mut State, login: &LoginState, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    if state.custom.contains_key(&call.path) {
        return custom::judge(state, login, call, now);
    }
    match state.engine(&call.path) {
        None => Err(refusal::no_route(&call.path)),
        Some((Engine::Kv1(pairs), path)) => kv::judge_1(pairs, path, call),
        Some((Engine::Kv2(versions), path)) => kv::judge_2(versions, path, call, now),
        Some((Engine::Database(_), path)) => database::judge(state, login, path, call, now),
    }
}

fn is_allowed(state: &State, login: &LoginState, call: &Call) -> bool {
    (login.has_default_policy && in_default_policy(call))
        || state.paths_of(login).any(|known| covers(known, &call.path))
}

/// Of the policy that each token has (OpenBao's `vault/policy/policy_store.go`), what the twin knows of.
fn in_default_policy(call: &Call) -> bool {
    match call.operation() {
        Operation::Read => call.path == "auth/token/lookup-self",
        Operation::Write => {
            ["auth/token/renew-self", "auth/token/revoke-self", "sys/leases/renew"].contains(&call.path.as_str())
        }
        Operation::Delete | Operation::Other => false,
    }
}

/// A star at the end stands for anything.
fn covers(known: &str, path: &str) -> bool {
    known.strip_suffix('*').map_or(known == path, |start| path.starts_with(start))
}

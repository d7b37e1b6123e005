//! The actions, and what a call that is in order gets.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;

use super::iam::{RoleState, parse_role_arn};
use super::parameters::SessionParameters;
use super::refusal::{self, Refusal};
use super::sessions::{Caller, Keys, Session};
use super::sigv4;
use super::sts::State;
use super::xml::Xml;
use super::{assume_role, outbound, web_identity};
use crate::twins::form::Form;
use crate::twins::text::rfc3339;

/// The only version of the service.
pub(super) const VERSION: &str = "2011-06-15";

/// A session lasts so long unless told.
const DEFAULT_DURATION: u64 = 3600;

/// What a call gets. The elements of the result are made later, without the lock: signing a token takes a while.
pub(super) struct Granted {
    /// Access key id or `jti`; empty where nothing is issued.
    pub(super) issued: String,
    pub(super) result: Box<dyn FnOnce(&mut Xml)>,
}

/// Judges one call.
pub(super) fn judge(
    state: &mut State,
    request: &Request<Bytes>,
    form: &Form,
    now: SystemTime,
) -> Result<Granted, Refusal> {
    let action = form.get("Action").ok_or_else(refusal::missing_action)?;
    let version = form.get("Version").unwrap_or_default();
    if version != VERSION {
        return Err(refusal::unknown_action(action, version));
    }
    if let Some(region) =
        sigv4::region_of_host(request).filter(|region| state.settings.disabled_regions.contains(*region))
    {
        return Err(refusal::region_disabled(region));
    }
    if action == "AssumeRoleWithWebIdentity" {
        return web_identity::judge(state, form, now);
    }
    if !["AssumeRole", "GetWebIdentityToken", "GetCallerIdentity"].contains(&action) {
        return Err(refusal::unknown_action(action, version));
    }
    let signed = sigv4::verify(request, &state.sessions, now)?;
    let (caller, region) = (signed.known.caller.clone(), signed.region);
    match action {
        "AssumeRole" => assume_role::judge(state, &caller, form, now),
        "GetWebIdentityToken" => outbound::judge(state, &caller, &region, request, form, now),
        _ => Ok(Granted {
            issued: String::new(),
            result: Box::new(move |xml| {
                xml.leaf("Arn", &caller.arn);
                xml.leaf("UserId", &caller.user_id);
                xml.leaf("Account", &caller.account);
            }),
        }),
    }
}

/// Whether a role denies this action to its sessions.
pub(super) fn may(state: &State, caller: &Caller, action: &str) -> bool {
    let role = caller.session.as_ref().and_then(|session| state.iam.role(&session.role_arn));
    !role.is_some_and(|role| role.forbids(action))
}

/// What a new session carries beside the role.
pub(super) struct Carried {
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transitive: Vec<String>,
    pub(super) source_identity: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Carried {
    /// What a statement must allow beside `action`.
    pub(super) fn actions<'a>(&self, action: &'a str) -> Vec<&'a str> {
        let mut actions = vec![action];
        actions.extend((!self.tags.is_empty()).then_some("sts:TagSession"));
        actions.extend(self.source_identity.is_some().then_some("sts:SetSourceIdentity"));
        actions
    }
}

/// The role of a call, if this call can see it.
pub(super) fn role<'a>(state: &'a mut State, arn: &str, now: SystemTime) -> Result<Option<&'a mut RoleState>, Refusal> {
    parse_role_arn(arn).ok_or_else(refusal::arn_invalid)?;
    let role = state.iam.role_mut(arn);
    Ok(role.and_then(|role| role.spreading.visible(now).then_some(role)))
}

/// Begins the session of a caller who is trusted.
pub(super) fn begin(
    state: &mut State,
    parameters: &SessionParameters<'_>,
    carried: Carried,
    now: SystemTime,
) -> Result<(Keys, Caller, Option<usize>), Refusal> {
    let role = state.iam.role(parameters.role_arn).ok_or_else(refusal::arn_invalid)?;
    let duration = Duration::from_secs(parameters.duration.unwrap_or(DEFAULT_DURATION));
    if duration > role.maximum {
        return Err(refusal::above_role_maximum());
    }
    let packed = parameters.packed_policy_size()?;
    let session = Session {
        role_arn: role.arn(),
        role_id: role.id.clone(),
        tags: carried.tags,
        transitive: carried.transitive,
        source_identity: carried.source_identity,
        issuer: carried.issuer,
        ends_at: now + state.settings.session_lifetime.unwrap_or(duration),
    };
    let caller = Caller::session(role, parameters.session_name, session);
    let keys = state.sessions.begin(caller.clone(), now);
    Ok((keys, caller, packed))
}

/// What the results of both ways to a role have in common.
pub(super) fn session_result(xml: &mut Xml, keys: &Keys, caller: &Caller, packed: Option<usize>) {
    xml.node("AssumedRoleUser", |xml| {
        xml.leaf("AssumedRoleId", &caller.user_id);
        xml.leaf("Arn", &caller.arn);
    });
    xml.node("Credentials", |xml| {
        xml.leaf("AccessKeyId", &keys.access_key_id);
        xml.leaf("SecretAccessKey", &keys.secret);
        xml.leaf("SessionToken", keys.token.as_deref().unwrap_or_default());
        xml.leaf("Expiration", &keys.ends_at.map(rfc3339).unwrap_or_default());
    });
    if let Some(percent) = packed {
        xml.leaf("PackedPolicySize", &percent.to_string());
    }
    if let Some(identity) = caller.session.as_ref().and_then(|session| session.source_identity.as_deref()) {
        xml.leaf("SourceIdentity", identity);
    }
}

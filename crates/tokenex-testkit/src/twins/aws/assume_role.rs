//! `AssumeRole`: one session, or a user, becomes another session.
//!
//! Sources: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; for chaining,
//! docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining.

use std::time::SystemTime;

use super::calls::{self, Carried, Granted};
use super::iam::parse_role_arn;
use super::parameters::{Problems, SessionParameters, members, tags};
use super::refusal::{self, Refusal};
use super::sessions::Caller;
use super::sts::State;
use super::trust::{Asked, Who};
use crate::twins::form::Form;

const ACTION: &str = "sts:AssumeRole";

/// The longest session that another session can begin.
const CHAINED: u64 = 3600;

pub(super) fn judge(state: &mut State, caller: &Caller, form: &Form, now: SystemTime) -> Result<Granted, Refusal> {
    let mut problems = Problems::default();
    let parameters = SessionParameters::read(&mut problems, form);
    let external_id = problems.optional(form, "ExternalId", (2, 1224));
    problems.characters("ExternalId", external_id.unwrap_or_default(), "+=,.@:\\/-");
    let source_identity = problems.optional(form, "SourceIdentity", (2, 64));
    let tags = tags(&mut problems, form);
    problems.none()?;
    parse_role_arn(parameters.role_arn).ok_or_else(refusal::arn_invalid)?;

    let carried = carried(caller, tags, members(form, "TransitiveTagKeys", ""), source_identity);
    let mut facts = vec![
        ("sts:RoleSessionName", parameters.session_name.to_owned()),
        ("aws:PrincipalArn", caller.principal_arn().to_owned()),
        ("aws:PrincipalAccount", caller.account.clone()),
    ];
    facts.extend(external_id.map(|id| ("sts:ExternalId", id.to_owned())));
    facts.extend(carried.source_identity.iter().map(|identity| ("sts:SourceIdentity", identity.clone())));
    let (names, actions) = (caller.names(), carried.actions(ACTION));
    let asked = Asked { who: Who::Principal(&names), actions: &actions, facts: &facts };
    let may = calls::may(state, caller, ACTION);
    let role = calls::role(state, parameters.role_arn, now)?;
    if !may || !role.is_some_and(|role| role.trusts(&asked, now)) {
        return Err(refusal::denied(&caller.arn, ACTION, Some(parameters.role_arn)));
    }
    if caller.session.is_some() && parameters.duration.is_some_and(|duration| duration > CHAINED) {
        return Err(refusal::above_chained_maximum());
    }
    let (keys, caller, packed) = calls::begin(state, &parameters, carried, now)?;
    Ok(Granted {
        issued: keys.access_key_id.clone(),
        result: Box::new(move |xml| calls::session_result(xml, &keys, &caller, packed)),
    })
}

/// Transitive tags and the source identity go from session to session.
fn carried(
    caller: &Caller,
    tags: Vec<(String, String)>,
    transitive: Vec<&str>,
    source_identity: Option<&str>,
) -> Carried {
    let mut carried = Carried {
        tags: tags.into_iter().collect(),
        transitive: transitive.into_iter().map(str::to_owned).collect(),
        source_identity: source_identity.map(str::to_owned),
        issuer: None,
    };
    if let Some(session) = &caller.session {
        for key in &session.transitive {
            if let Some(value) = session.tags.get(key) {
                carried.tags.insert(key.clone(), value.clone());
                carried.transitive.push(key.clone());
            }
        }
        carried.source_identity = session.source_identity.clone().or(carried.source_identity);
        carried.issuer.clone_from(&session.issuer);
    }
    carried
}

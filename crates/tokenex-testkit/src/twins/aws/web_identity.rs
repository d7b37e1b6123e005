//! `AssumeRoleWithWebIdentity`: an identity token becomes a session.
//!
//! Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html; for the token,
//! docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;

use super::calls::{self, Carried, Granted};
use super::iam::parse_role_arn;
use super::outbound;
use super::parameters::{Problems, SessionParameters};
use super::refusal::{self, Refusal};
use super::sts::{IdentityProviderFailure, State};
use super::trust::{Asked, Who};
use crate::issuer::VerifyError;
use crate::twins::form::Form;
use crate::twins::issuers::{NotVerified, audiences, unverified};
use crate::twins::text::epoch;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// The algorithms that AWS verifies.
const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

pub(super) fn judge(state: &mut State, form: &Form, now: SystemTime) -> Result<Granted, Refusal> {
    let mut problems = Problems::default();
    let parameters = SessionParameters::read(&mut problems, form);
    let jwt = problems.required(form, "WebIdentityToken", (4, 20_000));
    problems.none()?;
    let (account, _) = parse_role_arn(parameters.role_arn).ok_or_else(refusal::arn_invalid)?;
    let claims = check_token(state, account, jwt, now)?;

    let issuer = claims["iss"].as_str().unwrap_or_default().to_owned();
    let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
    let audience = relying_parties(&claims).first().copied().unwrap_or_default().to_owned();
    let carried = carried(&claims, &issuer)?;
    let facts = facts(&claims, parameters.session_name, &carried);
    let actions = carried.actions(ACTION);
    let asked = Asked { who: Who::Issuer(&issuer), actions: &actions, facts: &facts };
    let role = calls::role(state, parameters.role_arn, now)?;
    if !role.is_some_and(|role| role.trusts(&asked, now)) {
        return Err(refusal::web_identity_denied());
    }
    let (keys, caller, packed) = calls::begin(state, &parameters, carried, now)?;
    Ok(Granted {
        issued: keys.access_key_id.clone(),
        result: Box::new(move |xml| {
            xml.leaf("SubjectFromWebIdentityToken", &subject);
            xml.leaf("Audience", &audience);
            xml.leaf("Provider", &issuer);
            calls::session_result(xml, &keys, &caller, packed);
        }),
    })
}

/// Everything about the token that does not depend on the role.
fn check_token(state: &mut State, account: &str, jwt: &str, now: SystemTime) -> Result<Value, Refusal> {
    let (header, claims) = unverified(jwt).ok_or_else(refusal::not_a_jwt)?;
    let issuer = claims["iss"].as_str().ok_or_else(|| refusal::missing_claim("iss"))?;
    if outbound::is_issuer(issuer) {
        return Err(refusal::no_provider(issuer));
    }
    let provider = state
        .iam
        .account_mut(account)
        .and_then(|account| account.providers.iter_mut().find(|provider| provider.issuer == issuer));
    let provider = provider.and_then(|provider| provider.spreading.visible(now).then_some(provider));
    let provider = provider.ok_or_else(|| refusal::no_provider(issuer))?;
    for claim in ["sub", "aud"] {
        if claims[claim].is_null() {
            return Err(refusal::missing_claim(claim));
        }
    }
    let parties = relying_parties(&claims);
    let known_audience = parties.iter().any(|party| provider.audiences.iter().any(|known| known == party));
    if !header["alg"].as_str().is_some_and(|algorithm| ALGORITHMS.contains(&algorithm)) {
        return Err(refusal::not_a_jwt());
    }
    match state.idp_failures.pop_front() {
        Some(IdentityProviderFailure::Unreachable) => return Err(refusal::idp_communication()),
        Some(IdentityProviderFailure::NoVerificationKey) => return Err(refusal::no_verification_key()),
        Some(IdentityProviderFailure::RejectedClaim) => return Err(refusal::idp_rejected_claim()),
        None => {}
    }
    let claims = state.issuers.verify(issuer, jwt).map_err(|not_verified| match not_verified {
        NotVerified::IssuerDown | NotVerified::Token(VerifyError::UnknownKey) => refusal::no_verification_key(),
        NotVerified::Token(VerifyError::Malformed) => refusal::not_a_jwt(),
        NotVerified::Token(_) => refusal::invalid_token("Provided token signature is invalid"),
    })?;
    check_times(&claims, state.settings.token_leeway.as_secs(), now)?;
    if known_audience { Ok(claims) } else { Err(refusal::wrong_audience()) }
}

/// `iat`, `exp` and `nbf` must be integers.
fn check_times(claims: &Value, leeway: u64, now: SystemTime) -> Result<(), Refusal> {
    let now = epoch(now);
    let time = |name: &str| match &claims[name] {
        Value::Null => Ok(None),
        value => value.as_u64().map(Some).ok_or_else(|| refusal::invalid_token(format!("{name} must be an integer"))),
    };
    let end = time("exp")?.ok_or_else(|| refusal::missing_claim("exp"))?;
    let issued_at = time("iat")?.ok_or_else(|| refusal::missing_claim("iat"))?;
    if end + leeway <= now {
        return Err(refusal::token_expired(now, end));
    }
    let begin = time("nbf")?.unwrap_or(issued_at);
    if begin > now + leeway.max(300) {
        return Err(refusal::invalid_token("Token is not valid yet"));
    }
    Ok(())
}

/// What counts as the audience: `azp` where there is one, else `aud`.
fn relying_parties(claims: &Value) -> Vec<&str> {
    match claims["azp"].as_str() {
        Some(party) => vec![party],
        None => audiences(claims),
    }
}

fn facts(claims: &Value, session_name: &str, carried: &Carried) -> Vec<(&'static str, String)> {
    let mut facts = vec![("sts:RoleSessionName", session_name.to_owned())];
    facts.extend(claims["sub"].as_str().map(|subject| ("sub", subject.to_owned())));
    facts.extend(relying_parties(claims).into_iter().map(|party| ("aud", party.to_owned())));
    let methods = claims["amr"].as_array().into_iter().flatten();
    facts.extend(methods.filter_map(Value::as_str).map(|method| ("amr", method.to_owned())));
    facts.extend(carried.source_identity.iter().map(|identity| ("sts:SourceIdentity", identity.clone())));
    facts
}

/// Session tags and source identity ride in claims of the token.
fn carried(claims: &Value, issuer: &str) -> Result<Carried, Refusal> {
    let tags = &claims["https://aws.amazon.com/tags"];
    let mut principal_tags = BTreeMap::new();
    for (key, value) in tags["principal_tags"].as_object().into_iter().flatten() {
        // Each value is a list of one.
        let value = value.get(0).unwrap_or(value).as_str().unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(refusal::invalid_token(format!("The session tag {key} is too long")));
        }
        principal_tags.insert(key.clone(), value.to_owned());
    }
    if principal_tags.len() > 50 {
        return Err(refusal::invalid_token("The token has more than 50 session tags"));
    }
    let transitive = tags["transitive_tag_keys"].as_array().into_iter().flatten();
    Ok(Carried {
        tags: principal_tags,
        transitive: transitive.filter_map(|key| key.as_str().map(str::to_owned)).collect(),
        source_identity: claims["https://aws.amazon.com/source_identity"].as_str().map(str::to_owned),
        issuer: Some(issuer.to_owned()),
    })
}

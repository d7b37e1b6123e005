//! The claims of an identity token, in the order in which the server looks at them.
//!
//! Source: OpenBao 2.7.2 at work, whose leeways are those of openbao.org/api-docs/auth/jwt (`clock_skew_leeway`,
//! `expiration_leeway`, `not_before_leeway`).

use std::time::SystemTime;

use serde_json::Value;

use super::jwt_role::RoleState;
use super::refusal::{Refusal, bad, token_not_valid};
use crate::twins::issuers::audiences;
use crate::twins::text::epoch;

/// How far the clocks may be apart, in seconds.
const SKEW: f64 = 60.0;
/// What a token lives that does not say how long it lives, in seconds.
const UNSAID: f64 = 150.0;

pub(super) fn check(claims: &Value, issuer: &str, role: &RoleState, now: SystemTime) -> Result<(), Refusal> {
    let audiences = audiences(claims);
    if claims["iss"] != issuer {
        return Err(token_not_valid("invalid issuer (iss) claim"));
    }
    if role.subject.as_ref().is_some_and(|subject| claims["sub"] != subject.as_str()) {
        return Err(token_not_valid("invalid subject (sub) claim"));
    }
    let bound = |audience: &&str| role.audiences.iter().any(|bound| bound == audience);
    if !role.audiences.is_empty() && !audiences.iter().any(bound) {
        return Err(token_not_valid(
            "invalid audience (aud) claim: audience claim does not match any expected audience",
        ));
    }
    check_times(claims, now)?;
    if role.audiences.is_empty() && !audiences.is_empty() {
        return Err(bad("audience claim found in JWT but no audiences bound to the role"));
    }
    if !claims["sub"].is_string() {
        return Err(bad("claim \"sub\" not found in token"));
    }
    for (name, value) in &role.claims {
        match &claims[name] {
            Value::Null => return Err(bad(format!("error validating claims: claim \"{name}\" is missing"))),
            claim if claim != value => {
                return Err(bad(format!(
                    "error validating claims: claim \"{name}\" does not match any associated bound claim values"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_times(claims: &Value, now: SystemTime) -> Result<(), Refusal> {
    let at = |name: &str| claims[name].as_f64();
    let (issued, begin, end) = (at("iat"), at("nbf"), at("exp"));
    let Some(first) = begin.or(issued).or(end) else {
        return Err(token_not_valid("no issued at (iat), not before (nbf), or expiration time (exp) claims in token"));
    };
    let end = end.unwrap_or(issued.unwrap_or(first).max(begin.unwrap_or(first)) + UNSAID);
    let begin = begin.or(issued).unwrap_or(end - UNSAID);
    // Seconds since 1970 fit into a float.
    let now = epoch(now) as f64;
    if end + SKEW < now {
        return Err(token_not_valid("invalid expiration time (exp) claim: token is expired"));
    }
    if begin - SKEW > now {
        return Err(token_not_valid("invalid not before (nbf) claim: token not yet valid"));
    }
    if issued.is_some_and(|issued| issued - SKEW > now) {
        return Err(token_not_valid("invalid issued at (iat) claim: token issued in the future"));
    }
    Ok(())
}

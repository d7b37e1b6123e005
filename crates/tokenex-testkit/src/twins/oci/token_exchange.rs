//! `/oauth2/v1/token`: an identity token becomes a session token.
//!
//! Sources: docs.oracle.com/iaas/Content/Identity/api-getstarted/json_web_token_exchange.htm, and what Oracle's clients send.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use super::client;
use super::public_key::PublicKey;
use super::refusal::{self, Refusal};
use super::state::State;
use super::subject::{self, Proved};
use super::tokens::members;
use crate::twins::form::Form;
use crate::twins::text::epoch;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const USER: &str = "urn:oci:token-type:oci-upst";
const RESOURCE: &str = "urn:oci:token-type:oci-rpst";

/// The life of a resource's token, in seconds: unless asked, and at most.
const RESOURCE_LIFE: u64 = 1200;
const LONGEST_RESOURCE_LIFE: u64 = 43_200;

/// The session token, or why there is none. Writes down who asks.
pub(super) fn judge(
    state: &mut State,
    host: &str,
    request: &Request<Bytes>,
    form: &Form,
    caller: &mut String,
    now: SystemTime,
) -> Result<String, Refusal> {
    let grant = form.get("grant_type").unwrap_or_default();
    if grant != GRANT {
        return Err(refusal::unsupported_grant(grant));
    }
    let client = client::authenticate(state, host, request, now)?;
    client.name().clone_into(caller);
    let need = |name: &str| form.get(name).ok_or_else(|| refusal::invalid_request(format!("{name} is absent.")));
    let requested = need("requested_token_type")?;
    if need("subject_token_type")? != "jwt" {
        return Err(refusal::invalid_request("The subject_token_type is not supported."));
    }
    let key = PublicKey::from_base64(need("public_key")?);
    let key = key.ok_or_else(|| refusal::invalid_request("The public_key is not an RSA key of 2048 bits or more."))?;
    let jwt = need("subject_token")?;
    let (claims, lifetime) = match requested {
        USER => {
            let proved = subject::check(state, host, &client, jwt, now)?;
            user(state, host, &proved, now)?
        }
        RESOURCE => {
            let (resource_type, lifetime) = (need("res_type")?, resource_life(form.get("rpst_exp"))?);
            let proved = subject::check(state, host, &client, jwt, now)?;
            (resource(state, host, &proved, resource_type)?, lifetime)
        }
        _ => return Err(refusal::invalid_request("The requested_token_type is not supported.")),
    };
    Ok(state.tokens.issue(claims, key, now, lifetime))
}

/// A user's token ends with the identity token at the latest.
fn user(
    state: &State,
    host: &str,
    proved: &Proved,
    now: SystemTime,
) -> Result<(Map<String, Value>, Duration), Refusal> {
    let domain = state.domain(host);
    let trust = &domain.trusts[proved.trust];
    let ocid = if trust.allow_impersonation {
        let fitting = trust.rules.iter().find(|(rule, _)| rule.fits(&proved.claims));
        fitting.map(|(_, ocid)| ocid).ok_or_else(|| {
            refusal::invalid_grant("No impersonation rule of the trust fits the claims of the subject token.")
        })?
    } else {
        let name = proved.claims[&trust.subject_claim].as_str();
        let user = domain.users.iter().find(|user| Some(user.name.as_str()) == name);
        &user.ok_or_else(|| refusal::invalid_grant("The subject of the subject token is no user of the domain."))?.ocid
    };
    let (now, ends_at) = (epoch(now), proved.claims["exp"].as_u64().unwrap_or_default());
    // A token that is taken only because clocks differ has nothing left by this one.
    let ends_at = if ends_at > now { ends_at } else { ends_at + trust.clock_skew.as_secs() };
    let lifetime = Duration::from_secs(ends_at.saturating_sub(now)).min(domain.longest);
    let claims = json!({ "sub": ocid, "tenant": state.tenancy, "ptype": "user", "ttype": "upst", "dom": domain.ocid });
    Ok((members(claims), lifetime))
}

fn resource(state: &State, host: &str, proved: &Proved, resource_type: &str) -> Result<Map<String, Value>, Refusal> {
    let domain = state.domain(host);
    let trust = &domain.trusts[proved.trust];
    if trust.resource.as_deref() != Some(resource_type) {
        return Err(refusal::invalid_grant("The res_type is not the impersonating resource of the trust."));
    }
    let mut claims = members(json!({
        "sub": domain.ocid,
        "tenant": state.tenancy,
        "res_tenant": state.tenancy,
        "res_type": resource_type,
        "ptype": "identityfederateddomainapp",
        "ttype": "rpst",
    }));
    for name in &trust.propagated {
        if let Some(value) = proved.claims.get(name) {
            claims.insert(format!("ext_{name}"), value.clone());
        }
    }
    Ok(claims)
}

fn resource_life(asked: Option<&str>) -> Result<Duration, Refusal> {
    let Some(asked) = asked else { return Ok(Duration::from_secs(RESOURCE_LIFE)) };
    let seconds = asked.parse().ok().filter(|seconds| (1..=LONGEST_RESOURCE_LIFE).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| refusal::invalid_request("The rpst_exp is out of range."))
}

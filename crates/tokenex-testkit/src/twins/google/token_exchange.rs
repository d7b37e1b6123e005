//! `sts.googleapis.com/v1/token`: an identity token becomes a federated access token.
//!
//! Source: cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::refusal::{self, Refusal};
use super::state::State;
use super::subject;
use super::tokens::Held;
use crate::twins::form::Form;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The request, from JSON with its camelCase names or from a form with RFC 8693's.
pub(super) struct ExchangeRequest {
    members: BTreeMap<&'static str, String>,
}

/// Both names of each member.
const MEMBERS: [(&str, &str); 7] = [
    ("grantType", "grant_type"),
    ("audience", "audience"),
    ("scope", "scope"),
    ("requestedTokenType", "requested_token_type"),
    ("subjectToken", "subject_token"),
    ("subjectTokenType", "subject_token_type"),
    ("options", "options"),
];

impl ExchangeRequest {
    pub(super) fn read(request: &Request<Bytes>) -> Self {
        let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let members = if kind.starts_with("application/json") {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let member = |name: &str| Some(body[name].as_str()?.to_owned());
            MEMBERS.iter().filter_map(|(name, _)| Some((*name, member(name)?))).collect()
        } else {
            let form = Form::of_body(request);
            MEMBERS.iter().filter_map(|(name, field)| Some((*name, form.get(field)?.to_owned()))).collect()
        };
        Self { members }
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.members.get(name).map_or("", String::as_str)
    }

    pub(super) fn scopes(&self) -> Vec<String> {
        self.get("scope").split_whitespace().map(str::to_owned).collect()
    }

    /// The `options`, which are JSON in a text; some clients encode it once more.
    fn options(&self) -> Value {
        let text = self.get("options");
        serde_json::from_str(text)
            .or_else(|_| {
                let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
                serde_json::from_str(&decoded)
            })
            .unwrap_or_default()
    }
}

pub(super) fn judge(
    state: &mut State,
    exchange: &ExchangeRequest,
    authorization: Option<&str>,
    now: SystemTime,
) -> Result<Value, Refusal> {
    if exchange.get("grantType") != GRANT {
        return Err(refusal::unsupported_grant(exchange.get("grantType")));
    }
    let provider = parse_audience(exchange.get("audience"))?;
    if exchange.get("requestedTokenType") != ACCESS_TOKEN {
        return Err(refusal::invalid_value("requestedTokenType", exchange.get("requestedTokenType")));
    }
    if !subject::TYPES.contains(&exchange.get("subjectTokenType")) {
        return Err(refusal::invalid_value("subjectTokenType", exchange.get("subjectTokenType")));
    }
    if exchange.scopes().is_empty() {
        return Err(refusal::invalid_request("Missing required parameter: scope"));
    }
    if exchange.get("subjectToken").is_empty() {
        return Err(refusal::invalid_request("Missing required parameter: subjectToken"));
    }
    let workforce = provider.starts_with("locations/");
    // The only credential that belongs here is that of a workforce OAuth client.
    let client = authorization.is_some_and(|value| value.starts_with("Basic "));
    if authorization.is_some() && !(workforce && client) {
        return Err(refusal::invalid_request("The request must not be authenticated."));
    }
    let named_project = exchange.options()["userProject"].as_str().is_some_and(|project| !project.is_empty());
    if workforce && !client && !named_project {
        return Err(refusal::invalid_request("The userProject is required for workforce pools."));
    }
    let principal =
        subject::check(state, provider, exchange.get("subjectTokenType"), exchange.get("subjectToken"), now)?;

    let lifetime = state.settings.token_lifetime;
    let held = Held { principal, scopes: exchange.scopes(), expires_at: now + lifetime };
    let token = state.tokens.issue(held, now);
    Ok(json!({
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": state.settings.seconds(lifetime),
    }))
}

/// The provider's name without the service in front.
fn parse_audience(audience: &str) -> Result<&str, Refusal> {
    let invalid = || refusal::invalid_value("audience", audience);
    let name = audience.strip_prefix("//iam.googleapis.com/").ok_or_else(invalid)?;
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider]
            if number.bytes().all(|digit| digit.is_ascii_digit()) && !pool.is_empty() && !provider.is_empty() =>
        {
            Ok(name)
        }
        ["locations", "global", "workforcePools", pool, "providers", provider]
            if !pool.is_empty() && !provider.is_empty() =>
        {
            Ok(name)
        }
        _ => Err(invalid()),
    }
}

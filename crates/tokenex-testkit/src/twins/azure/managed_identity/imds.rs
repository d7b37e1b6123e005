//! The Azure Instance Metadata Service of virtual machines.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::super::text::epoch;
use super::{ExpiryForm, Handout, Refused, Selector, Wanted, Why, bad, header};
use crate::twins::form::Form;

const PATH: &str = "/metadata/identity/oauth2/token";

/// The versions that know managed identities and that clients in use ask for.
const VERSIONS: &[&str] = &["2018-02-01", "2019-08-01", "2019-11-01", "2020-06-01", "2021-02-01", "2021-10-01"];

pub(super) fn judge(request: &Request<Bytes>) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::GET {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    // The two rules keep a tricked web server from asking for an attacker.
    if !header(request, "metadata").eq_ignore_ascii_case("true") {
        return Err(bad(Why::Header));
    }
    if request.headers().contains_key("x-forwarded-for") {
        return Err(bad(Why::Forwarded));
    }
    let query = Form::of_query(request.uri());
    let version = query.get("api-version").ok_or_else(|| bad(Why::NoApiVersion))?;
    if !VERSIONS.contains(&version) {
        return Err(bad(Why::ApiVersion(version.to_owned())));
    }
    let resource = query.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    let selector = Selector::of(&query, &["client_id"], &["object_id", "principal_id"], &["msi_res_id", "mi_res_id"]);
    Ok(Wanted { resource, selector })
}

/// Every value is a text.
pub(super) fn answer(handout: &Handout, form: ExpiryForm) -> Value {
    json!({
        "access_token": handout.token,
        "client_id": handout.client_id,
        "expires_in": handout.left.as_secs().to_string(),
        "expires_on": form.write(handout.expires_at),
        "ext_expires_in": handout.left.as_secs().to_string(),
        "not_before": epoch(handout.begins_at).to_string(),
        "refresh_token": "",
        "resource": handout.resource,
        "token_type": "Bearer",
    })
}

pub(super) fn refusal(why: &Why) -> Value {
    let (error, description) = match why {
        Why::NotFound => ("not_found", "The requested resource was not found".to_owned()),
        Why::Method => ("method_not_allowed", "The method is not allowed".to_owned()),
        Why::Header => ("bad_request_102", "Required metadata header not specified".to_owned()),
        Why::Forwarded => ("invalid_request", "Requests must not contain an X-Forwarded-For header".to_owned()),
        Why::NoApiVersion => ("invalid_request", "Required query variable 'api-version' is missing".to_owned()),
        Why::ApiVersion(version) => {
            ("invalid_request", format!("Bad request. api-version '{version}' is invalid or is not supported"))
        }
        Why::NoResource => ("invalid_request", "Required query variable 'resource' is missing".to_owned()),
        Why::Resource(text) => ("invalid_resource", text.clone()),
        Why::NoIdentity => ("invalid_request", "Identity not found".to_owned()),
        Why::SeveralIdentities => (
            "invalid_request",
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
             token request"
                .to_owned(),
        ),
        Why::Throttled => ("too_many_requests", "Too many requests".to_owned()),
        Why::OutOfOrder => ("unknown", "Failed to retrieve token from the Active directory. Retry later".to_owned()),
    };
    json!({"error": error, "error_description": description})
}

//! Service Fabric: one identity for each service, over a certificate that is pinned.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::super::text::guid;
use super::{ExpiryForm, Handout, Refused, Wanted, Why, bad, header};
use crate::twins::form::Form;

pub(super) const PATH: &str = "/metadata/identity/oauth2/token";

const VERSION: &str = "2019-07-01-preview";

pub(super) fn judge(request: &Request<Bytes>, secret: &str) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::GET {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    match header(request, "secret") {
        "" => return Err(bad(Why::Header)),
        shown if shown == secret => {}
        _ => return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NoIdentity)),
    }
    let query = Form::of_query(request.uri());
    let version = query.get("api-version").unwrap_or_default();
    if version != VERSION {
        return Err(bad(Why::ApiVersion(version.to_owned())));
    }
    let resource = query.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    Ok(Wanted { resource, selector: None })
}

pub(super) fn answer(handout: &Handout, form: ExpiryForm) -> Value {
    json!({
        "token_type": "Bearer",
        "access_token": handout.token,
        "expires_on": form.write(handout.expires_at),
        "resource": handout.resource,
    })
}

pub(super) fn refusal(why: &Why) -> Value {
    let (code, message) = match why {
        Why::Header => ("SecretHeaderNotFound", "Secret is not found in the request headers.".to_owned()),
        Why::NoIdentity | Why::SeveralIdentities => {
            ("ManagedIdentityNotFound", "Managed identity not found for the specified application host.".to_owned())
        }
        Why::NoResource => {
            ("ArgumentNullOrEmpty", "The parameter 'resource' should not be null or empty string.".to_owned())
        }
        Why::ApiVersion(version) => (
            "InvalidApiVersion",
            format!("The api-version '{version}' is not supported. Supported version is '{VERSION}'."),
        ),
        Why::Resource(text) => ("BadRequest", text.clone()),
        Why::NotFound => ("NotFound", "The requested path was not found.".to_owned()),
        Why::Method | Why::Forwarded | Why::NoApiVersion => ("BadRequest", "The request is not valid.".to_owned()),
        Why::Throttled => ("TooManyRequests", "Too many requests.".to_owned()),
        Why::OutOfOrder => ("InternalServerError", "The request cannot be served now.".to_owned()),
    };
    json!({"error": {"correlationId": guid(), "code": code, "message": message}})
}

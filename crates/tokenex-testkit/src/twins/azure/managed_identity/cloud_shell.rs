//! Cloud Shell: the person who opened it.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{Refused, Wanted, Why, bad, header};
use crate::twins::form::Form;

pub(super) const PATH: &str = "/oauth2/token";

pub(super) fn judge(request: &Request<Bytes>) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::POST {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    if !header(request, "metadata").eq_ignore_ascii_case("true") {
        return Err(bad(Why::Header));
    }
    let form = Form::of_body(request);
    let resource = form.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    Ok(Wanted { resource, selector: None })
}

pub(super) fn refusal(why: &Why) -> Value {
    let (code, message) = match why {
        Why::Header => ("BadRequest", "Required header 'Metadata' is missing.".to_owned()),
        Why::NoResource => ("AudienceNotSupported", "Audience is required.".to_owned()),
        Why::Resource(text) => ("AudienceNotSupported", text.clone()),
        Why::Throttled => ("TooManyRequests", "Too many requests.".to_owned()),
        Why::OutOfOrder => ("InternalServerError", "The request cannot be served now.".to_owned()),
        _ => ("BadRequest", "The request is not valid.".to_owned()),
    };
    json!({"error": {"code": code, "message": message}})
}

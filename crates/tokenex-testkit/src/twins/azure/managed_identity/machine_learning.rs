//! Azure Machine Learning: version 2017-09-01, as App Service had it once.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::Value;

use super::{ExpiryForm, Handout, Refused, Selector, Wanted, Why, app_service, bad, header};
use crate::twins::form::Form;

pub(super) const PATH: &str = "/msi/token";

const VERSION: &str = "2017-09-01";

pub(super) fn judge(request: &Request<Bytes>, secret: &str) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::GET {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    if header(request, "secret") != secret {
        return Err(Refused::Because(StatusCode::UNAUTHORIZED, Why::Header));
    }
    let query = Form::of_query(request.uri());
    let version = query.get("api-version").ok_or_else(|| bad(Why::NoApiVersion))?;
    if version != VERSION {
        return Err(bad(Why::ApiVersion(version.to_owned())));
    }
    let resource = query.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    // This version knows the client id only, and under this name only.
    let selector = Selector::of(&query, &["clientid"], &[], &[]);
    Ok(Wanted { resource, selector })
}

pub(super) fn answer(handout: &Handout, form: ExpiryForm) -> Value {
    let mut answer = app_service::answer(handout, form);
    if let Some(members) = answer.as_object_mut() {
        members.remove("client_id");
    }
    answer
}

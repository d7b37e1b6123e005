//! The agent of Azure Arc: it wants to see that the caller may read a file on the machine.

use std::path::Path;

use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::Value;

use super::{Refused, Wanted, Why, bad, header, imds, text_response};
use crate::twins::form::Form;

pub(super) const PATH: &str = "/metadata/identity/oauth2/token";

const VERSIONS: &[&str] = &["2019-08-15", "2019-11-01", "2020-06-01", "2021-02-01"];

pub(super) fn judge(request: &Request<Bytes>, secret: &str) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::GET {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    if !header(request, "metadata").eq_ignore_ascii_case("true") {
        return Err(bad(Why::Header));
    }
    let query = Form::of_query(request.uri());
    let version = query.get("api-version").ok_or_else(|| bad(Why::NoApiVersion))?;
    if !VERSIONS.contains(&version) {
        return Err(bad(Why::ApiVersion(version.to_owned())));
    }
    let resource = query.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    match header(request, AUTHORIZATION.as_str()).strip_prefix("Basic ") {
        // The agent knows the machine's one identity and pays no heed to a selector.
        Some(shown) if shown == secret => Ok(Wanted { resource, selector: None }),
        Some(_) => Err(Refused::Because(StatusCode::FORBIDDEN, Why::Header)),
        None => Err(Refused::Challenge),
    }
}

/// The first half: where the file is whose contents the second request must show.
pub(super) fn challenge(file: &Path) -> Response<Bytes> {
    let mut response = text_response(StatusCode::UNAUTHORIZED);
    let realm = format!("Basic realm={}", file.display());
    let value = HeaderValue::try_from(realm).expect("the path of the file is a header value");
    response.headers_mut().insert(WWW_AUTHENTICATE, value);
    response
}

pub(super) fn refusal(why: &Why) -> Value {
    imds::refusal(why)
}

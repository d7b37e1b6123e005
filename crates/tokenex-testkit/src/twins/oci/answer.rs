//! Answers, with what Oracle puts on all of them.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

pub(super) fn json(status: StatusCode, body: &Value, now: SystemTime) -> Response<Bytes> {
    let mut response = bytes(Bytes::from(body.to_string()), "application/json", now);
    *response.status_mut() = status;
    response
}

pub(super) fn bytes(body: Bytes, kind: &'static str, now: SystemTime) -> Response<Bytes> {
    let mut response = Response::new(body);
    let date = HeaderValue::try_from(httpdate::fmt_http_date(now)).expect("a date is a header value");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(DATE, date);
    response
}

/// Names the request, in the caller's words where it has some, and returns the name.
pub(super) fn request_id(request: &Request<Bytes>) -> String {
    let asked = request.headers().get("opc-client-request-id").and_then(|value| value.to_str().ok());
    let own = format!("{:032X}", fastrand::u128(..));
    asked.map_or_else(|| own.clone(), |asked| format!("{asked}/{own}"))
}

pub(super) fn named(mut response: Response<Bytes>, request_id: &str) -> Response<Bytes> {
    let value = HeaderValue::try_from(request_id).expect("a request id is made of visible characters");
    response.headers_mut().insert("opc-request-id", value);
    response
}

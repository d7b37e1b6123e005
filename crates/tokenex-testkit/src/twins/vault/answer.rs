//! Answers, in the one form that all paths share.
//!
//! Source: openbao.org/api-docs; OpenBao's `api/secret.go`.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::twins::text::guid;

/// An answer that is no refusal by its form. Its status may still be 404: a deleted version says so with its metadata.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Null where nothing is said.
    body: Value,
    /// The accessor of the login or the id of the lease that this request has made; empty for all others.
    pub(super) issued: String,
}

impl Answer {
    /// 204.
    pub(super) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Value::Null, issued: String::new() }
    }

    pub(super) fn data(data: Value) -> Self {
        Self::whole(json!({ "data": data }))
    }

    pub(super) fn auth(auth: Value) -> Self {
        Self::whole(json!({ "auth": auth }))
    }

    /// With these members beside the usual ones.
    pub(super) fn whole(members: Value) -> Self {
        let mut body = json!({
            "request_id": guid(),
            "lease_id": "",
            "renewable": false,
            "lease_duration": 0,
            "data": null,
            "wrap_info": null,
            "warnings": null,
            "auth": null,
        });
        if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
            body.extend(members);
        }
        Self { status: StatusCode::OK, body, issued: String::new() }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Whether it hands over a secret that has a lease.
    pub(super) fn is_leased(&self) -> bool {
        self.body["lease_id"].as_str().is_some_and(|id| !id.is_empty())
    }

    pub(super) fn issuing(self, issued: &str) -> Self {
        Self { issued: issued.to_owned(), ..self }
    }
}

/// What is left until then, rounded to the nearest second, as the server does wherever a limit cuts.
pub(super) fn rounded_left(until: SystemTime, now: SystemTime) -> Duration {
    let left = until.duration_since(now).unwrap_or_default() + Duration::from_millis(500);
    Duration::from_secs(left.as_secs())
}

pub(super) fn response(judged: Result<Answer, Refusal>, now: SystemTime) -> Response<Bytes> {
    let (status, body) = match judged {
        Ok(answer) => (answer.status, answer.body),
        Err(refusal) => (refusal.status, json!({ "errors": refusal.errors })),
    };
    let mut response = Response::new(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) });
    *response.status_mut() = status;
    let date = HeaderValue::try_from(httpdate::fmt_http_date(now)).expect("a date is a header value");
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(DATE, date);
    if !body.is_null() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

//! What Depot's refusals mean.
//!
//! The codes are those of RFC 6749 section 5.2 and RFC 8693 section 2.2.2. A status without a code that is known here is
//! judged by itself, since a proxy may have sent it.

use http::StatusCode;
use serde_json::Value;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

/// The error for an answer with this status and body. `secrets` is what was sent: it is masked in what Depot said.
pub(crate) fn refusal(status: StatusCode, body: &[u8], secrets: &[&str]) -> Error {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let (code, said) = (body["error"].as_str(), body["error_description"].as_str().unwrap_or_default());
    let error = meaning(status, code.unwrap_or_default()).error().with_status(status);
    match code {
        // Only the message of an error that was recognised may get in.
        Some(code) => error.with_code(code).with_said(said, secrets),
        None => error,
    }
}

fn meaning(status: StatusCode, code: &str) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Protocol, Throttled, Trust, Unavailable};
    match (status.as_u16(), code) {
        (_, "invalid_grant") => terminal(
            Trust,
            "the project does not trust this identity",
            "compare with the publishers in the project's settings at Depot",
        ),
        (_, "access_denied") => {
            terminal(Denied, "the publisher may not push to this project", "give it the role \"publisher\"")
        }
        (_, "invalid_target") => terminal(NotFound, "there is no such project", "look for a typing error in its name"),
        (429, _) => transient(Throttled, "Depot asks for fewer requests", ""),
        (500.., _) => transient(Unavailable, "Depot cannot answer now", "see https://status.depot.example"),
        (401 | 403, _) => terminal(Denied, "Depot refuses the request", "is a proxy answering in Depot's place?"),
        (400..=499, _) => terminal(Configuration, "Depot does not understand the request", ""),
        _ => transient(Protocol, "Depot answers with a status that it does not have", "is a proxy in the way?"),
    }
}

#[cfg(test)]
mod tests {
    use tokenex_core::Retry;

    use super::*;

    #[test]
    fn each_refusal_says_what_to_do_and_whether_to_wait() {
        for (status, code, kind, retry) in [
            (400, "invalid_grant", ErrorKind::Trust, Retry::Terminal),
            (403, "access_denied", ErrorKind::Denied, Retry::Terminal),
            (400, "invalid_target", ErrorKind::NotFound, Retry::Terminal),
            (429, "slow_down", ErrorKind::Throttled, Retry::Transient),
            (503, "", ErrorKind::Unavailable, Retry::Transient),
            (302, "", ErrorKind::Protocol, Retry::Transient),
        ] {
            let body = format!(r#"{{"error":"{code}","error_description":"no, s3cret-thing"}}"#);
            let error = refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes(), &["s3cret-thing"]);
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{error}");
            assert!(!error.to_string().contains("s3cret-thing"), "{error}");
        }
    }
}

//! Entra's refusals: status, `error`, code and words.
//!
//! Sources: Microsoft's list of AADSTS codes (learn.microsoft.com, `reference-error-codes`) and the texts that people
//! report. No text holds a character that JSON must escape, since Azure's own Rust client reads the description in place.

mod client;
mod request;
mod user;

use std::time::SystemTime;

use http::StatusCode;
use serde_json::{Value, json};

pub(super) use client::*;
pub(super) use request::*;
pub(super) use user::*;

use super::text::{guid, timestamp};

/// Why a token request is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) code: u32,
    pub(super) text: String,
}

impl Refusal {
    fn bad(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, code, text: text.into() }
    }

    fn invalid_client(code: u32, text: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", code, text: text.into() }
    }

    /// The body of the answer, in which the trace id is new each time.
    pub(super) fn body(&self, correlation_id: &str, now: SystemTime) -> Value {
        let (trace_id, timestamp) = (guid(), timestamp(now));
        json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}",
                self.code, self.text,
            ),
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        })
    }
}

/// Any code, in words of its own where it is a known one.
pub(super) fn of_code(code: u32) -> Refusal {
    let unavailable =
        |status, text: &str| Refusal { status, error: "temporarily_unavailable", code, text: text.to_owned() };
    match code {
        50_033 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090 => {
            unavailable(StatusCode::SERVICE_UNAVAILABLE, "A transient error has occurred. Please try again.")
        }
        50_196 => Refusal::bad(
            "invalid_grant",
            code,
            "The server terminated an operation because it encountered a client request loop. Please contact your app \
             vendor.",
        ),
        53_003 => Refusal::bad(
            "invalid_grant",
            code,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        ),
        90_055 => unavailable(StatusCode::TOO_MANY_REQUESTS, "The tenant has exceeded the allowed number of requests."),
        700_222 => Refusal::invalid_client(
            code,
            "Entra-issued tokens may not be used for federated identity credential flows.",
        ),
        700_223 | 700_238 => Refusal::invalid_client(
            code,
            "Federated identity credentials are not allowed by the policy of this tenant.",
        ),
        7_000_112 => Refusal::bad("unauthorized_client", code, "Application is disabled."),
        // The family that is about the client's proof.
        _ if code.to_string().starts_with("70") => {
            Refusal::invalid_client(code, "The client's proof was not accepted.")
        }
        _ => Refusal::bad("invalid_request", code, "The request was not accepted."),
    }
}

/// 429 and statuses from 500 on, in Entra's form.
pub(super) fn of_status(status: StatusCode) -> Refusal {
    let code = if status == StatusCode::TOO_MANY_REQUESTS { 90_055 } else { 90_033 };
    Refusal { status, ..of_code(code) }
}

/// What came from outside, so that it stays within a line and needs no escape in JSON.
fn printable(text: &str) -> String {
    text.chars().take(600).map(|c| if c.is_control() || c == '"' || c == '\\' { '?' } else { c }).collect()
}

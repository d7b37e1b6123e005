//! Oracle's refusals: OAuth's form at the token endpoint, a service's own form everywhere else.
//!
//! Sources: docs.oracle.com/iaas/Content/API/References/apierrors.htm for services. For the token endpoint no list is
//! published: codes are those of RFC 6749 section 5.2, texts are ours.

use http::StatusCode;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What Oracle does not tell.
    pub(super) reason: &'static str,
}

impl Refusal {
    pub(super) fn oauth_body(&self) -> Value {
        json!({ "error": self.code, "error_description": self.message })
    }

    pub(super) fn service_body(&self) -> Value {
        json!({ "code": self.code, "message": self.message })
    }
}

fn refusal(status: u16, code: &'static str, message: impl Into<String>, reason: &'static str) -> Refusal {
    let status = StatusCode::from_u16(status).expect("the statuses of this file are statuses");
    Refusal { status, code, message: message.into(), reason }
}

// The token endpoint.

pub(super) fn oauth_of_status(status: StatusCode) -> Refusal {
    let (code, message) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("too_many_requests", "The client made too many requests."),
        StatusCode::SERVICE_UNAVAILABLE => ("temporarily_unavailable", "The service is temporarily unavailable."),
        _ => ("server_error", "An internal error occurred."),
    };
    refusal(status.as_u16(), code, message, "")
}

pub(super) fn invalid_client() -> Refusal {
    refusal(401, "invalid_client", "Client authentication failed.", "")
}

pub(super) fn unauthorized_client(message: &'static str) -> Refusal {
    refusal(403, "unauthorized_client", message, "")
}

pub(super) fn unsupported_grant(grant: &str) -> Refusal {
    refusal(400, "unsupported_grant_type", format!("The grant type {grant} is not supported."), "")
}

pub(super) fn invalid_request(message: impl Into<String>) -> Refusal {
    refusal(400, "invalid_request", message, "")
}

pub(super) fn invalid_grant(message: impl Into<String>) -> Refusal {
    refusal(400, "invalid_grant", message, "")
}

// Services.

/// The words for a bad day.
pub(super) fn service_of_status(status: StatusCode) -> Refusal {
    let (code, message) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("TooManyRequests", "Too many requests for the user."),
        StatusCode::SERVICE_UNAVAILABLE => ("ServiceUnavailable", "The service is currently unavailable."),
        _ => ("InternalServerError", "An internal server error occurred."),
    };
    refusal(status.as_u16(), code, message, "")
}

pub(super) fn not_authenticated(reason: &'static str) -> Refusal {
    let message = "The required information to complete authentication was not provided or was incorrect.";
    refusal(401, "NotAuthenticated", message, reason)
}

pub(super) fn not_authorized(reason: &'static str) -> Refusal {
    refusal(404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found.", reason)
}

pub(super) fn no_such_path() -> Refusal {
    refusal(404, "NotFound", "The path is not known.", "the path is not known")
}

pub(super) fn length_absent() -> Refusal {
    refusal(411, "MissingContentLength", "The Content-Length header is required.", "the length of the body is not told")
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> Refusal {
    refusal(400, "InvalidParameter", message, "the body is not what the call takes")
}

pub(super) fn bucket_exists(name: &str) -> Refusal {
    refusal(
        409,
        "BucketAlreadyExists",
        format!("Either the bucket '{name}' exists or you may not see it."),
        "it exists",
    )
}

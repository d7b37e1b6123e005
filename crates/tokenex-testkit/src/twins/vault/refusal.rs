//! Refusals: status and words. There are no codes.
//!
//! Source: OpenBao 2.7.2 at work; a test asks both (`tests/real/vault_twin.rs`).

use http::StatusCode;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) errors: Vec<String>,
}

fn refusal(status: StatusCode, text: impl Into<String>) -> Refusal {
    Refusal { status, errors: vec![text.into()] }
}

/// 400 with these words.
pub(super) fn bad(text: impl Into<String>) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, text)
}

/// 500 as engines bring it.
pub(super) fn internal(text: &str) -> Refusal {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, among_errors(text))
}

/// 404 without a word.
pub(super) fn not_found() -> Refusal {
    Refusal { status: StatusCode::NOT_FOUND, errors: Vec::new() }
}

/// The token is missing, unknown or dead; or nobody is asked for a token, and there is no such mount.
pub(super) fn not_authenticated() -> Refusal {
    refusal(StatusCode::FORBIDDEN, "permission denied")
}

/// The token lives, and no policy lets it do this.
pub(super) fn not_allowed() -> Refusal {
    refusal(StatusCode::FORBIDDEN, among_errors("permission denied"))
}

/// The login ends with this request, and whatever has a lease of it.
pub(super) fn one_use_left() -> Refusal {
    bad("Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.")
}

/// The policy reaches where nothing is mounted.
pub(super) fn no_route(path: &str) -> Refusal {
    let text = format!("no handler for route \"{path}\". route entry not found.");
    refusal(StatusCode::NOT_FOUND, text)
}

pub(super) fn unsupported_operation() -> Refusal {
    refusal(StatusCode::METHOD_NOT_ALLOWED, among_errors("unsupported operation"))
}

/// The same at a path that asks for no token.
pub(super) fn login_unsupported_operation() -> Refusal {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "unsupported operation")
}

pub(super) fn sealed() -> Refusal {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed")
}

pub(super) fn field_not_valid(field: &str, why: &str) -> Refusal {
    bad(format!("Field validation failed: error converting input for field \"{field}\": {why}"))
}

pub(super) fn token_not_valid(why: &str) -> Refusal {
    bad(format!("error validating token: {why}"))
}

pub(super) fn signature_not_valid(why: &str) -> Refusal {
    token_not_valid(&format!("error verifying token signature: {why}"))
}

/// 429 and statuses from 500 on.
pub(super) fn of_status(status: StatusCode, path: &str) -> Refusal {
    match status {
        StatusCode::TOO_MANY_REQUESTS => refusal(status, format!("request path \"{path}\": rate limit quota exceeded")),
        StatusCode::SERVICE_UNAVAILABLE => sealed(),
        _ => refusal(status, "internal error"),
    }
}

/// How the server writes a list of one.
pub(super) fn among_errors(text: &str) -> String {
    format!("1 error occurred:\n\t* {text}\n\n")
}

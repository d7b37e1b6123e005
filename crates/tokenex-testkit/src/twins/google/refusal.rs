//! Google's refusals: OAuth's form at the token service, Google's own form everywhere else.
//!
//! Sources: cloud.google.com/iam/docs/troubleshooting-workload-identity-federation, cloud.google.com/apis/design/errors,
//! and the texts that people report. Where nobody reports one, the words are ours, and the code is Google's.

use http::StatusCode;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What the book says: OAuth's `error`, or Google's `status`.
    pub(super) code: &'static str,
    message: String,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// RFC 6749 section 5.2.
    OAuth,
    /// With a reason and its details, where there is one.
    Google(Option<(&'static str, Value)>),
}

impl Refusal {
    /// The body of the answer.
    pub(super) fn body(&self) -> Value {
        let Form::Google(reason) = &self.form else {
            return json!({ "error": self.code, "error_description": self.message });
        };
        let mut error = json!({ "code": self.status.as_u16(), "message": self.message, "status": self.code });
        if let Some((reason, metadata)) = reason {
            let domain = if *reason == "IAM_PERMISSION_DENIED" { "iam.googleapis.com" } else { "googleapis.com" };
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": domain,
                "metadata": metadata,
            }]);
        }
        json!({ "error": error })
    }
}

fn oauth(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code, message: message.into(), form: Form::OAuth }
}

fn google(
    status: u16,
    code: &'static str,
    message: impl Into<String>,
    reason: Option<(&'static str, Value)>,
) -> Refusal {
    let status = StatusCode::from_u16(status).expect("the statuses of this file are statuses");
    Refusal { status, code, message: message.into(), form: Form::Google(reason) }
}

/// The words for a bad day.
pub(super) fn of_status(status: StatusCode) -> Refusal {
    let (code, message) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        StatusCode::SERVICE_UNAVAILABLE => ("UNAVAILABLE", "The service is currently unavailable."),
        StatusCode::GATEWAY_TIMEOUT => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        _ => ("INTERNAL", "Internal error encountered."),
    };
    google(status.as_u16(), code, message, None)
}

// The token service.

pub(super) fn invalid_request(message: impl Into<String>) -> Refusal {
    oauth("invalid_request", message)
}

pub(super) fn invalid_value(name: &str, value: &str) -> Refusal {
    invalid_request(format!("Invalid value for \"{name}\". The value was \"{value}\"."))
}

pub(super) fn invalid_target() -> Refusal {
    oauth(
        "invalid_target",
        "The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or \
         provider is disabled or deleted or because it doesn't exist.",
    )
}

pub(super) fn invalid_grant(message: impl Into<String>) -> Refusal {
    oauth("invalid_grant", message)
}

pub(super) fn issuer_down() -> Refusal {
    invalid_grant("Error connecting to the given credential's issuer.")
}

pub(super) fn stale(issued_at: u64) -> Refusal {
    invalid_grant(format!("ID Token issued at {issued_at} is stale to sign-in."))
}

pub(super) fn wrong_issuer(found: &str, expected: &str) -> Refusal {
    invalid_grant(format!("The issuer in ID Token {found} does not match the expected ones: {expected}"))
}

pub(super) fn wrong_audience(found: &[&str]) -> Refusal {
    let found = found.join(", ");
    invalid_grant(format!("The audience in ID Token [{found}] does not match the expected audience."))
}

pub(super) fn subject_too_long() -> Refusal {
    invalid_grant(
        "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or \
         the incoming assertion to produce a mapped attribute that is less than 127 bytes.",
    )
}

pub(super) fn condition() -> Refusal {
    oauth("unauthorized_client", "The given credential is rejected by the attribute condition.")
}

pub(super) fn unsupported_grant(grant: &str) -> Refusal {
    oauth("unsupported_grant_type", format!("Invalid grant_type: {grant}"))
}

// Service-account keys.

pub(super) fn account_not_found() -> Refusal {
    invalid_grant("Invalid grant: account not found")
}

pub(super) fn jwt_signature() -> Refusal {
    invalid_grant("Invalid JWT Signature.")
}

pub(super) fn jwt_audience() -> Refusal {
    invalid_grant("Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token")
}

pub(super) fn jwt_times() -> Refusal {
    invalid_grant(
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
         values in the JWT claim.",
    )
}

pub(super) fn scope_absent() -> Refusal {
    oauth("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
}

// Everything else.

const CREDENTIAL: &str = "Expected OAuth 2 access token, login cookie or other valid authentication credential. See \
                          https://developers.google.com/identity/sign-in/web/devconsole-project.";

pub(super) fn not_authenticated() -> Refusal {
    let message = format!("Request is missing required authentication credential. {CREDENTIAL}");
    google(401, "UNAUTHENTICATED", message, Some(("CREDENTIALS_MISSING", json!({}))))
}

pub(super) fn token_invalid() -> Refusal {
    let message = format!("Request had invalid authentication credentials. {CREDENTIAL}");
    google(401, "UNAUTHENTICATED", message, Some(("ACCESS_TOKEN_EXPIRED", json!({}))))
}

pub(super) fn scope_insufficient() -> Refusal {
    let message = "Request had insufficient authentication scopes.";
    google(403, "PERMISSION_DENIED", message, Some(("ACCESS_TOKEN_SCOPE_INSUFFICIENT", json!({}))))
}

pub(super) fn permission(permission: &str) -> Refusal {
    let message = format!("Permission '{permission}' denied on resource (or it may not exist).");
    google(403, "PERMISSION_DENIED", message, Some(("IAM_PERMISSION_DENIED", json!({ "permission": permission }))))
}

pub(super) fn api_disabled(project: u64) -> Refusal {
    let message = format!(
        "IAM Service Account Credentials API has not been used in project {project} before or it is disabled. Enable it by \
         visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project={project} \
         then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and \
         retry."
    );
    let metadata = json!({ "consumer": format!("projects/{project}"), "service": "iamcredentials.googleapis.com" });
    google(403, "PERMISSION_DENIED", message, Some(("SERVICE_DISABLED", metadata)))
}

pub(super) fn gaia_not_found(email: &str) -> Refusal {
    google(404, "NOT_FOUND", format!("Not found; Gaia id not found for email {email}"), None)
}

pub(super) fn invalid_argument(message: impl Into<String>) -> Refusal {
    google(400, "INVALID_ARGUMENT", message, None)
}

pub(super) fn no_such_path() -> Refusal {
    google(404, "NOT_FOUND", "Method not found.", None)
}

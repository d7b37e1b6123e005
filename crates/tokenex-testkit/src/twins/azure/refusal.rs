//! Entra's refusals: status, `error`, code and words.
//!
//! Sources: Microsoft's list of AADSTS codes (learn.microsoft.com, `reference-error-codes`) and the texts that people
//! report. No text holds a character that JSON must escape, since Azure's own Rust client reads the description in place.

use std::time::SystemTime;

use http::StatusCode;
use serde_json::{Value, json};

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

pub(super) fn parameter_absent(name: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{name}'."),
    )
}

pub(super) fn unknown_grant(grant: &str) -> Refusal {
    Refusal::bad(
        "unsupported_grant_type",
        70_003,
        format!("The app requested an unsupported grant type '{}'.", printable(grant)),
    )
}

pub(super) fn grant_not_on_common() -> Refusal {
    Refusal::bad(
        "invalid_request",
        9_001_023,
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or \
         tenant-specific endpoint.",
    )
}

pub(super) fn tenant_not_found(tenant: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        90_002,
        format!(
            "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
             cloud. Check with your subscription administrator, this may happen if there are no active subscriptions \
             for the tenant.",
            printable(tenant)
        ),
    )
}

pub(super) fn application_not_found(client_id: &str, tenant: &str) -> Refusal {
    Refusal::bad(
        "unauthorized_client",
        700_016,
        format!(
            "Application with identifier '{}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant.",
            printable(client_id)
        ),
    )
}

pub(super) fn no_proof() -> Refusal {
    Refusal::invalid_client(
        7_000_218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )
}

pub(super) fn wrong_secret(client_id: &str) -> Refusal {
    Refusal::invalid_client(
        7_000_215,
        format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client_id}'."
        ),
    )
}

pub(super) fn expired_secret(client_id: &str) -> Refusal {
    Refusal::invalid_client(7_000_222, format!("The provided client secret keys for app '{client_id}' are expired."))
}

pub(super) fn malformed_assertion() -> Refusal {
    Refusal::bad("invalid_request", 50_027, "JWT token is invalid or malformed.")
}

pub(super) fn assertion_type(found: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        50_027,
        format!("The 'client_assertion_type' '{}' is not supported.", printable(found)),
    )
}

pub(super) fn no_federated_credentials(name: &str) -> Refusal {
    Refusal::invalid_client(70_025, format!("The client '{name}' has no configured federated identity credentials."))
}

pub(super) fn issuer_not_trusted(issuer: &str) -> Refusal {
    no_match(700_211, &format!("issuer '{}'", printable(issuer)), "")
}

pub(super) fn audience_not_trusted(audience: &str) -> Refusal {
    no_match(700_212, &format!("audience '{}'", printable(audience)), "")
}

pub(super) fn subject_not_trusted(subject: &str) -> Refusal {
    no_match(700_213, &format!("subject '{}'", printable(subject)), "")
}

pub(super) fn subject_differs_in_case(subject: &str) -> Refusal {
    no_match(
        7_002_138,
        &format!("subject '{}'", printable(subject)),
        " The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
    )
}

fn no_match(code: u32, what: &str, more: &str) -> Refusal {
    Refusal::invalid_client(
        code,
        format!(
            "No matching federated identity record found for presented assertion {what}.{more} Please check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        ),
    )
}

pub(super) fn issuer_down(issuer: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        50_166,
        format!("Request to External OIDC endpoint failed. Issuer: '{}'.", printable(issuer)),
    )
}

pub(super) fn outside_time(now: SystemTime, not_before: Option<SystemTime>, expires_at: Option<SystemTime>) -> Refusal {
    let shown = |at: Option<SystemTime>| at.map_or_else(|| "not given".to_owned(), timestamp);
    Refusal::invalid_client(
        700_024,
        format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
             time of assertion {}. Review the documentation at \
             https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
            timestamp(now),
            shown(not_before),
            shown(expires_at)
        ),
    )
}

pub(super) fn bad_signature() -> Refusal {
    Refusal::invalid_client(
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application, or the \
         signature of the client assertion is not valid. [Reason - Client assertion failed signature validation.]",
    )
}

pub(super) fn unknown_key(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        7_000_272,
        format!(
            "The signing key of the client assertion was not found in the metadata of its issuer '{}'.",
            printable(issuer)
        ),
    )
}

pub(super) fn only_managed_identities() -> Refusal {
    Refusal::invalid_client(
        700_226,
        "Only managed identity tokens may be used as federated identity credentials for the Entra issuer.",
    )
}

pub(super) fn entra_issued() -> Refusal {
    Refusal::invalid_client(700_222, "Entra-issued tokens may not be used for federated identity credential flows.")
}

pub(super) fn v1_issuer(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        700_227,
        format!(
            "The token's audience or issuer '{}' may not be used for federated identity credential flows.",
            printable(issuer)
        ),
    )
}

pub(super) fn other_tenant(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        700_236,
        format!(
            "Entra ID tokens issued by issuer '{}' may not be used for federated identity credential flows for \
             applications or managed identities registered in this tenant.",
            printable(issuer)
        ),
    )
}

pub(super) fn blueprint_asks_for_itself(client_id: &str, resource: &str) -> Refusal {
    Refusal::bad(
        "unauthorized_client",
        82_001,
        format!(
            "Agentic application '{client_id}' is not permitted to request app-only tokens for resource '{}'.",
            printable(resource)
        ),
    )
}

pub(super) fn fmi_path_not_allowed(path: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        82_002,
        format!("The fmi_path '{}' is not one that this application can issue exchange tokens for.", printable(path)),
    )
}

pub(super) fn user_not_found(user: &str, tenant: &str) -> Refusal {
    Refusal::bad(
        "invalid_grant",
        50_034,
        format!("The user account {} does not exist in the {tenant} directory.", printable(user)),
    )
}

pub(super) fn not_consented(client_id: &str) -> Refusal {
    Refusal::bad(
        "invalid_grant",
        65_001,
        format!(
            "The user or administrator has not consented to use the application with ID '{client_id}'. Send an \
             interactive authorization request for this user and resource."
        ),
    )
}

pub(super) fn bad_grant() -> Refusal {
    Refusal::bad("invalid_grant", 70_000, "Provided grant is invalid or malformed.")
}

pub(super) fn bad_user_assertion() -> Refusal {
    Refusal::bad("invalid_grant", 50_013, "Assertion failed signature validation.")
}

pub(super) fn user_assertion_outside_time() -> Refusal {
    Refusal::bad(
        "invalid_grant",
        500_133,
        "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for \
         user assertion, or request a new token.",
    )
}

pub(super) fn user_assertion_audience(found: &str, expected: &str) -> Refusal {
    Refusal::bad(
        "invalid_grant",
        500_131,
        format!(
            "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion \
             was '{}' and the expected audience is '{expected}' or one of the Application Uris of this application.",
            printable(found)
        ),
    )
}

pub(super) fn scope_not_valid(scope: &str) -> Refusal {
    Refusal::bad(
        "invalid_scope",
        70_011,
        format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
             'scope' is not valid. The scope {} is not valid.",
            printable(scope)
        ),
    )
}

pub(super) fn scope_without_default(scope: &str) -> Refusal {
    Refusal::bad(
        "invalid_scope",
        1_002_012,
        format!(
            "The provided value for scope {} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI).",
            printable(scope)
        ),
    )
}

pub(super) fn several_resources(scope: &str) -> Refusal {
    Refusal::bad(
        "invalid_scope",
        700_022,
        format!(
            "The provided value for the input parameter scope '{}' is not valid because it contains more than one \
             resource.",
            printable(scope)
        ),
    )
}

pub(super) fn resource_not_found(resource: &str, tenant: &str) -> Refusal {
    Refusal::bad(
        "invalid_resource",
        500_011,
        format!(
            "The resource principal named {} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant.",
            printable(resource)
        ),
    )
}

/// Any code, in words of its own where it is a known one.
pub(super) fn of_code(code: u32) -> Refusal {
    let unavailable =
        |status, text: &str| Refusal { status, error: "temporarily_unavailable", code, text: text.to_owned() };
    match code {
        50_196 => Refusal::bad(
            "invalid_grant",
            code,
            "The server terminated an operation because it encountered a client request loop. Please contact your app \
             vendor.",
        ),
        90_055 => unavailable(StatusCode::TOO_MANY_REQUESTS, "The tenant has exceeded the allowed number of requests."),
        50_033 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090 => {
            unavailable(StatusCode::SERVICE_UNAVAILABLE, "A transient error has occurred. Please try again.")
        }
        53_003 => Refusal::bad(
            "invalid_grant",
            code,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        ),
        7_000_112 => Refusal::bad("unauthorized_client", code, "Application is disabled."),
        _ if code / 10_000 == 70 || code / 1_000 == 70 || code / 100_000 == 70 => {
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

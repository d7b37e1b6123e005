//! What is wrong with an agent identity, or with the user that a token is for.

use super::{Refusal, printable};

pub(in super::super) fn blueprint_asks_for_itself(client_id: &str, resource: &str) -> Refusal {
    Refusal::bad(
        "unauthorized_client",
        82_001,
        format!(
            "Agentic application '{client_id}' is not permitted to request app-only tokens for resource '{}'.",
            printable(resource)
        ),
    )
}

pub(in super::super) fn fmi_path_not_allowed(path: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        82_002,
        format!("The fmi_path '{}' is not one that this application can issue exchange tokens for.", printable(path)),
    )
}

pub(in super::super) fn user_not_found(user: &str, tenant: &str) -> Refusal {
    Refusal::bad(
        "invalid_grant",
        50_034,
        format!("The user account {} does not exist in the {tenant} directory.", printable(user)),
    )
}

pub(in super::super) fn not_consented(client_id: &str) -> Refusal {
    Refusal::bad(
        "invalid_grant",
        65_001,
        format!(
            "The user or administrator has not consented to use the application with ID '{client_id}'. Send an \
             interactive authorization request for this user and resource."
        ),
    )
}

pub(in super::super) fn bad_grant() -> Refusal {
    Refusal::bad("invalid_grant", 70_000, "Provided grant is invalid or malformed.")
}

pub(in super::super) fn bad_user_assertion() -> Refusal {
    Refusal::bad("invalid_grant", 50_013, "Assertion failed signature validation.")
}

pub(in super::super) fn user_assertion_outside_time() -> Refusal {
    Refusal::bad(
        "invalid_grant",
        500_133,
        "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for \
         user assertion, or request a new token.",
    )
}

pub(in super::super) fn user_assertion_audience(found: &str, expected: &str) -> Refusal {
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

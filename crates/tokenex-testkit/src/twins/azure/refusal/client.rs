//! What is wrong with the proof of the client.

use std::time::SystemTime;

use super::super::text::timestamp;
use super::{Refusal, printable};

pub(in super::super) fn no_proof() -> Refusal {
    Refusal::invalid_client(
        7_000_218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )
}

pub(in super::super) fn wrong_secret(client_id: &str) -> Refusal {
    Refusal::invalid_client(
        7_000_215,
        format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client_id}'."
        ),
    )
}

pub(in super::super) fn expired_secret(client_id: &str) -> Refusal {
    Refusal::invalid_client(7_000_222, format!("The provided client secret keys for app '{client_id}' are expired."))
}

pub(in super::super) fn malformed_assertion() -> Refusal {
    Refusal::bad("invalid_request", 50_027, "JWT token is invalid or malformed.")
}

pub(in super::super) fn assertion_type(found: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        50_027,
        format!("The 'client_assertion_type' '{}' is not supported.", printable(found)),
    )
}

pub(in super::super) fn no_federated_credentials(name: &str) -> Refusal {
    Refusal::invalid_client(70_025, format!("The client '{name}' has no configured federated identity credentials."))
}

pub(in super::super) fn issuer_not_trusted(issuer: &str) -> Refusal {
    no_match(700_211, &format!("issuer '{}'", printable(issuer)), "")
}

pub(in super::super) fn audience_not_trusted(audience: &str) -> Refusal {
    no_match(700_212, &format!("audience '{}'", printable(audience)), "")
}

pub(in super::super) fn subject_not_trusted(subject: &str) -> Refusal {
    no_match(700_213, &format!("subject '{}'", printable(subject)), "")
}

pub(in super::super) fn subject_differs_in_case(subject: &str) -> Refusal {
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

pub(in super::super) fn issuer_down(issuer: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        50_166,
        format!("Request to External OIDC endpoint failed. Issuer: '{}'.", printable(issuer)),
    )
}

pub(in super::super) fn outside_time(
    now: SystemTime,
    not_before: Option<SystemTime>,
    expires_at: Option<SystemTime>,
) -> Refusal {
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

pub(in super::super) fn bad_signature() -> Refusal {
    Refusal::invalid_client(
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application, or the \
         signature of the client assertion is not valid. [Reason - Client assertion failed signature validation.]",
    )
}

pub(in super::super) fn unknown_key(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        7_000_272,
        format!(
            "The signing key of the client assertion was not found in the metadata of its issuer '{}'.",
            printable(issuer)
        ),
    )
}

pub(in super::super) fn only_managed_identities() -> Refusal {
    Refusal::invalid_client(
        700_226,
        "Only managed identity tokens may be used as federated identity credentials for the Entra issuer.",
    )
}

pub(in super::super) fn v1_issuer(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        700_227,
        format!(
            "The token's audience or issuer '{}' may not be used for federated identity credential flows.",
            printable(issuer)
        ),
    )
}

pub(in super::super) fn other_tenant(issuer: &str) -> Refusal {
    Refusal::invalid_client(
        700_236,
        format!(
            "Entra ID tokens issued by issuer '{}' may not be used for federated identity credential flows for \
             applications or managed identities registered in this tenant.",
            printable(issuer)
        ),
    )
}

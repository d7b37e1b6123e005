//! What is wrong with the request itself: its members, its tenant, its client, its scope.

use http::Method;

use super::{Refusal, printable};

pub(in super::super) fn parameter_absent(name: &str) -> Refusal {
    Refusal::bad(
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{name}'."),
    )
}

pub(in super::super) fn only_post(method: &Method) -> Refusal {
    Refusal::bad(
        "invalid_request",
        900_561,
        format!("The endpoint only accepts POST, OPTIONS requests. Received a {method} request."),
    )
}

pub(in super::super) fn unknown_grant(grant: &str) -> Refusal {
    Refusal::bad(
        "unsupported_grant_type",
        70_003,
        format!("The app requested an unsupported grant type '{}'.", printable(grant)),
    )
}

pub(in super::super) fn grant_not_on_common() -> Refusal {
    Refusal::bad(
        "invalid_request",
        9_001_023,
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or \
         tenant-specific endpoint.",
    )
}

pub(in super::super) fn tenant_not_found(tenant: &str) -> Refusal {
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

pub(in super::super) fn application_not_found(client_id: &str, tenant: &str) -> Refusal {
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

pub(in super::super) fn scope_not_valid(scope: &str) -> Refusal {
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

pub(in super::super) fn scope_without_default(scope: &str) -> Refusal {
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

pub(in super::super) fn several_resources(scope: &str) -> Refusal {
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

pub(in super::super) fn resource_not_found(resource: &str, tenant: &str) -> Refusal {
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

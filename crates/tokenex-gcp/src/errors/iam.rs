//! Refusals of the IAM Credentials API.

use http::StatusCode;
use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

pub(super) fn meaning(code: &str, status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, NotFound, Throttled, Unavailable};
    Some(match (code, status.as_u16()) {
        ("PERMISSION_DENIED", _) | (_, 403) => terminal(
            Denied,
            "the identity may not act as the service account, or there is no such account",
            "grant roles/iam.workloadIdentityUser on the account to the principal of the pool \
             (roles/iam.serviceAccountTokenCreator to another service account, at each link of a chain of delegates); a new \
             binding takes minutes to be known everywhere",
        ),
        ("UNAUTHENTICATED", _) | (_, 401) => transient(
            Identity,
            "the base token was not accepted",
            "it may have ended on the way, and a new one is on its way; if it stays so, is it a token of this Google Cloud?",
        ),
        ("NOT_FOUND", _) | (_, 404) => terminal(
            NotFound,
            "there is no such service account",
            "compare with `gcloud iam service-accounts list`; a new account takes a minute to be known everywhere",
        ),
        ("INVALID_ARGUMENT" | "OUT_OF_RANGE", _) => terminal(
            Configuration,
            "the API does not take this request",
            "beyond an hour a lifetime needs the account in the list of \
             constraints/iam.allowServiceAccountCredentialLifetimeExtension; else look at scopes, audience and delegates",
        ),
        ("FAILED_PRECONDITION", _) => terminal(
            Denied,
            "the service account is not in a state in which it can do this",
            "is it disabled? See `gcloud iam service-accounts describe`",
        ),
        ("RESOURCE_EXHAUSTED", _) => {
            transient(Throttled, "the API asks for fewer requests", "see the quotas of the API in the project")
        }
        ("UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" | "ABORTED" | "CANCELLED" | "UNKNOWN", _) => {
            transient(Unavailable, "the API cannot answer for a moment", "")
        }
        _ => return None,
    })
}

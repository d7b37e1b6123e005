//! Refusals of the OAuth token endpoint, which turns a service account's key into tokens.

use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

pub(super) fn meaning(code: &str, said: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, Trust, Unavailable};
    let said = said.to_ascii_lowercase();
    Some(match code {
        // The clock of the token endpoint is learnt from this very answer, so the next attempt may fit.
        "invalid_grant" if said.contains("timeframe") || said.contains("short-lived") => transient(
            Identity,
            "Google says that the grant was made at another time than now",
            "the local clock is far from Google's",
        ),
        "invalid_grant" if said.contains("account not found") => terminal(
            Trust,
            "there is no service account of that name any more",
            "was it deleted? See `gcloud iam service-accounts list`",
        ),
        "invalid_grant" if said.contains("disabled") => {
            terminal(Denied, "the service account or its key is disabled", "see `gcloud iam service-accounts describe`")
        }
        "invalid_grant" if said.contains("audience") => terminal(
            Configuration,
            "the grant was made for another token endpoint than this one",
            "is the key's token_uri right?",
        ),
        "invalid_grant" => terminal(
            Trust,
            "Google does not know the key",
            "was it deleted or disabled? See `gcloud iam service-accounts keys list --iam-account=ACCOUNT`",
        ),
        "invalid_scope" => terminal(
            Configuration,
            "the scopes were not accepted",
            "write them in full, such as https://www.googleapis.com/auth/cloud-platform",
        ),
        "unauthorized_client" | "access_denied" => {
            terminal(Denied, "the service account may not have a token for these scopes", "")
        }
        "invalid_client" => terminal(Trust, "the service account was not accepted", "was it deleted?"),
        "invalid_request" | "unsupported_grant_type" => {
            terminal(Configuration, "the endpoint does not take this request", "is the key's token_uri right?")
        }
        "server_error" | "temporarily_unavailable" | "internal_failure" => {
            transient(Unavailable, "the endpoint cannot answer for a moment", "")
        }
        _ => return None,
    })
}

//! Refusals of the Security Token Service.

use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

/// Pools and providers take minutes until all of Google knows them.
const NEW: &str = "a new or changed one takes up to 5 minutes to be known everywhere";

pub(super) fn meaning(code: &str, said: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Trust, Unavailable};
    Some(match code {
        "invalid_target" => terminal(
            Trust,
            "there is no such pool provider, or it or its pool is disabled or deleted",
            "compare the project number, the pool and the provider with `gcloud iam workload-identity-pools providers list`; \
             a new one takes up to 5 minutes to be known everywhere",
        ),
        "invalid_grant" => invalid_grant(said),
        "unauthorized_client" if said.contains("attribute condition") => terminal(
            Trust,
            "the attribute condition of the provider does not let this identity in",
            "compare the claims with the provider's attribute condition (`providers describe` prints it); a changed one takes \
             up to 5 minutes to be known everywhere",
        ),
        "unauthorized_client" => terminal(Trust, "the provider does not let this identity in", NEW),
        "invalid_client" => terminal(
            Trust,
            "the OAuth client of the workforce pool was not accepted",
            "is the client's id right, its secret current, and the client not disabled?",
        ),
        "invalid_scope" => terminal(
            Configuration,
            "the scopes were not accepted",
            "write them in full, such as https://www.googleapis.com/auth/cloud-platform",
        ),
        "invalid_request" => terminal(
            Configuration,
            "the endpoint does not take this request",
            "most often the provider's name or the type of the subject token is wrong",
        ),
        "unsupported_grant_type" | "unsupported_token_type" => {
            terminal(Configuration, "the endpoint does not serve this kind of request", "is the token URL right?")
        }
        "server_error" | "temporarily_unavailable" | "internal_failure" => {
            transient(Unavailable, "the endpoint cannot answer for a moment", "")
        }
        _ => return None,
    })
}

/// One code for all that can be wrong with a token, and for Google not being able to judge it.
fn invalid_grant(said: &str) -> Meaning {
    use ErrorKind::{Identity, Trust, Unavailable};
    let said = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["error connecting"]) {
        return transient(
            Unavailable,
            "Google cannot read the keys of the token's issuer",
            "the issuer's discovery document and keys must be reachable from the internet over https; keys uploaded to the \
             provider must be a well-formed JWKS",
        );
    }
    if has(&["stale to sign-in", "expired"]) {
        return transient(
            Identity,
            "Google says that the identity token is too old",
            "whoever renews the token has stopped (kubelet, CI job over?), or the clocks differ",
        );
    }
    if has(&["127 bytes"]) {
        return terminal(
            Trust,
            "an attribute that the provider makes of the token is longer than 127 bytes",
            "map google.subject to something shorter than assertion.sub: a part of it, or another claim",
        );
    }
    if has(&["audience"]) {
        return terminal(
            Trust,
            "the provider does not take the audience of the token",
            "compare the audience with the provider's allowed audiences: once it has some, its own name is no longer one; \
             a changed one takes up to 5 minutes to be known everywhere",
        );
    }
    if has(&["issuer"]) {
        return terminal(
            Trust,
            "the provider does not take the issuer of the token",
            "compare the issuer with the provider's issuer URI, character by character, a slash at its end included",
        );
    }
    if has(&["signature", "signing key", "kid"]) {
        return terminal(
            Trust,
            "the signature of the token is not valid to Google",
            "is it signed with RS256 or ES256, by a key that the issuer publishes, or that was uploaded to the provider? After \
             a change of keys Google may still hold the old ones for a while",
        );
    }
    if has(&["attribute mapping", "mapped attribute"]) {
        return terminal(
            Trust,
            "the provider's attribute mapping does not work for this token",
            "compare the claims with the provider's attribute mapping; google.subject must not be empty",
        );
    }
    terminal(
        Trust,
        "the provider does not accept the token",
        "compare issuer, subject and audience with the provider (`providers describe` prints it); a token must not live \
         for 48 hours or longer",
    )
}

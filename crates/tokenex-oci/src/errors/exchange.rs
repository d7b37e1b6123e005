//! Refusals of an identity domain.

use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

/// The application was not accepted.
pub(super) const INVALID_CLIENT: &str = "invalid_client";

/// The signature of the request was not accepted.
pub(super) const NOT_AUTHENTICATED: &str = "NotAuthenticated";

pub(super) fn meaning(code: &str, said: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, Trust, Unavailable};
    Some(match code {
        INVALID_CLIENT => terminal(
            Trust,
            "the domain does not accept the application that exchanges",
            "compare client id and secret with those of the confidential application (OAuth configuration in the console), \
             and is it activated? The secret is sent as it is",
        ),
        "unauthorized_client" => terminal(
            Trust,
            "the application may not exchange tokens of this issuer",
            "list its client id in `oauthClients` of the identity propagation trust, and allow it the grant client credentials",
        ),
        "invalid_grant" | "invalid_token" => about(said).unwrap_or(GENERAL),
        "invalid_request" => about(said).unwrap_or(terminal(
            Configuration,
            "the domain does not take this request",
            "most often there is no active identity propagation trust for the issuer, or a resource type that is not the \
             trust's",
        )),
        "unsupported_grant_type" | "unsupported_token_type" | "invalid_scope" | "invalid_target" => terminal(
            Configuration,
            "the domain does not serve this kind of request",
            "token exchange needs an identity domain: is the URL that of one, and is the tenancy one with domains?",
        ),
        "access_denied" => about(said).unwrap_or(terminal(Denied, "the domain denied access", "")),
        NOT_AUTHENTICATED => transient(
            Identity,
            "the domain does not accept the principal that signed the request",
            "is the clock within 5 minutes of Oracle's, and the instance in the tenancy of the domain?",
        ),
        "NotAuthorizedOrNotFound" | "NotAuthorized" => terminal(
            Denied,
            "the principal that signed the request may not exchange tokens here",
            "name the instance, or its dynamic group, where the trust says who may exchange",
        ),
        "server_error" | "temporarily_unavailable" => {
            transient(Unavailable, "the domain cannot answer for a moment", "")
        }
        _ => return None,
    })
}

/// Changes of a domain reach its replicas in other regions late.
const GENERAL: Meaning = terminal(
    ErrorKind::Trust,
    "no identity propagation trust of the domain takes this token",
    "compare issuer, subject and audience with the trust, and is it active (it is not unless set)? A changed trust takes \
     minutes to be known in all regions of the domain",
);

/// What the text names.
fn about(said: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Identity, Trust, Unavailable};
    // The identity token is called so in whatever is said about it, and is not what a word about the subject means.
    let said = said.to_ascii_lowercase().replace("subject token", "token").replace("subject_token", "token");
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["expired", "not yet valid", "not valid yet"]) {
        return Some(transient(
            Identity,
            "the domain says that the identity token is not valid at this time",
            "whoever renews the token has stopped (kubelet, CI job over?), or the clocks differ by more than the trust's \
             `clockSkewSeconds`",
        ));
    }
    if has(&["keys", "jwks", "publickeyendpoint"]) && has(&["reach", "connect", "retriev", "fetch", "read"]) {
        return Some(transient(
            Unavailable,
            "the domain cannot read the keys of the token's issuer",
            "the trust's `publicKeyEndpoint` must be the issuer's key set, reachable from the internet over https",
        ));
    }
    if has(&["signature", "signing key", "kid"]) {
        return Some(terminal(
            Trust,
            "the signature of the token is not valid to the domain",
            "is the trust's `publicKeyEndpoint` (or certificate) that of the issuer? After a change of keys the domain may \
             still hold the old ones for a while",
        ));
    }
    if has(&["public_key", "public key"]) {
        return Some(terminal(
            Configuration,
            "the domain does not take the session key",
            "choose RSA with 2048 bits, which all of Oracle's own clients have used",
        ));
    }
    if has(&["rpst_exp"]) {
        return Some(terminal(
            Configuration,
            "the domain does not take the lifetime that was asked for",
            "shorten it, or leave `lifetime` out",
        ));
    }
    if has(&["res_type", "resource type", "impersonating resource", "impersonatingresource"]) {
        return Some(terminal(
            Configuration,
            "the trust is for another type of resource",
            "give what the trust calls `impersonatingResource`",
        ));
    }
    if has(&["audience", "claim aud", "client claim", "clientclaim"]) {
        return Some(terminal(
            Trust,
            "the trust does not take the audience of the token",
            "compare it with the trust's `clientClaimValues`, character by character; name it here with `audience`",
        ));
    }
    if has(&["impersonat", "subject", "user"]) {
        return Some(terminal(
            Trust,
            "the trust maps this subject to no one",
            "compare the subject with the rules in `impersonationServiceUsers` (such as `sub eq ...`), which count with \
             `allowImpersonation` only; is the service user active?",
        ));
    }
    has(&["issuer", "trust"]).then_some(GENERAL)
}

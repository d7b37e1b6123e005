//! What a refusal means, by status and by what was asked.
//!
//! The API has no machine codes, and its texts are not a contract: they decide only where the status alone would be
//! wrong, and each such text was seen at a real server. Sources:
//! [status codes](https://openbao.org/api-docs/#http-status-codes), OpenBao's
//! `builtin/credential/jwt/path_login.go`, `vault/expiration.go` and `http/handler.go`, and OpenBao 2.7.2 at work.

use std::time::Duration;

use http::StatusCode;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

use crate::wire::error_texts;

/// What was asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Login,
    RenewLogin,
    RevokeLogin,
    LookUp,
    Read,
    Write,
    RenewLease,
    RevokeLease,
}

impl Step {
    /// As it appears in errors and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::RenewLogin => "renew login",
            Self::RevokeLogin => "revoke login",
            Self::LookUp => "look up login",
            Self::Read => "read",
            Self::Write => "write",
            Self::RenewLease => "renew lease",
            Self::RevokeLease => "revoke lease",
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// The error for an answer that is a refusal and asks to `wait`. `secrets` is what was sent: it is masked in what the server
/// said.
pub(crate) fn refusal(step: Step, status: StatusCode, wait: Option<Duration>, body: &[u8], secrets: &[&str]) -> Error {
    let texts = error_texts(body);
    let said = texts.as_deref().unwrap_or_default().join("; ");
    let meaning = meaning(step, status.as_u16(), &said);

    let mut error =
        meaning.error().with_status(status).with_provider("vault").with_step(step.name()).with_said(&said, secrets);
    if let Some(wait) = wait {
        error = error.with_retry_after(wait);
    }
    if texts.is_none() {
        error = error.with_code("foreign_answer");
        if error.advice().is_none() {
            error = error.with_advice("the answer is not in Vault's form: is a proxy or a load balancer answering?");
        }
    }
    error
}

/// Whether a refused renewal says that there is nothing left to renew.
///
/// Only these texts do (`vault/expiration.go`). Any other 400 may be the database being down, and the lease lives on.
pub(crate) fn lease_is_over(body: &[u8]) -> bool {
    const OVER: [&str; 3] = ["lease not found", "lease expired", "lease is not renewable"];
    error_texts(body).unwrap_or_default().iter().any(|text| OVER.iter().any(|over| text.contains(over)))
}

/// Whether a refused renewal of a login says that this token can never be renewed.
pub(crate) fn login_cannot_be_renewed(body: &[u8]) -> bool {
    // The last is what a token is told that is renewed with the last of its uses.
    const NEVER: [&str; 4] =
        ["batch tokens cannot be renewed", "lease not found", "lease is not renewable", "token not found"];
    error_texts(body).unwrap_or_default().iter().any(|text| NEVER.iter().any(|never| text.contains(never)))
}

/// Whether a refused read says that it has spent the last use of the login, which has ended with all its leases.
pub(crate) fn login_is_spent(body: &[u8]) -> bool {
    error_texts(body).unwrap_or_default().iter().any(|text| text.contains(ONE_USE_LEFT))
}

const ONE_USE_LEFT: &str = "one use left";

fn meaning(step: Step, status: u16, said: &str) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Other, Throttled, Unavailable};
    match status {
        300..=399 => terminal(
            Configuration,
            "the server answered with a redirect that is not followed",
            "give the address of the Vault server itself",
        ),
        400 => bad_request(step, said),
        // Before a login exists, 403 is the answer for a mount that is not there, and for a CIDR that does not fit.
        403 if step == Step::Login => terminal(
            Denied,
            "the server denied the login",
            "most often the mount path is wrong (see `auth list`); or the role is bound to other addresses (token_bound_cidrs)",
        ),
        403 => terminal(
            Denied,
            "the login is not allowed to do this",
            "grant the path to a policy of the login's role, or correct the path: an unknown mount answers the same",
        ),
        404 => terminal(NotFound, "there is nothing at this path", "is the mount, the path and the namespace right?"),
        405 => terminal(
            Configuration,
            "this path does not take this operation",
            "read it instead of writing, or the reverse",
        ),
        412 => transient(Unavailable, "this server has not caught up with the others yet", ""),
        413 => terminal(Configuration, "the request is too big for the server", ""),
        // 472 and 473 are standby states, which normally only the health check shows.
        429 => transient(
            Throttled,
            "the server asks for fewer requests",
            "raise the rate limit quota, or the lease count quota",
        ),
        472 | 473 => transient(Unavailable, "this server is a standby", ""),
        500 if step.is_secret() && said.contains("is not an allowed role") => terminal(
            Denied,
            "the database connection does not allow this role",
            "add the role to allowed_roles of the connection in database/config",
        ),
        500 if step.is_secret() => transient(
            Unavailable,
            "the server could not make the secret",
            "if it stays so, see the server's log: is the database or cloud behind it reachable?",
        ),
        501 => terminal(Unavailable, "the server is not initialised", "initialise and unseal it"),
        503 => transient(
            Unavailable,
            "the server is sealed, has no leader or is under maintenance",
            "unseal it if it is sealed",
        ),
        500..=599 => transient(Unavailable, "the server failed", ""),
        _ => terminal(Other, "the server refused", ""),
    }
}

/// 400 is not one thing.
fn bad_request(step: Step, said: &str) -> Meaning {
    use ErrorKind::{Configuration, Identity, NotFound, Trust, Unavailable};
    match step {
        // Refused identities are 400, and so is a server that cannot reach the issuer to judge them.
        // The last text is that of a mount that has not met its issuer since the server started or was unsealed.
        Step::Login
            if ["fetching keys", "get keys failed", "error configuring token validator"]
                .iter()
                .any(|text| said.contains(text)) =>
        {
            transient(
                Unavailable,
                "the server cannot fetch the issuer's keys",
                "is the issuer's address reachable from the Vault server? see auth/<mount>/config",
            )
        }
        Step::Login if said.contains("token is expired") => transient(
            Identity,
            "the server says that the identity token has expired",
            "whoever renews the token has stopped (kubelet, CI job over?), or the clocks differ",
        ),
        Step::Login if said.contains("could not be found") || said.contains("missing role") => terminal(
            Trust,
            "the server has no such role at this mount",
            "create it at auth/<mount>/role/<role>, or correct the role, mount or namespace",
        ),
        Step::Login => terminal(
            Trust,
            "the server refused the identity",
            "compare with bound_audiences, bound_subject and bound_claims of the role, and with the issuer in auth/<mount>/config",
        ),
        Step::Read | Step::Write if said.contains(ONE_USE_LEFT) => terminal(
            Configuration,
            "the login may be used a limited number of times, and somebody else spends its uses",
            "set token_num_uses of the role to 0, or keep its tokens for this program",
        ),
        Step::Read | Step::Write if said.contains("unknown role") || said.contains("could not be found") => {
            terminal(NotFound, "the secrets engine has no such role", "create the role, or correct its name")
        }
        Step::Read | Step::Write => terminal(Configuration, "the server does not take this request", ""),
        // The database may be down: the secret in hand lives on, and so does the wish to extend or end it.
        Step::RenewLogin | Step::LookUp | Step::RevokeLogin => {
            transient(Unavailable, "the server could not do this now", "")
        }
        Step::RenewLease => transient(
            Unavailable,
            "the server could not extend the lease",
            "the secret stays valid for now; is the database behind it reachable?",
        ),
        Step::RevokeLease => transient(
            Unavailable,
            "the server could not revoke the lease",
            "see the server's log: a database user that owns objects cannot be dropped",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(step: Step, status: u16, text: &str) -> Error {
        let body = serde_json::json!({ "errors": [text] }).to_string();
        refusal(step, StatusCode::from_u16(status).unwrap(), None, body.as_bytes(), &[])
    }

    #[test]
    fn each_refusal_is_classified_by_status_and_place() {
        use ErrorKind::*;
        // step, status, what the server says, kind, transient
        let table = [
            (Step::Login, 400, "error validating token: invalid audience (aud) claim: ...", Trust, false),
            (Step::Login, 400, "role \"x\" could not be found", Trust, false),
            (
                Step::Login,
                400,
                "error verifying token signature: fetching keys oidc: get keys failed",
                Unavailable,
                true,
            ),
            (Step::Login, 400, "error configuring token validator: keyset configuration error: ...", Unavailable, true),
            (Step::Login, 400, "invalid expiration time (exp) claim: token is expired", Identity, true),
            (Step::Login, 403, "permission denied", Denied, false),
            (Step::Login, 503, "Vault is sealed", Unavailable, true),
            (Step::Read, 400, "unknown role: x", NotFound, false),
            (Step::Read, 400, "Secret cannot be returned; token had one use left, so ...", Configuration, false),
            (Step::Read, 403, "permission denied", Denied, false),
            (Step::Read, 404, "", NotFound, false),
            (Step::Write, 405, "unsupported operation", Configuration, false),
            (Step::Read, 412, "required index state not present", Unavailable, true),
            (Step::Read, 429, "request path \"x\": rate limit quota exceeded", Throttled, true),
            (Step::Read, 473, "", Unavailable, true),
            (Step::Read, 500, "unable to start transaction: failed to connect", Unavailable, true),
            (Step::Read, 500, "\"x\" is not an allowed role", Denied, false),
            (Step::Read, 501, "", Unavailable, false),
            (Step::Read, 502, "", Unavailable, true),
            (Step::Read, 418, "", Other, false),
            (Step::Read, 302, "", Configuration, false),
            (Step::RenewLease, 400, "failed to renew entry: failed to connect to `host`", Unavailable, true),
            (Step::RevokeLease, 400, "failed to revoke entry", Unavailable, true),
            (Step::RenewLogin, 400, "anything else", Unavailable, true),
        ];
        for (step, status, text, kind, is_transient) in table {
            let error = refused(step, status, text);
            assert_eq!((error.kind(), error.is_transient()), (kind, is_transient), "{step:?} {status} {text}: {error}");
            assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        }
    }

    #[test]
    fn only_three_texts_end_a_lease() {
        for over in ["lease not found", "lease expired", "lease is not renewable"] {
            assert!(lease_is_over(format!(r#"{{"errors":["{over}"]}}"#).as_bytes()));
        }
        assert!(!lease_is_over(br#"{"errors":["failed to renew entry: failed to connect to `host=db user=v`"]}"#));
        assert!(!lease_is_over(b"<html>lease not found</html>"));
    }

    #[test]
    fn a_page_of_a_proxy_is_not_repeated_and_is_named_as_such() {
        let page = b"<html>internal-host secret</html>";
        let error = refusal(Step::Read, StatusCode::BAD_GATEWAY, None, page, &[]);
        assert_eq!((error.code(), error.said()), (Some("foreign_answer"), None));
        assert!(error.to_string().contains("load balancer"), "{error}");
    }

    #[test]
    fn what_was_sent_is_masked_and_the_wait_asked_for_is_kept() {
        let wait = Some(Duration::from_secs(7));
        let body = br#"{"errors":["quota of token my-token exceeded"]}"#;
        let error = refusal(Step::Read, StatusCode::TOO_MANY_REQUESTS, wait, body, &["my-token"]);
        assert!(!error.to_string().contains("my-token"), "{error}");
        assert_eq!(error.retry_after(), wait);
    }
}

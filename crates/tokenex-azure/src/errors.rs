//! What a refusal of the token endpoint means, by its AADSTS code.
//!
//! The same code comes under different names and statuses, so the code decides; then the standard name of
//! [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), then the status. Microsoft says that codes and
//! texts may change. Sources: [error codes](https://learn.microsoft.com/entra/identity-platform/reference-error-codes),
//! [considerations for federation](https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations),
//! [error handling](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response).

mod codes;

use std::time::Duration;

use http::StatusCode;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

use crate::cloud::Cloud;
use crate::wire::Refused;
use codes::{LOOP, by_code};

/// The error for an answer that is a refusal. `secrets` is what was sent: it is masked in what the endpoint said.
pub(crate) fn refusal(status: StatusCode, body: &[u8], secrets: &[&str], cloud: &Cloud) -> Error {
    let Some(refused) = Refused::read(body) else { return foreign(status) };
    let known = refused.number.and_then(by_code);
    let meaning = known
        .or_else(|| by_overload(status))
        .or_else(|| refused.name.as_deref().and_then(by_name))
        .unwrap_or_else(|| by_status(status));

    let mut error = meaning.error().with_status(status);
    match (refused.number, &refused.name) {
        (Some(number), _) => error = error.with_code(&format!("AADSTS{number}")),
        (None, Some(name)) => error = error.with_code(name),
        (None, None) => {}
    }
    error = error.with_said(&refused.said, secrets);
    match refused.number {
        Some(number) if is_about_the_cloud(number) => {
            let advice = error.advice().unwrap_or_default();
            let advice = format!("{advice}; the cloud in use is {cloud}");
            error = error.with_advice(advice);
        }
        Some(number) if known.is_none() => {
            error = error.with_advice(format!("see https://login.microsoftonline.com/error?code={number}"));
        }
        Some(LOOP) => error = error.with_retry_after(LOOP_WAIT),
        _ => {}
    }
    if let Some(id) = &refused.trace_id {
        error = error.with_request_id(id);
    }
    if let Some(id) = &refused.correlation_id {
        error = error.with_correlation_id(id);
    }
    if let Some(time) = &refused.time {
        error = error.with_time(time);
    }
    error
}

/// Whether the identity token may be what is wrong with the request in a way that a newer one mends: it ran out on the
/// way, was used before, or its key was rolled over.
pub(crate) fn wants_new_assertion(refusal: &Error) -> bool {
    matches!(code(refusal), Some(700_024 | 700_027 | 50_012 | 50_013 | 500_133))
}

/// As [`wants_new_assertion`], for an identity token that was kept for a while: its key may have been withdrawn since.
pub(crate) fn wants_another_assertion_than_the_kept(refusal: &Error) -> bool {
    wants_new_assertion(refusal) || code(refusal) == Some(7_000_272)
}

/// Whether the refusal is about the identity token, so that a person wants to see what it said.
pub(crate) fn is_about_the_assertion(refusal: &Error) -> bool {
    matches!(refusal.kind(), ErrorKind::Trust | ErrorKind::Identity)
}

/// Whether the refusal of a request on behalf of a person is about the person's token, and not about the client's.
pub(crate) fn is_about_the_user(refusal: &Error) -> bool {
    matches!(code(refusal), Some(50_013 | 500_131 | 500_133))
}

/// Whether a client or a secret made minutes ago gets this refusal until all of Entra has heard of it.
pub(crate) fn may_not_have_spread(refusal: &Error) -> bool {
    matches!(code(refusal), Some(7_000_215 | 700_016 | 7_000_229 | 700_025))
}

fn code(refusal: &Error) -> Option<u64> {
    refusal.code()?.strip_prefix("AADSTS")?.parse().ok()
}

/// How long a loop is remembered: minutes, and nothing says how many.
const LOOP_WAIT: Duration = Duration::from_secs(120);

/// Whether the mistake may be that the client or the tenant is in another cloud.
fn is_about_the_cloud(code: u64) -> bool {
    matches!(code, 90_002 | 90_038 | 900_382 | 900_432 | 900_439 | 70_022_204)
}

/// Statuses that say more than a standard name does.
fn by_overload(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Throttled, Unavailable};
    match status.as_u16() {
        429 => Some(transient(Throttled, "the endpoint asks for fewer requests", "")),
        408 | 500..=599 => Some(transient(Unavailable, "the endpoint failed", "")),
        _ => None,
    }
}

fn by_name(name: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, NotFound, Trust, Unavailable};
    Some(match name {
        "invalid_client" => terminal(Trust, "the client was not accepted", ""),
        "invalid_grant" => terminal(Identity, "the identity was not accepted", ""),
        "invalid_request" => terminal(Configuration, "the endpoint does not take this request", ""),
        "unsupported_grant_type" => terminal(Configuration, "the endpoint does not serve this kind of request", ""),
        "invalid_scope" => terminal(Configuration, "the scope was not accepted", "write it as <resource>/.default"),
        "invalid_resource" => terminal(NotFound, "the tenant does not know the resource of the scope", ""),
        "unauthorized_client" => terminal(Denied, "the client may not do this", ""),
        "access_denied" => terminal(Denied, "access was denied", ""),
        "interaction_required" | "consent_required" | "login_required" => {
            terminal(Denied, "the endpoint wants a person to sign in, which no workload can", "")
        }
        "temporarily_unavailable" | "server_error" => {
            transient(Unavailable, "the endpoint cannot answer for a moment", "")
        }
        _ => return None,
    })
}

fn by_status(status: StatusCode) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Other};
    by_overload(status).unwrap_or_else(|| match status.as_u16() {
        300..=399 => terminal(
            Configuration,
            "the endpoint answered with a redirect, which is not followed",
            "give the authority host of the cloud itself",
        ),
        401 | 403 => terminal(Denied, "the endpoint denied the request", ""),
        404 => terminal(NotFound, "there is no token endpoint here", "is the authority host right?"),
        _ => terminal(Other, "the endpoint refused", ""),
    })
}

/// An answer that is not Entra's: a proxy's page, half an answer, nothing at all.
fn foreign(status: StatusCode) -> Error {
    const WHO: &str = "the answer is not in Entra's form: is a proxy or a load balancer answering, or the authority host \
        not Entra's?";
    let error = match status.as_u16() {
        300..=399 | 408 | 429 | 500..=599 => by_status(status).error(),
        _ => Error::new(ErrorKind::Protocol, "the endpoint refused in a form that is not Entra's"),
    };
    let error = if error.advice().is_none() { error.with_advice(WHO) } else { error };
    error.with_status(status).with_code("foreign_answer")
}

#[cfg(test)]
mod tests;

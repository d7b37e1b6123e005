//! What a refusal means: by status where that says more, then by code and by what was asked for.
//!
//! Oracle publishes no list of what the token endpoint of an identity domain answers. The codes are those of
//! [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), and for signed requests those of
//! [the API](https://docs.oracle.com/iaas/Content/API/References/apierrors.htm). One code stands for much, so what the
//! endpoint says to people decides where it names a thing: a text that names none gets the row of its code.

mod exchange;
mod federation;
mod oke;

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

use crate::wire::Refused;

/// What Oracle's support finds a request by.
const REQUEST_ID: &str = "opc-request-id";

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A session token, of an identity domain.
    Exchange,
    /// A session token of the instance, of the federation endpoint.
    Federation,
    /// What proves the instance, of its metadata service.
    Metadata,
    /// A session token of the pod, of the proxymux in OKE.
    Oke,
    /// What the platform wrote for a resource principal.
    ResourcePrincipal,
}

impl Step {
    /// As it appears in errors and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Federation => "federation",
            Self::Metadata => "metadata",
            Self::Oke => "OKE workload identity",
            Self::ResourcePrincipal => "resource principal",
        }
    }
}

/// Says in an error whose it is.
pub(crate) fn named(error: Error, step: Step) -> Error {
    error.with_provider("oci").with_step(step.name())
}

/// A wrong option of ours.
pub(crate) fn bad_option(code: &'static str, what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("oci").with_code(code)
}

/// The error for an answer that is a refusal. `secrets` is what was sent: it is masked in what the endpoint said.
pub(crate) fn refusal(step: Step, status: StatusCode, headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Error {
    let refused = Refused::read(body);
    let error = match (&refused, step) {
        // What the proxymux says is mostly its status.
        (_, Step::Oke) => oke::meaning(status).unwrap_or_else(|| by_status(status)).error(),
        (_, Step::Metadata) => federation::of_metadata(status).unwrap_or_else(|| by_status(status)).error(),
        (Some(refused), Step::Federation) => by_overload(status)
            .or_else(|| federation::meaning(refused.code.as_deref().unwrap_or_default()))
            .unwrap_or_else(|| by_status(status))
            .error(),
        (Some(refused), _) => by_overload(status)
            .or_else(|| exchange::meaning(refused.code.as_deref().unwrap_or_default(), &refused.said))
            .unwrap_or_else(|| by_status(status))
            .error(),
        (None, _) => foreign(status),
    };
    let mut error = named(error, step).with_status(status);
    if let Some(refused) = refused {
        if let Some(code) = &refused.code {
            error = error.with_code(code);
        }
        error = error.with_said(&refused.said, secrets);
    }
    match headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// Whether the refusal is about the identity token, so that a person wants to see what it said.
pub(crate) fn is_about_the_identity(refusal: &Error) -> bool {
    matches!(refusal.kind(), ErrorKind::Trust | ErrorKind::Identity) && !is_about_the_client(refusal)
}

/// Whether a newer identity token may be all that is missing.
pub(crate) fn wants_new_identity(refusal: &Error) -> bool {
    refusal.kind() == ErrorKind::Identity && refusal.is_transient() && !is_about_the_client(refusal)
}

/// Whether the application with its secret, or the principal that signed, was not accepted.
pub(crate) fn is_about_the_client(refusal: &Error) -> bool {
    matches!(refusal.code(), Some(exchange::INVALID_CLIENT | exchange::NOT_AUTHENTICATED))
}

/// Statuses that say more than a code does.
fn by_overload(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Throttled, Unavailable};
    match status.as_u16() {
        429 => Some(transient(Throttled, "the endpoint asks for fewer requests", "")),
        408 | 500..=599 => Some(transient(Unavailable, "the endpoint failed", "")),
        _ => None,
    }
}

fn by_status(status: StatusCode) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Other};
    by_overload(status).unwrap_or_else(|| match status.as_u16() {
        300..=399 => terminal(
            Configuration,
            "the endpoint answered with a redirect, which is not followed",
            "give the Domain URL that the console shows, and no address in front of it",
        ),
        400 => terminal(Configuration, "the endpoint does not take this request", ""),
        401 | 403 => terminal(Denied, "the endpoint denied the request", ""),
        404 => terminal(
            NotFound,
            "there is no token endpoint here",
            "is this the Domain URL of an identity domain that is there and active?",
        ),
        _ => terminal(Other, "the endpoint refused", ""),
    })
}

/// An answer that is not Oracle's: a proxy's page, half an answer, nothing at all.
fn foreign(status: StatusCode) -> Error {
    const WHO: &str = "the answer is not in Oracle's form: is a proxy or a load balancer answering, or the address not \
        that of an identity domain?";
    let error = match status.as_u16() {
        300..=399 | 404 | 408 | 429 | 500..=599 => by_status(status).error(),
        _ => Error::new(ErrorKind::Protocol, "the endpoint refused in a form that is not Oracle's"),
    };
    let error = if error.advice().is_none() { error.with_advice(WHO) } else { error };
    error.with_code("foreign_answer")
}

#[cfg(test)]
mod tests;

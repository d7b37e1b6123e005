//! What a refusal of STS means, by its code.
//!
//! On the wire some codes end in `Exception` and some do not, whatever the documents say; both are read. Sources: the errors
//! of [AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors),
//! [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors) and
//! [GetWebIdentityToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html#API_GetWebIdentityToken_Errors),
//! and the [common ones](https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).

mod codes;
mod metadata;

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokenex_core::{Error, ErrorKind, Retry};

use codes::{by_code, by_status};
pub(crate) use metadata::{MetadataStep, expired_on_arrival, metadata_refusal, not_success};

/// What was asked for, as it appears in errors and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    WebIdentity,
    AssumeRole,
    Outbound,
}

impl Step {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WebIdentity => "web identity",
            Self::AssumeRole => "assume role",
            Self::Outbound => "outbound identity",
        }
    }
}

/// What a refusal says of itself.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) status: StatusCode,
    /// `None` where the answer is not in STS's form.
    pub(crate) code: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// The error for a refusal. `secrets` is what was sent: it is masked in what STS said.
pub(crate) fn refusal(step: Step, refused: &Refused<'_>, secrets: &[&str]) -> Error {
    let error = match refused.code {
        Some(code) => {
            let stem = code.strip_suffix("Exception").unwrap_or(code);
            let meaning = by_code(step, stem, refused.message).unwrap_or_else(|| by_status(refused.status));
            meaning.error().with_code(code).with_said(refused.message, secrets)
        }
        None => foreign(refused.status),
    };
    error.with_provider("aws").with_step(step.name()).with_status(refused.status)
}

/// How long STS asks to wait: milliseconds, in a header of AWS's own.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("x-amz-retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_millis)
}

/// Whether a newer identity token mends it.
pub(crate) fn wants_new_identity(refusal: &Error) -> bool {
    refusal.step() == Some(Step::WebIdentity.name()) && matches!(stem(refusal), Some("ExpiredToken"))
}

/// Whether the refusal is about the identity token, so that a person wants to see what it said.
pub(crate) fn is_about_identity(refusal: &Error) -> bool {
    matches!(refusal.kind(), ErrorKind::Trust | ErrorKind::Identity)
}

/// Whether the credentials that sign are what is refused, and other ones may be accepted.
pub(crate) fn wants_other_signer(refusal: &Error) -> bool {
    matches!(stem(refusal), Some("ExpiredToken" | "InvalidClientTokenId" | "UnrecognizedClient"))
}

/// An access key that was just made is unknown to parts of AWS for a while
/// ([eventual consistency](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency)).
const YOUNG: Duration = Duration::from_secs(2 * 60);

/// A refusal of credentials this old: of young ones it passes by itself.
pub(crate) fn judge_by_age(refusal: Error, age: Option<Duration>) -> Error {
    let spreading =
        matches!(stem(&refusal), Some("InvalidClientTokenId" | "UnrecognizedClient" | "SignatureDoesNotMatch"));
    match age.filter(|age| spreading && *age < YOUNG) {
        Some(age) => refusal.with_retry(Retry::Transient).with_advice(format!(
            "the credentials were made {} s ago, and take a while to be known everywhere in AWS; if this lasts beyond {} \
             minutes, they are wrong or were deleted",
            age.as_secs(),
            YOUNG.as_secs() / 60
        )),
        None => refusal,
    }
}

fn stem(refusal: &Error) -> Option<&str> {
    refusal.code().map(|code| code.strip_suffix("Exception").unwrap_or(code))
}

/// An answer that is not STS's: a proxy's page, half an answer, nothing at all.
fn foreign(status: StatusCode) -> Error {
    const WHO: &str =
        "the answer is not in the form of STS: is a proxy or a load balancer answering, or the endpoint not STS?";
    let error = match status.as_u16() {
        300..=399 | 408 | 429 | 500..=599 => by_status(status).error(),
        200..=299 => Error::new(ErrorKind::Protocol, "the answer is not what STS answers"),
        _ => Error::new(ErrorKind::Protocol, "the endpoint refused in a form that is not that of STS"),
    };
    let error = if error.advice().is_none() { error.with_advice(WHO) } else { error };
    error.with_code("foreign_answer")
}

#[cfg(test)]
mod tests;

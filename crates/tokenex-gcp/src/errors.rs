//! What a refusal means: by the reason that Google's APIs give, by status where that says more, then by code and place.
//!
//! The Security Token Service and the OAuth token endpoint answer in the form of OAuth, IAM Credentials in that of Google's
//! APIs, and each now and then in the other's. The texts are not a contract: they decide only where the code alone would
//! be wrong. Sources:
//! [troubleshooting federation](https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation),
//! [reasons](https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto),
//! [statuses](https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto),
//! [errors of the token endpoint](https://developers.google.com/identity/protocols/oauth2/service-account#error-codes).

mod exchange;
mod grant;
mod iam;
mod metadata;

use std::borrow::Cow;

use http::StatusCode;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

use crate::wire::Refused;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A federated token, of the Security Token Service.
    Exchange,
    /// An access token of a service account, of IAM Credentials.
    Impersonate,
    /// An ID token of a service account, of IAM Credentials.
    IdToken,
    /// An access token for a service account's key, of the OAuth token endpoint.
    Grant,
    /// Anything of the metadata server.
    Metadata,
    /// The subject token, of AWS.
    Aws,
}

impl Step {
    /// As it appears in errors and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Impersonate => "impersonate",
            Self::IdToken => "ID token",
            Self::Grant => "key grant",
            Self::Metadata => "metadata",
            Self::Aws => "AWS subject token",
        }
    }
}

/// A wrong option of ours.
pub(crate) fn bad_option(code: &'static str, what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("gcp").with_code(code)
}

/// The error for an answer that is a refusal. `secrets` is what was sent: it is masked in what the endpoint said.
pub(crate) fn refusal(step: Step, status: StatusCode, body: &[u8], secrets: &[&str]) -> Error {
    if step == Step::Metadata || step == Step::Aws {
        return metadata::refusal(step, status).with_status(status);
    }
    let Some(refused) = Refused::read(body) else { return foreign(status) };
    let code = refused.code.as_deref().unwrap_or_default();
    let meaning = (refused.reason.as_deref().and_then(by_reason))
        .or_else(|| by_overload(status))
        .or_else(|| match step {
            Step::Exchange => exchange::meaning(code, &refused.said),
            Step::Impersonate | Step::IdToken => iam::meaning(code, status),
            Step::Grant => grant::meaning(code, &refused.said),
            Step::Metadata | Step::Aws => None,
        })
        .unwrap_or_else(|| by_status(status));

    let mut error = meaning.error().with_status(status);
    if let Some(code) = refused.reason.as_deref().or(refused.code.as_deref()) {
        error = error.with_code(code);
    }
    error = error.with_said(&refused.said, secrets);
    if refused.reason.as_deref() == Some("SERVICE_DISABLED") {
        error = error.with_advice(enable(step, refused.project.as_deref()));
    }
    match refused.retry_in {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// Whether the refusal is about the identity token, so that a person wants to see what it said.
pub(crate) fn is_about_the_identity(refusal: &Error) -> bool {
    matches!(refusal.kind(), ErrorKind::Trust | ErrorKind::Identity)
}

/// Whether a newer identity token may be all that is missing.
pub(crate) fn wants_new_identity(refusal: &Error) -> bool {
    refusal.kind() == ErrorKind::Identity && refusal.is_transient()
}

/// Whether a key made minutes ago gets this refusal until all of Google has heard of it.
pub(crate) fn may_not_have_spread(refusal: &Error) -> bool {
    refusal.kind() == ErrorKind::Trust && refusal.code() == Some("invalid_grant")
}

/// The reasons of Google's APIs, which are the same at all of them.
fn by_reason(reason: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, Throttled};
    Some(match reason {
        // The advice is made where it is known which API and which project are meant.
        "SERVICE_DISABLED" => terminal(Denied, "the API that is asked is not enabled in the project", ""),
        "BILLING_DISABLED" => {
            terminal(Denied, "the project has no billing account", "link one, or use another project")
        }
        "CONSUMER_INVALID" | "CONSUMER_SUSPENDED" => {
            terminal(Denied, "the project is not there or is suspended", "look at the project in the console")
        }
        "USER_PROJECT_DENIED" => terminal(
            Denied,
            "the identity may not use the project that quota is counted for",
            "grant roles/serviceusage.serviceUsageConsumer on that project, or name another one",
        ),
        "SECURITY_POLICY_VIOLATED" => terminal(
            Denied,
            "a VPC Service Controls perimeter does not allow this",
            "see the audit log of the perimeter, and add an ingress rule for the identity",
        ),
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => terminal(
            Configuration,
            "the scopes of the base token do not allow this",
            "get the base token for https://www.googleapis.com/auth/cloud-platform or https://www.googleapis.com/auth/iam",
        ),
        "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_TYPE_UNSUPPORTED" | "CREDENTIALS_MISSING" => {
            transient(Identity, "the base token was not accepted", "")
        }
        "ACCOUNT_STATE_INVALID" => terminal(
            Denied,
            "the account of the base token is disabled or deleted",
            "see `gcloud iam service-accounts describe`",
        ),
        "RATE_LIMIT_EXCEEDED" | "RESOURCE_QUOTA_EXCEEDED" => {
            transient(Throttled, "the API asks for fewer requests", "see the quotas of the API in the project")
        }
        _ => return None,
    })
}

/// How to enable the API of a step.
fn enable(step: Step, project: Option<&str>) -> String {
    let api = if step == Step::Exchange { "sts" } else { "iamcredentials" };
    let project = project.and_then(|name| name.strip_prefix("projects/")).unwrap_or("PROJECT");
    format!("`gcloud services enable {api}.googleapis.com --project={project}`, and wait a few minutes")
}

/// Statuses that say more than a code does.
fn by_overload(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Throttled, Unavailable};
    match status.as_u16() {
        429 => Some(transient(
            Throttled,
            "the endpoint asks for fewer requests",
            "see the quotas of the API in the project",
        )),
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
            "give the address of the service itself",
        ),
        401 | 403 => terminal(Denied, "the endpoint denied the request", ""),
        404 => terminal(NotFound, "there is nothing at this address", "is the address of the endpoint right?"),
        400 => terminal(Configuration, "the endpoint does not take this request", ""),
        _ => terminal(Other, "the endpoint refused", ""),
    })
}

/// An answer that is not Google's: a proxy's page, half an answer, nothing at all.
fn foreign(status: StatusCode) -> Error {
    const WHO: &str = "the answer is not in Google's form: is a proxy or a load balancer answering, or the address not \
        Google's?";
    let error = match status.as_u16() {
        300..=399 | 408 | 429 | 500..=599 => by_status(status).error(),
        _ => Error::new(ErrorKind::Protocol, "the endpoint refused in a form that is not Google's"),
    };
    let error = if error.advice().is_none() { error.with_advice(WHO) } else { error };
    error.with_status(status).with_code("foreign_answer")
}

#[cfg(test)]
mod tests;

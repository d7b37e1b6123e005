//! Refusals of metadata servers: Google's, and those of AWS that a credential file names. They answer in plain text or in
//! HTML, so that the status is all there is.

use http::StatusCode;
use tokenex_core::refusal::{Meaning, terminal};
use tokenex_core::{Error, ErrorKind};

use super::{Step, by_overload, by_status};

pub(super) fn refusal(step: Step, status: StatusCode) -> Error {
    let meaning = if step == Step::Aws { of_aws(status) } else { of_google(status) };
    by_overload(status).or(meaning).unwrap_or_else(|| by_status(status)).error()
}

fn of_google(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, NotFound};
    match status.as_u16() {
        404 => Some(terminal(
            NotFound,
            "the metadata server has no such service account",
            "is an account attached to this machine, workload or cluster, and is its e-mail right? A new cluster takes a \
             minute to serve its pods",
        )),
        403 => Some(terminal(
            Denied,
            "the metadata server does not allow this",
            "a proxy on the way (it adds X-Forwarded-For), metadata concealment, or a pod without a right to its account: see \
             the binding of roles/iam.workloadIdentityUser",
        )),
        400 => Some(terminal(
            Configuration,
            "the metadata server does not take this request",
            "are the scopes or the audience right? This platform may not serve identity tokens",
        )),
        _ => None,
    }
}

fn of_aws(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Denied, NotFound};
    match status.as_u16() {
        404 => Some(terminal(
            NotFound,
            "the metadata service of AWS has no role for this machine",
            "attach an instance profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )),
        401 | 403 => Some(terminal(
            Denied,
            "the metadata service of AWS does not allow this",
            "is it turned off, or does it want a session token (imdsv2_session_token_url)?",
        )),
        _ => None,
    }
}

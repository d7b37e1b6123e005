//! Answers as pure functions.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sts::types;
use aws_smithy_types::DateTime;
use tokenex_core::{Error, ErrorKind, Result, Secret};

use crate::credentials::AwsCredentials;

/// The credentials in an answer of STS.
///
/// The SDK takes what is missing for empty, and a missing time for the year 1970.
///
/// # Errors
/// [`ErrorKind::Protocol`], naming the part.
pub(crate) fn credentials(answered: Option<types::Credentials>) -> Result<AwsCredentials> {
    let Some(types::Credentials { access_key_id, secret_access_key, session_token, expiration, .. }) = answered else {
        return Err(not_as_documented("the answer holds no credentials"));
    };
    let (secret, token) = (Secret::new(secret_access_key), Secret::new(session_token));
    let credentials = AwsCredentials::new(access_key_id, secret)
        .with_session_token(token)
        .with_expires_at(moment(&expiration).ok_or_else(|| not_as_documented("the answer does not say until when"))?);
    credentials.check(ErrorKind::Protocol)?;
    Ok(credentials)
}

/// As the SDK takes them; `None` when there are none.
pub(crate) fn policy_arns(arns: &[String]) -> Option<Vec<types::PolicyDescriptorType>> {
    let arns = arns.iter().map(|arn| types::PolicyDescriptorType::builder().arn(arn).build());
    Some(arns.collect::<Vec<_>>()).filter(|arns| !arns.is_empty())
}

/// A moment after 1970, to the precision that is there.
pub(crate) fn moment(at: &DateTime) -> Option<SystemTime> {
    SystemTime::try_from(*at).ok().filter(|at| *at > UNIX_EPOCH)
}

/// The request id in the body of an answer, of which only this one element is looked at.
pub(crate) fn request_id(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.rsplit_once("<RequestId>")?;
    let (id, _) = rest.split_once("</RequestId>")?;
    Some(id.trim()).filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

pub(crate) fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

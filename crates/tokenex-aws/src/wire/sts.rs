//! What STS answers, as the SDK reads it.

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

/// Whether a document was not cut off in the middle of a text or a tag. The SDK takes half a text for a whole one: half a
/// code, or half an access key.
pub(crate) fn is_whole(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b">")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(
        change: impl FnOnce(types::builders::CredentialsBuilder) -> types::builders::CredentialsBuilder,
    ) -> types::Credentials {
        let builder = types::Credentials::builder()
            .access_key_id("ASIAEXAMPLE")
            .secret_access_key("hunter22")
            .session_token("hunter22")
            .expiration(DateTime::from_secs(1_820_923_200));
        change(builder).build().unwrap()
    }

    #[test]
    fn what_the_sdk_takes_for_empty_is_missing() {
        let read = credentials(Some(answered(|builder| builder))).unwrap();
        assert_eq!(read.access_key_id(), "ASIAEXAMPLE");
        assert!(credentials(None).is_err());
        for lacking in [
            answered(|builder| builder.access_key_id("")),
            answered(|builder| builder.secret_access_key("")),
            answered(|builder| builder.session_token("")),
            answered(|builder| builder.expiration(DateTime::from_secs(0))),
            answered(|builder| builder.expiration(DateTime::from_secs(-1))),
        ] {
            let error = credentials(Some(lacking)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn the_request_id_is_the_text_of_its_element() {
        assert_eq!(request_id(b"<x><RequestId>a-1</RequestId></x>"), Some("a-1"));
        for none in [
            "",
            "<RequestId>",
            "<RequestId></RequestId>",
            "<RequestId><b>x</b></RequestId>",
            "<RequestId>a b</RequestId>",
        ] {
            assert_eq!(request_id(none.as_bytes()), None, "{none}");
        }
        assert_eq!(request_id(&[0xff]), None);
    }

    #[test]
    fn half_a_document_is_told_from_a_whole_one() {
        assert!(is_whole(b"<a><b>x</b></a>\n"));
        for cut in ["", "<a><b>x", "<a><b>x</b", "text"] {
            assert!(!is_whole(cut.as_bytes()), "{cut}");
        }
    }
}

//! The forms in which other programs take AWS credentials, as pure functions.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;
use tokenex_core::{Error, ErrorKind, Issued, Result, Secret};
use zeroize::Zeroizing;

use crate::credentials::AwsCredentials;

/// Room for the names of members, punctuation and all that is not a text of variable length.
const ROOM: usize = 512;

/// What a program that a profile names as `credential_process` writes to its standard output, and nothing else
/// ([the format](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html)).
///
/// # Errors
/// [`ErrorKind::Protocol`] when the end of the credentials is a time that the format cannot hold.
pub fn credential_process_json(issued: &Issued<AwsCredentials>) -> Result<Secret> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        version: u8,
        access_key_id: &'a str,
        secret_access_key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        session_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expiration: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        account_id: Option<&'a str>,
    }
    write(
        issued,
        &Document {
            version: 1,
            access_key_id: issued.access_key_id(),
            secret_access_key: issued.secret_access_key().expose(),
            session_token: issued.session_token().map(Secret::expose),
            expiration: issued.expires_at().map(rfc3339).transpose()?,
            account_id: issued.account_id(),
        },
    )
}

/// What an endpoint answers that serves credentials to containers
/// ([the protocol](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)).
///
/// # Errors
/// [`ErrorKind::Configuration`] when the credentials have no session token or no end: clients want both.
/// [`ErrorKind::Protocol`] when the end is a time that the format cannot hold.
pub fn container_json(issued: &Issued<AwsCredentials>) -> Result<Secret> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        access_key_id: &'a str,
        secret_access_key: &'a str,
        token: &'a str,
        expiration: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        account_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        role_arn: Option<&'a str>,
    }
    let lasting = || {
        Error::new(
            ErrorKind::Configuration,
            "the credentials do not end, and the container protocol has no form for that",
        )
        .with_provider("aws")
        .with_code("no_end")
        .with_advice("hand out those of a role: assume one with these")
    };
    write(
        issued,
        &Document {
            access_key_id: issued.access_key_id(),
            secret_access_key: issued.secret_access_key().expose(),
            token: issued.session_token().map(Secret::expose).ok_or_else(lasting)?,
            expiration: rfc3339(issued.expires_at().ok_or_else(lasting)?)?,
            account_id: issued.account_id(),
            role_arn: issued.role_arn(),
        },
    )
}

/// Writes into room that is made at once: a text that grows leaves unwiped copies behind.
fn write(credentials: &AwsCredentials, document: &impl Serialize) -> Result<Secret> {
    let token = credentials.session_token().map_or(0, Secret::len);
    let room = ROOM + credentials.secret_access_key().len() + token;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    let unwritable = || Error::new(ErrorKind::Other, "the credentials cannot be written as JSON").with_provider("aws");
    serde_json::to_writer(&mut *text, document).map_err(|_| unwritable())?;
    std::str::from_utf8(&text).map(Secret::new).map_err(|_| unwritable())
}

/// In UTC and whole seconds, cut: rather too early than too late, and some clients read no fractions.
fn rfc3339(at: SystemTime) -> Result<String> {
    let seconds = DateTime::from(at).secs();
    DateTime::from_secs(seconds).fmt(Format::DateTime).map_err(|_| {
        Error::new(ErrorKind::Protocol, "the credentials end at a time that cannot be written")
            .with_provider("aws")
            .with_code("expiration")
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_is_written_in_utc_and_cut_to_seconds() {
        let at = UNIX_EPOCH + Duration::from_millis(1_820_923_200_999);
        assert_eq!(rfc3339(at).unwrap(), "2027-09-14T12:00:00Z");
    }
}

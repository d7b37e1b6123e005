//! What the services on AWS's machines answer: the container endpoint, the agent of EKS Pod Identity, and the instance
//! metadata service.
//!
//! Sources: [container credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html),
//! [instance metadata](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html).

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};
use tokenex_core::{Result, Secret};

use super::sts::{moment, not_as_documented};
use crate::credentials::AwsCredentials;

/// Role names, and so a segment of a path, have no more characters.
const ROLE_NAME_MAX: usize = 64;

/// What a service says when it does not hand out credentials.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

/// The credentials in an answer. All four of its members must be there, or nobody could use them for long.
///
/// # Errors
/// [`ErrorKind::Protocol`](tokenex_core::ErrorKind::Protocol), naming the part. The text itself is never in the error.
pub(crate) fn credentials(body: &[u8]) -> Result<AwsCredentials> {
    // The parser's message quotes what it could not read, so it is not kept.
    let mut members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| not_as_documented("the answer is not a JSON object"))?;
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    };
    let id = text("AccessKeyId").ok_or_else(|| not_as_documented("the answer holds no access key id"))?;
    let secret = text("SecretAccessKey").map(Secret::new);
    let secret = secret.ok_or_else(|| not_as_documented("the answer holds no secret access key"))?;
    let token = text("Token").map(Secret::new).ok_or_else(|| not_as_documented("the answer holds no session token"))?;
    let ends = text("Expiration").ok_or_else(|| not_as_documented("the answer does not say until when"))?;
    let ends = DateTime::from_str(ends.trim(), Format::DateTimeWithOffset).ok().and_then(|at| moment(&at));
    let ends = ends.ok_or_else(|| not_as_documented("the answer says in no known form until when"))?;
    let credentials = AwsCredentials::new(id, secret)
        .with_session_token(token)
        .with_expires_at(ends)
        .with_account_id(text("AccountId"))
        .of_role(text("RoleArn"), None);
    credentials.check(tokenex_core::ErrorKind::Protocol)?;
    Ok(credentials)
}

/// What a refusal says of itself: `Code` and `Message`, in upper or lower case. Nothing where it is in another form.
pub(crate) fn refused(body: &[u8]) -> Refused {
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else { return Refused::default() };
    let text = |name: &str| {
        let found = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    };
    Refused { code: text("Code"), message: text("Message").unwrap_or_default() }
}

/// The name of the instance's role: the first line.
///
/// # Errors
/// [`ErrorKind::Protocol`](tokenex_core::ErrorKind::Protocol) when it is none, and so could lead to another path.
pub(crate) fn role_name(body: &[u8]) -> Result<&str> {
    let name = std::str::from_utf8(body).ok().and_then(|text| text.lines().next()).unwrap_or_default().trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.is_empty() || name.len() > ROLE_NAME_MAX || !name.bytes().all(fits) || name.starts_with('.') {
        return Err(not_as_documented("the answer is not the name of a role"));
    }
    Ok(name)
}

/// The token of the metadata service.
///
/// # Errors
/// [`ErrorKind::Protocol`](tokenex_core::ErrorKind::Protocol) when it is none.
pub(crate) fn service_token(body: &[u8]) -> Result<Secret> {
    let token = std::str::from_utf8(body).unwrap_or_default().trim();
    if token.is_empty() || token.len() > 4096 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(not_as_documented("the answer is not a token of the service"));
    }
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;
    use serde_json::json;
    use tokenex_core::ErrorKind;

    use super::*;

    fn answer() -> Value {
        json!({"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "hunter22", "Token": "hunter22+",
            "Expiration": "2027-09-14T12:00:00Z"})
    }

    fn read(value: &Value) -> Result<AwsCredentials> {
        credentials(value.to_string().as_bytes())
    }

    #[test]
    fn answers_of_each_service_are_read() {
        let at = Some(UNIX_EPOCH + Duration::from_secs(1_820_923_200));
        let plain = read(&answer()).unwrap();
        assert_eq!((plain.access_key_id(), plain.expires_at(), plain.role_arn()), ("ASIAEXAMPLE", at, None));
        assert!(plain.is_role_session());
        let mut container = answer();
        container["RoleArn"] = json!("arn:aws:iam::123456789012:role/app");
        container["AccountId"] = json!("123456789012");
        container["Expiration"] = json!("2027-09-14T14:00:00.5+02:00");
        let container = read(&container).unwrap();
        assert_eq!(
            (container.role_arn(), container.account_id()),
            (Some("arn:aws:iam::123456789012:role/app"), Some("123456789012"))
        );
        assert_eq!(container.expires_at(), at.map(|at| at + Duration::from_millis(500)));
        let mut instance = answer();
        instance["Code"] = json!("Success");
        instance["Type"] = json!("AWS-HMAC");
        assert!(read(&instance).is_ok());
    }

    #[test]
    fn what_is_no_answer_is_an_error_without_its_text() {
        let mut bad: Vec<String> = ["", "<html>hunter22</html>", "[\"hunter22\"]", "{\"SecretAccessKey\": \"hunter22"]
            .map(String::from)
            .into();
        for name in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
            for value in [json!(null), json!(" "), json!(7)] {
                let mut answer = answer();
                answer[name] = value;
                bad.push(answer.to_string());
            }
        }
        for (name, value) in [
            ("Expiration", "hunter22"),
            ("Expiration", "1960-01-01T00:00:00Z"),
            ("Token", "hunter22\n1"),
            ("AccessKeyId", "a b"),
        ] {
            let mut answer = answer();
            answer[name] = json!(value);
            bad.push(answer.to_string());
        }
        for body in bad {
            let error = credentials(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn a_refusal_is_read_in_either_case() {
        let said = refused(br#"{"code": "AccessDenied", "message": "no"}"#);
        assert_eq!((said.code.as_deref(), said.message.as_str()), (Some("AccessDenied"), "no"));
        assert_eq!(refused(br#"{"Code": "X", "Message": null}"#).code.as_deref(), Some("X"));
        assert!(refused(b"<html>").code.is_none() && refused(b"").code.is_none());
    }

    #[test]
    fn a_role_name_cannot_lead_anywhere_else() {
        assert_eq!(role_name(b"app-role_1\n").unwrap(), "app-role_1");
        assert_eq!(role_name(b"one\ntwo").unwrap(), "one");
        for bad in ["", "\n", "a/b", "..", "../x", "a?b", "a#b", "a%2f", "<html>", "a b", &"a".repeat(65)] {
            assert!(role_name(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(role_name(&[0xff]).is_err());
    }

    #[test]
    fn a_service_token_fits_into_a_header() {
        assert_eq!(service_token(b"AQAEAD==\n").unwrap().expose(), "AQAEAD==");
        for bad in [&b""[..], b" ", b"a b", b"<html>\n</html>", &[0xff], &[b'a'; 5000]] {
            assert!(service_token(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, at in ".{0,40}") {
            let _ = (credentials(&body), refused(&body), role_name(&body), service_token(&body));
            let mut answer = answer();
            answer["Expiration"] = json!(at);
            let _ = read(&answer);
        }
    }
}

//! AWS Signature Version 4
//! ([how it is made](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)), for a
//! request that somebody else sends: no SDK of AWS is needed for one signature.

use std::collections::BTreeMap;
use std::time::SystemTime;

use http::Uri;
use ring::{digest, hmac};
use time::OffsetDateTime;
use tokenex_core::Secret;

/// Keys of AWS.
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: Secret,
    pub(super) session: Option<Secret>,
}

/// A request without a body.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a Uri,
    /// Names in lower case. Those of the host and the date are added.
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// All headers of the signed request.
pub(super) fn sign(request: &Unsigned<'_>, keys: &Keys, now: SystemTime) -> BTreeMap<String, Secret> {
    let (day, moment) = dates(now);
    let mut headers: BTreeMap<String, Secret> =
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(value.trim()))).collect();
    let host = request.uri.authority().map_or("", |authority| authority.as_str());
    headers.insert("host".to_owned(), host.into());
    headers.insert("x-amz-date".to_owned(), moment.as_str().into());
    if let Some(session) = &keys.session {
        headers.insert("x-amz-security-token".to_owned(), session.clone());
    }

    let signed = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.expose())).collect();
    let canonical = Secret::new(format!(
        "{}\n{}\n{}\n{lines}\n{signed}\n{}",
        request.method,
        request.uri.path(),
        sorted_query(request.uri),
        hash(b"")
    ));
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hash(canonical.expose().as_bytes()));
    let key = signing_key(&keys.secret, &day, request.region, request.service);
    let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    headers.insert(
        "Authorization".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}", keys.id)
            .into(),
    );
    headers
}

/// The day, and the moment, as the signature has them.
fn dates(now: SystemTime) -> (String, String) {
    let now = OffsetDateTime::from(now);
    let day = format!("{:04}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    let moment = format!("{day}T{:02}{:02}{:02}Z", now.hour(), now.minute(), now.second());
    (day, moment)
}

fn sorted_query(uri: &Uri) -> String {
    let mut parameters: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|one| !one.is_empty()).collect();
    parameters.sort_unstable();
    parameters.join("&")
}

fn signing_key(secret: &Secret, day: &str, region: &str, service: &str) -> hmac::Key {
    let first = Secret::new(format!("AWS4{}", secret.expose()));
    let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    [day, region, service, "aws4_request"]
        .iter()
        .fold(key(first.expose().as_bytes()), |with, part| key(hmac::sign(&with, part.as_bytes()).as_ref()))
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The worked example of AWS's documents.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let uri = Uri::from_static("https://iam.amazonaws.com/?Version=2010-05-08&Action=ListUsers");
        let request = Unsigned {
            method: "GET",
            uri: &uri,
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
            region: "us-east-1",
            service: "iam",
        };
        let keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session: None,
        };
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160); // 30 August 2015, 12:36:00
        let headers = sign(&request, &keys, now);
        assert_eq!(
            headers["Authorization"].expose(),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert_eq!(headers["x-amz-date"].expose(), "20150830T123600Z");
    }

    #[test]
    fn a_session_token_is_signed_too() {
        let uri = Uri::from_static("https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15");
        let request = Unsigned { method: "POST", uri: &uri, headers: vec![], region: "us-east-1", service: "sts" };
        let keys = Keys { id: "ASIA".to_owned(), secret: "s".into(), session: Some("t".into()) };
        let headers = sign(&request, &keys, UNIX_EPOCH);
        assert_eq!(headers["x-amz-security-token"].expose(), "t");
        assert!(headers["Authorization"].expose().contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
    }
}

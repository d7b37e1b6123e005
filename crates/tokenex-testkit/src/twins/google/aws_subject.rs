//! A workload on AWS: it signs a question to AWS who it is, and Google asks it.
//!
//! Source: google.aip.dev/auth/4117, "Determining the subject token in AWS".

use bytes::Bytes;
use http::{Request, Uri};
use serde_json::{Value, json};

use super::directory::{AwsAccount, ProviderState};
use super::refusal::{self, Refusal};
use crate::twins::Twin as _;

/// What is asked, at any endpoint of STS.
const QUESTION: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Asks AWS, and says what it answered as claims: `arn`, `account`, `userid`.
pub(super) fn check(trusted: &AwsAccount, provider: &ProviderState, token: &str) -> Result<Value, Refusal> {
    let malformed = || refusal::invalid_grant("The given AWS request is malformed.");
    let decoded = percent_encoding::percent_decode_str(token).decode_utf8().map_err(|_| malformed())?;
    let signed: Value = serde_json::from_str(&decoded).map_err(|_| malformed())?;
    let text = |name: &str| signed[name].as_str().unwrap_or_default();
    let uri: Uri = text("url").parse().map_err(|_| malformed())?;
    let host = uri.host().unwrap_or_default();
    if uri.scheme_str() != Some("https") || !host.starts_with("sts.") || uri.query() != Some(QUESTION) {
        return Err(malformed());
    }
    let mut request = Request::builder().method(text("method")).uri(uri);
    let mut target = None;
    for header in signed["headers"].as_array().ok_or_else(malformed)? {
        let member = |name: &str| header[name].as_str().ok_or_else(malformed);
        let (name, value) = (member("key")?.to_ascii_lowercase(), member("value")?);
        if name == "x-goog-cloud-target-resource" {
            target = Some(value.to_owned());
        }
        request = request.header(name, value);
    }
    // Google's own clients name it and do not sign it.
    if target != Some(format!("//iam.googleapis.com/{}", provider.name)) {
        return Err(refusal::invalid_grant("The given AWS request does not name this provider."));
    }
    let request = request.body(Bytes::from(text("body").to_owned())).map_err(|_| malformed())?;
    let answer = trusted.sts.answer(&request);
    let body = String::from_utf8_lossy(answer.body());
    if !answer.status().is_success() {
        return Err(refusal::invalid_grant("Received invalid AWS response of type ErrorResponse."));
    }
    let claims = json!({
        "arn": element(&body, "Arn"),
        "account": element(&body, "Account"),
        "userid": element(&body, "UserId"),
    });
    if claims["account"] == *trusted.id {
        Ok(claims)
    } else {
        Err(refusal::invalid_grant("The AWS account of the given request does not match the expected one."))
    }
}

/// The text of the first element of this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split_once('<').map_or("", |(text, _)| text)
}

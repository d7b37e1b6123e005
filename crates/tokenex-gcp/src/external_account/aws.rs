//! The subject token of a workload on AWS: a request to AWS that only its role can have signed, and that Google sends to find
//! out who that is
//! ([GetCallerIdentity](https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds#aws)).

use std::env;
use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use http::{Method, Request, Uri, header::HeaderName};
use serde_json::{Value, json};
use tokenex_core::address::{Reach, encode};
use tokenex_core::{Attempt, Error, ErrorKind, Result, Secret};

use super::bad_member;
use super::file::{Members, text_of};
use super::sigv4::{Keys, Unsigned, sign};
use crate::endpoint::{Answer, named, send};
use crate::errors::Step;

const VERIFICATION_URL: &str = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// How long a session with the metadata service lasts that is opened for one attempt.
const SESSION_SECONDS: &str = "60";
const SESSION_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// Where keys and region are: in the environment, or at the metadata service of EC2.
#[derive(Clone)]
pub(super) struct AwsSource {
    audience: String,
    region_url: Option<Uri>,
    role_url: Option<Uri>,
    session_url: Option<Uri>,
    verification_url: String,
    variable: fn(&str) -> Option<String>,
}

impl AwsSource {
    pub(super) fn read(members: &Members, audience: &str) -> Result<Self> {
        match text_of(members, "environment_id")? {
            Some("aws1") => {}
            _ => {
                return Err(bad_member(
                    "credential_source.environment_id",
                    "is not \"aws1\", the one version there is",
                ));
            }
        }
        let verification_url =
            text_of(members, "regional_cred_verification_url")?.unwrap_or(VERIFICATION_URL).to_owned();
        check_verification_url(&verification_url)?;
        Ok(Self {
            audience: audience.to_owned(),
            region_url: metadata_url(members, "region_url")?,
            role_url: metadata_url(members, "url")?,
            session_url: metadata_url(members, "imdsv2_session_token_url")?,
            verification_url,
            variable: |name| env::var(name).ok().filter(|value| !value.trim().is_empty()),
        })
    }

    /// The signed request, as text.
    pub(super) async fn subject_token(&self, cx: &Attempt) -> Result<Secret> {
        let named = |error| named(error, Step::Aws);
        let (region, keys) = (self.region_of_environment(), self.keys_of_environment());
        let session = match (&region, &keys) {
            (Some(_), Some(_)) => None,
            _ => self.session(cx).await.map_err(named)?,
        };
        let region = match region {
            Some(region) => region,
            None => self.region(cx, session.as_ref()).await.map_err(named)?,
        };
        let keys = match keys {
            Some(keys) => keys,
            None => self.keys(cx, session.as_ref()).await.map_err(named)?,
        };
        self.signed(cx, &region, &keys).map_err(named)
    }

    fn signed(&self, cx: &Attempt, region: &str, keys: &Keys) -> Result<Secret> {
        let unusable =
            || Error::new(ErrorKind::Identity, "the region of AWS makes the address unusable").with_code("region");
        if !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(unusable());
        }
        let url = self.verification_url.replace("{region}", region);
        let uri: Uri = url.parse().map_err(|_| unusable())?;
        let request = Unsigned {
            method: "POST",
            uri: &uri,
            headers: vec![("x-goog-cloud-target-resource", &self.audience)],
            region,
            service: "sts",
        };
        // By Google's clock, as far as it is known: it is closer to that of AWS than ours.
        let signed = sign(&request, keys, cx.target_time());
        let headers: Vec<Value> =
            signed.iter().map(|(name, value)| json!({"key": name, "value": value.expose()})).collect();
        let request = json!({"url": url, "method": "POST", "headers": headers, "body": ""});
        Ok(Secret::new(encode(&request.to_string()).to_string()))
    }

    fn region_of_environment(&self) -> Option<String> {
        (self.variable)("AWS_REGION").or_else(|| (self.variable)("AWS_DEFAULT_REGION"))
    }

    fn keys_of_environment(&self) -> Option<Keys> {
        Some(Keys {
            id: (self.variable)("AWS_ACCESS_KEY_ID")?,
            secret: (self.variable)("AWS_SECRET_ACCESS_KEY")?.into(),
            session: (self.variable)("AWS_SESSION_TOKEN").map(Secret::new),
        })
    }

    /// Opens a session with the metadata service, where the file says that one is needed.
    async fn session(&self, cx: &Attempt) -> Result<Option<Secret>> {
        let Some(url) = &self.session_url else { return Ok(None) };
        let request = Request::builder().method(Method::PUT).uri(url).header(SESSION_TTL, SESSION_SECONDS);
        Ok(Some(text(&ask(cx, request.body(Bytes::new())).await?)?))
    }

    /// The region, from the name of the zone: `us-east-1d` is in `us-east-1`.
    async fn region(&self, cx: &Attempt, session: Option<&Secret>) -> Result<String> {
        let Some(url) = &self.region_url else { return Err(nowhere("AWS_REGION", "region_url")) };
        let zone = text(&get(cx, url, session).await?)?;
        let zone = zone.expose();
        Ok(zone.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(zone).to_owned())
    }

    async fn keys(&self, cx: &Attempt, session: Option<&Secret>) -> Result<Keys> {
        let Some(url) = &self.role_url else {
            return Err(nowhere("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "url"));
        };
        let role = text(&get(cx, url, session).await?)?;
        let of_role = format!("{}/{}", url.to_string().trim_end_matches('/'), encode(role.expose()));
        let of_role: Uri =
            of_role.parse().map_err(|_| not_as_documented("the role's name makes the address unusable"))?;
        get(cx, &of_role, session).await?.read(|body| {
            // The parser's message quotes what it could not read, so it is not kept.
            let mut members: Members =
                serde_json::from_slice(body).map_err(|_| not_as_documented("the keys are no JSON object"))?;
            if let Some(code) = members.get("Code").and_then(Value::as_str).filter(|code| *code != "Success") {
                return Err(no_keys(code));
            }
            let mut take = |name| match members.remove(name) {
                Some(Value::String(text)) if !text.is_empty() => Some(text),
                _ => None,
            };
            match (take("AccessKeyId"), take("SecretAccessKey")) {
                (Some(id), Some(secret)) => {
                    Ok(Keys { id, secret: secret.into(), session: take("Token").map(Secret::new) })
                }
                _ => Err(not_as_documented("the answer holds no keys")),
            }
        })
    }
}

async fn get(cx: &Attempt, url: &Uri, session: Option<&Secret>) -> Result<Answer> {
    let mut request = Request::get(url);
    if let Some(session) = session {
        request = request.header(SESSION, session.expose());
    }
    ask(cx, request.body(Bytes::new())).await
}

async fn ask(cx: &Attempt, request: http::Result<Request<Bytes>>) -> Result<Answer> {
    let mut request = request.map_err(|_| not_as_documented("the session token is none"))?;
    if let Some(session) = request.headers_mut().get_mut(SESSION) {
        session.set_sensitive(true);
    }
    let answer = send(cx, Step::Aws, None, request).await?;
    if answer.is_success() { Ok(answer) } else { Err(answer.refusal(cx, &[])) }
}

/// The text of an answer, which is one line.
fn text(answer: &Answer) -> Result<Secret> {
    answer.read(|body| match std::str::from_utf8(body).map(str::trim) {
        Ok(text) if !text.is_empty() && text.len() <= 1024 && text.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(text.into())
        }
        _ => Err(not_as_documented("the answer is not a word")),
    })
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what).with_advice("is that the metadata service of EC2?")
}

/// EC2 says in the answer, and not by its status, that the role does not work.
fn no_keys(code: &str) -> Error {
    Error::new(ErrorKind::Denied, "the metadata service of AWS has no keys for the role of this machine")
        .with_code(code)
        .with_advice("does the role trust ec2.amazonaws.com, and is it still there?")
}

fn nowhere(variables: &str, member: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("neither {variables} nor \"{member}\" says what is needed"))
        .with_code("external_account")
        .with_advice("set the variables for this process, or run it on EC2 with a file that names its metadata service")
}

/// An address of the metadata service of EC2, or of this machine: keys of AWS come from nowhere else.
fn metadata_url(members: &Members, name: &'static str) -> Result<Option<Uri>> {
    let Some(url) = text_of(members, name)? else { return Ok(None) };
    let bad = || {
        bad_member(name, "is not an address of EC2's metadata service")
            .with_advice("it is below http://169.254.169.254/latest/")
    };
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_ec2 = ["169.254.169.254", "fd00:ec2::254"].iter().any(|one| one.parse() == address);
    let is_plain = uri.scheme_str() == Some("http") && uri.authority().is_some_and(|a| !a.as_str().contains('@'));
    if is_plain && (is_ec2 || Reach::of(host) == Reach::Loopback) { Ok(Some(uri)) } else { Err(bad()) }
}

/// What is signed goes to Google, and from there to this address.
fn check_verification_url(url: &str) -> Result<()> {
    let uri: Option<Uri> = url.replace("{region}", "us-east-1").parse().ok();
    let is_sts = |uri: &Uri| {
        let host = uri.host().unwrap_or_default();
        uri.scheme_str() == Some("https") && host.split('.').next().is_some_and(|label| label.starts_with("sts"))
    };
    if uri.as_ref().is_some_and(is_sts) {
        return Ok(());
    }
    Err(bad_member("regional_cred_verification_url", "is not https://sts.{region}.amazonaws.com?...")
        .with_advice(format!("leave it out, or write {VERIFICATION_URL}")))
}

impl fmt::Debug for AwsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokenex_core::Clock;
    use tokenex_testkit::transport::InMemory;

    use super::*;

    fn read(source: &Value) -> Result<AwsSource> {
        AwsSource::read(source.as_object().unwrap(), "//iam.googleapis.com/x")
    }

    fn source() -> Value {
        json!({"environment_id": "aws1",
            "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
            "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
            "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
            "regional_cred_verification_url": VERIFICATION_URL})
    }

    #[test]
    fn keys_come_from_the_metadata_service_alone() {
        read(&source()).unwrap();
        for (member, value) in [
            ("url", "http://example/keys"),
            ("url", "https://169.254.169.254/"),
            ("url", "http://169.254.169.254.example/"),
            ("url", "http://hunter22@169.254.169.254/"),
            ("region_url", "http://10.0.0.1/"),
            ("imdsv2_session_token_url", "169.254.169.254"),
            ("regional_cred_verification_url", "http://sts.amazonaws.com"),
            ("regional_cred_verification_url", "https://example/{region}"),
            ("environment_id", "azure1"),
        ] {
            let mut source = source();
            source[member] = json!(value);
            let error = read(&source).unwrap_err();
            assert!(error.to_string().contains(member) && !error.to_string().contains("hunter22"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_environment_is_asked_first_and_then_nobody_else() {
        let network = InMemory::new();
        let cx = Attempt::detached(Clock::system(), network.transport(), Duration::from_secs(10));
        let mut source = read(&source()).unwrap();
        source.variable = |name| match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ACCESS_KEY_ID" => Some("AKIA".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("hunter22".to_owned()),
            _ => None,
        };
        let token = source.subject_token(&cx).await.unwrap();
        let text = percent_encoding::percent_decode_str(token.expose()).decode_utf8().unwrap();
        let request: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(request["url"], "https://sts.eu-west-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15");
        assert_eq!((&request["method"], &request["body"]), (&json!("POST"), &json!("")));
        let header = |name: &str| {
            let mut headers = request["headers"].as_array().unwrap().iter();
            headers.find(|header| header["key"] == name).unwrap()["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(header("x-goog-cloud-target-resource"), "//iam.googleapis.com/x");
        assert_eq!(header("host"), "sts.eu-west-1.amazonaws.com");
        let signed = "SignedHeaders=host;x-amz-date;x-goog-cloud-target-resource,";
        assert!(header("Authorization").contains(signed) && !text.contains("hunter22"));
        assert!(network.requests().is_empty());

        source.variable = |name| (name == "AWS_REGION").then(|| "eu west/1".to_owned());
        source.role_url = None;
        source.session_url = None;
        let error = source.subject_token(&cx).await.unwrap_err();
        assert!(error.to_string().contains("AWS_SECRET_ACCESS_KEY"), "{error}");
    }
}

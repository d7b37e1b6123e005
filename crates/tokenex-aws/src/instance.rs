//! The credentials of an EC2 instance.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use tokenex_core::address::Reach;
use tokenex_core::{
    AnyTransport, Attempt, Error, ErrorKind, Input, Outcome, Provider, Result, Secret, Source, Target, Transport,
};

use crate::credentials::AwsCredentials;
use crate::errors::{MetadataStep, expired_on_arrival, metadata_refusal, not_success};
use crate::session::bad;
use crate::wire::metadata as wire;
use crate::wire::sts::not_as_documented;

/// The metadata service, which no router leads to.
const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

const TOKEN_PATH: &str = "/latest/api/token";
const CREDENTIALS_PATH: &str = "/latest/meta-data/iam/security-credentials/";

const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const TOKEN_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// How long to wait for the first answer, which comes within milliseconds or not at all.
const SILENCE: Duration = Duration::from_secs(5);

/// A token of the service serves the requests of one attempt, and lives a little longer than that.
const TTL_SECONDS: &str = "60";

/// The provider of the credentials of an EC2 instance's role, and a source of them for
/// [`AssumeRole`](crate::AssumeRole) and [`OutboundIdentity`](crate::OutboundIdentity)
/// ([instance metadata](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html)).
///
/// Only version 2 of the metadata service is spoken: first a token, then the role's name, then its credentials. EC2 keeps a
/// session and hands the same one out until shortly before its end.
///
/// While EC2 cannot renew a role's session, the service hands out the old one beyond its end, and AWS may accept it for a
/// while longer. Here it has ended: an expired credential is a failure that passes, and no credential.
#[derive(Clone)]
pub struct InstanceCredentials {
    origin: String,
    transport: Option<AnyTransport>,
}

impl InstanceCredentials {
    /// The metadata service of the machine that the program runs on.
    pub fn builder() -> InstanceCredentialsBuilder {
        InstanceCredentialsBuilder { address: IPV4.to_owned(), transport: None }
    }

    /// As [`builder`](Self::builder), with what the environment says: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, or
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` (`IPv4` or `IPv6`).
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when `AWS_EC2_METADATA_DISABLED` is true, or the mode is neither of the two.
    pub fn from_env() -> Result<InstanceCredentialsBuilder> {
        from_variables(|name| std::env::var(name).ok())
    }

    async fn credentials(&self, cx: &Attempt) -> Result<AwsCredentials> {
        let token = self.token(cx).await?;
        let role = self.get(cx, CREDENTIALS_PATH, &token).await?;
        let role = wire::role_name(role.body()).map_err(|error| error.with_status(role.status()))?.to_owned();
        let answer = self.get(cx, &format!("{CREDENTIALS_PATH}{role}"), &token).await?;
        // A success in the header can be a refusal in the body.
        let said = wire::refused(answer.body());
        if let Some(code) = said.code.filter(|code| code != "Success") {
            return Err(not_success(&code, &said.message).with_status(answer.status()));
        }
        let credentials = wire::credentials(answer.body()).map_err(|e| e.with_status(answer.status()))?;
        expired_on_arrival(cx, &credentials)?;
        Ok(credentials)
    }

    async fn token(&self, cx: &Attempt) -> Result<Secret> {
        let mut request = self.request(Method::PUT, TOKEN_PATH)?;
        request.headers_mut().insert(TOKEN_TTL, HeaderValue::from_static(TTL_SECONDS));
        let limit = cx.remaining().min(SILENCE);
        let transport = self.transport.clone().unwrap_or_else(|| cx.transport());
        let response = transport.send(request, limit).await.map_err(silent)?;
        match response.status() {
            StatusCode::OK => {
                wire::service_token(response.body()).map_err(|error| error.with_status(response.status()))
            }
            StatusCode::FORBIDDEN => Err(metadata_refusal(MetadataStep::Instance, cx, &response, &[]).with_advice(
                "the metadata service is turned off for this instance, or a proxy is in between: turn it on with \
                    `aws ec2 modify-instance-metadata-options --http-endpoint enabled`",
            )),
            _ => Err(metadata_refusal(MetadataStep::Instance, cx, &response, &[])),
        }
    }

    async fn get(&self, cx: &Attempt, path: &str, token: &Secret) -> Result<Response<Bytes>> {
        let mut request = self.request(Method::GET, path)?;
        let mut value = HeaderValue::from_str(token.expose())
            .map_err(|_| not_as_documented("the token of the service fits into no header"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(TOKEN, value);
        let response = self.send(cx, request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(metadata_refusal(MetadataStep::Instance, cx, &response, &[token.expose()]))
    }

    fn request(&self, method: Method, path: &str) -> Result<Request<Bytes>> {
        let uri: Uri = format!("{}{path}", self.origin)
            .parse()
            .map_err(|_| not_as_documented("the name of the role makes the address unusable"))?;
        let mut request = Request::new(Bytes::new());
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        Ok(request)
    }

    async fn send(&self, cx: &Attempt, request: Request<Bytes>) -> Result<Response<Bytes>> {
        match &self.transport {
            Some(own) => cx.send_through(own, request).await,
            None => cx.send(request).await,
        }
    }
}

/// The answer to the first request travels fewer hops than others, so that it does not leave the machine: in a container it
/// may not arrive.
fn silent(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Unavailable => error.with_advice(
            "is this an EC2 instance? in a container on one, the answer needs a hop more: `aws ec2 \
             modify-instance-metadata-options --http-put-response-hop-limit 2`",
        ),
        _ => error,
    }
}

fn named(error: Error) -> Error {
    error.with_provider("aws").with_step(MetadataStep::Instance.name())
}

impl Provider for InstanceCredentials {
    type Credential = AwsCredentials;

    fn name(&self) -> &'static str {
        "aws"
    }

    fn target(&self) -> Target {
        Target::new(&self.origin)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AwsCredentials>> {
        Ok(self.credentials(cx).await.map_err(named)?.into_grant().into())
    }
}

impl Source<AwsCredentials> for InstanceCredentials {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<AwsCredentials>> {
        self.credentials(cx).await.map(Input::new).map_err(named)
    }
}

impl fmt::Debug for InstanceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceCredentials({})", self.origin)
    }
}

/// The choices of [`InstanceCredentials`].
#[must_use = "credentials begin with `build`"]
pub struct InstanceCredentialsBuilder {
    address: String,
    transport: Option<AnyTransport>,
}

impl InstanceCredentialsBuilder {
    /// Asks at the service's IPv6 address, which instances in a subnet with IPv6 can turn on.
    pub fn ipv6(mut self) -> Self {
        IPV6.clone_into(&mut self.address);
        self
    }

    /// Asks at another address: `http` or `https` and a host, without a path.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.address = url.into();
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before the credentials are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub fn build(self) -> Result<InstanceCredentials> {
        Ok(InstanceCredentials { origin: check_address(&self.address)?, transport: self.transport })
    }
}

impl fmt::Debug for InstanceCredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceCredentialsBuilder")
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<InstanceCredentialsBuilder> {
    let value = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if value("AWS_EC2_METADATA_DISABLED").is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
        return Err(bad("environment", "AWS_EC2_METADATA_DISABLED forbids to ask the metadata service")
            .with_advice("unset it, or take the credentials from elsewhere"));
    }
    let builder = InstanceCredentials::builder();
    if let Some(url) = value("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
        return Ok(builder.endpoint(url));
    }
    match value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").map(|mode| mode.to_ascii_lowercase()).as_deref() {
        None | Some("ipv4") => Ok(builder),
        Some("ipv6") => Ok(builder.ipv6()),
        Some(_) => Err(bad("environment", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6")
            .with_advice("set it to one of them, or not at all")),
    }
}

/// Of an address given as a whole URL, what is in front of the path.
fn check_address(url: &str) -> Result<String> {
    let bad = |what: &'static str| {
        Err(bad("endpoint", what)
            .with_advice("leave it out for the service of this machine, or write it as http://host:port"))
    };
    let Ok(uri) = url.parse::<Uri>() else { return bad("the address of the metadata service is not a URL") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return bad("the address of the metadata service lacks a scheme or a host");
    };
    if authority.as_str().contains('@') || uri.query().is_some() || !uri.path().trim_matches('/').is_empty() {
        return bad("the address of the metadata service holds more than a scheme, a host and a port");
    }
    let origin = format!("{scheme}://{authority}");
    match scheme {
        "https" => Ok(origin),
        "http" if Reach::of(authority.host()) == Reach::Loopback || origin == IPV4 || origin == IPV6 => Ok(origin),
        "http" => bad("the address is not encrypted, and not that of the metadata service or of this machine"),
        _ => bad("the address of the metadata service is neither https nor http"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<InstanceCredentials> {
        let variable = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        from_variables(variable)?.build()
    }

    #[test]
    fn the_environment_names_the_service_or_forbids_it() {
        let origin = |pairs: &[(&str, &str)]| of(pairs).unwrap().origin;
        assert_eq!(origin(&[]), IPV4);
        assert_eq!(origin(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")]), IPV6);
        assert_eq!(origin(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/")]), "http://127.0.0.1:1338");
        assert_eq!(origin(&[("AWS_EC2_METADATA_DISABLED", "false")]), IPV4);
        for pairs in [("AWS_EC2_METADATA_DISABLED", "TRUE"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5")] {
            assert_eq!(of(&[pairs]).unwrap_err().code(), Some("environment"));
        }
    }

    #[test]
    fn only_the_service_this_machine_and_encrypted_addresses_are_asked() {
        for url in
            ["http://169.254.169.254", "http://[fd00:ec2::254]/", "https://metadata.example", "http://localhost:1"]
        {
            assert!(InstanceCredentials::builder().endpoint(url).build().is_ok(), "{url}");
        }
        for url in [
            "http://metadata.example",
            "http://169.254.170.2",
            "http://h/p",
            "https://h/?hunter22",
            "https://hunter22@h",
            "h",
            "",
        ] {
            let error = InstanceCredentials::builder().endpoint(url).build().unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("endpoint")), "{url}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }
}

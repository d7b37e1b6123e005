//! The credentials of a container: those of the task of ECS, and of EKS Pod Identity.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use tokenex_core::address::Reach;
use tokenex_core::sources::File;
use tokenex_core::{AnySource, Attempt, Error, Input, Outcome, Provider, Result, Secret, Source, Target};

use crate::credentials::AwsCredentials;
use crate::errors::{MetadataStep, expired_on_arrival, metadata_refusal};
use crate::session::bad;
use crate::wire::metadata as wire;

/// Where a container of ECS asks, at the path that it is told.
const ECS: &str = "http://169.254.170.2";

/// The addresses that may be asked without encryption: those of ECS and of EKS Pod Identity. No router forwards the first
/// two, and the third is AWS's own.
const PLAIN_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 170, 2), Ipv4Addr::new(169, 254, 170, 23)];
const PLAIN_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);

/// The provider of the credentials that the platform gives to a container, and a source of them for
/// [`AssumeRole`](crate::AssumeRole) and [`OutboundIdentity`](crate::OutboundIdentity)
/// ([the protocol](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)).
///
/// ECS, [EKS Pod Identity](https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html) and many a sidecar speak
/// it. The platform keeps a session and hands the same one out until shortly before its end.
#[derive(Clone)]
pub struct ContainerCredentials {
    uri: Uri,
    token: Option<AnySource<Secret>>,
    transport: Option<tokenex_core::AnyTransport>,
}

impl ContainerCredentials {
    /// Credentials from the endpoint at `url`: `https`, or plain http on this machine or to an address that ECS or EKS use.
    pub fn builder(url: impl Into<String>) -> ContainerCredentialsBuilder {
        ContainerCredentialsBuilder { url: url.into(), token: None, transport: None }
    }

    /// As [`builder`](Self::builder), with what the platform put into the environment:
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, which wins over `AWS_CONTAINER_CREDENTIALS_FULL_URI`, and
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, which wins over `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when neither address is set.
    pub fn from_env() -> Result<ContainerCredentialsBuilder> {
        from_variables(|name| std::env::var(name).ok())
    }

    async fn credentials(&self, cx: &Attempt) -> Result<AwsCredentials> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut token = None;
        if let Some(source) = &self.token {
            let text = source.fetch(cx).await?.into_value();
            request.headers_mut().insert(header::AUTHORIZATION, to_header(&text)?);
            token = Some(text);
        }
        let response = match &self.transport {
            Some(own) => cx.send_through(own, request).await?,
            None => cx.send(request).await?,
        };
        if !response.status().is_success() {
            let secrets: Vec<&str> = token.iter().map(Secret::expose).collect();
            return Err(metadata_refusal(MetadataStep::Container, cx, &response, &secrets));
        }
        let credentials = wire::credentials(response.body()).map_err(|e| e.with_status(response.status()))?;
        expired_on_arrival(cx, &credentials)?;
        Ok(credentials)
    }
}

fn named(error: Error) -> Error {
    error.with_provider("aws").with_step(MetadataStep::Container.name())
}

impl Provider for ContainerCredentials {
    type Credential = AwsCredentials;

    fn name(&self) -> &'static str {
        "aws"
    }

    fn target(&self) -> Target {
        Target::new(origin(&self.uri))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AwsCredentials>> {
        Ok(self.credentials(cx).await.map_err(named)?.into_grant().into())
    }
}

impl Source<AwsCredentials> for ContainerCredentials {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<AwsCredentials>> {
        self.credentials(cx).await.map(Input::new).map_err(named)
    }
}

impl fmt::Debug for ContainerCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContainerCredentials({})", origin(&self.uri))
    }
}

/// The choices of [`ContainerCredentials`].
#[must_use = "credentials begin with `build`"]
pub struct ContainerCredentialsBuilder {
    url: String,
    token: Option<AnySource<Secret>>,
    transport: Option<tokenex_core::AnyTransport>,
}

impl ContainerCredentialsBuilder {
    /// A file with what to send in the `Authorization` header, as it is. It is read again for each request, and white space
    /// around it is dropped.
    pub fn authorization_file(self, path: impl Into<PathBuf>) -> Self {
        self.authorization(File::new(path))
    }

    /// What to send in the `Authorization` header, as it is. It is asked for anew for each request.
    pub fn authorization(mut self, token: impl Source<Secret>) -> Self {
        self.token = Some(AnySource::new(token));
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl tokenex_core::Transport) -> Self {
        self.transport = Some(tokenex_core::AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before the credentials are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<ContainerCredentials> {
        Ok(ContainerCredentials { uri: check_url(&self.url)?, token: self.token, transport: self.transport })
    }
}

impl fmt::Debug for ContainerCredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContainerCredentialsBuilder")
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<ContainerCredentialsBuilder> {
    let value = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let url = match (value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), value("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        (Some(path), _) if path.starts_with('/') => format!("{ECS}{path}"),
        (Some(_), _) => {
            return Err(bad("environment", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash")
                .with_advice("the platform sets it: pass it on as it is, or do not set it"));
        }
        (None, Some(url)) => url,
        (None, None) => {
            return Err(bad("environment", "the platform names no endpoint for credentials").with_advice(
                "it sets AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: give the task a role, \
                 or the service account a Pod Identity association, and start the container anew",
            ));
        }
    };
    let builder = ContainerCredentials::builder(url);
    Ok(match (value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), value("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
        (Some(path), _) => builder.authorization_file(path),
        (None, Some(token)) => builder.authorization(tokenex_core::sources::StaticText::new(token)),
        (None, None) => builder,
    })
}

/// The address is not repeated: what is behind its host may be secret.
fn check_url(url: &str) -> Result<Uri> {
    let bad = |what: &'static str| {
        Err(bad("endpoint", what)
            .with_advice("it is https, or plain http to this machine, 169.254.170.2, 169.254.170.23 or fd00:ec2::23"))
    };
    let Ok(uri) = url.parse::<Uri>() else { return bad("the address of the endpoint is not a URL") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return bad("the address of the endpoint lacks a scheme or a host");
    };
    if authority.as_str().contains('@') {
        return bad("the address of the endpoint holds a user name");
    }
    match scheme {
        "https" => Ok(uri),
        "http" if Reach::of(authority.host()) == Reach::Loopback || is_of_the_platform(authority.host()) => Ok(uri),
        "http" => bad("the address of the endpoint is not encrypted, and not that of this machine or its platform"),
        _ => bad("the address of the endpoint is neither https nor http"),
    }
}

fn is_of_the_platform(host: &str) -> bool {
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => PLAIN_V4.contains(&address),
        Ok(IpAddr::V6(address)) => address == PLAIN_V6,
        Err(_) => false,
    }
}

fn to_header(token: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| {
        bad("authorization", "the authorization token holds characters that no header can carry")
            .with_advice("the platform writes it: is the file or the variable the right one?")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn origin(uri: &Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |authority| authority.as_str()))
}

#[cfg(test)]
mod tests {
    use tokenex_core::ErrorKind;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<ContainerCredentials> {
        let variable = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        from_variables(variable)?.build()
    }

    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

    #[test]
    fn the_relative_address_wins() {
        let both = of(&[(RELATIVE, "/v2/credentials/id"), (FULL, "http://127.0.0.1/x")]).unwrap();
        assert_eq!(both.uri, "http://169.254.170.2/v2/credentials/id");
        assert_eq!(both.target().name(), "http://169.254.170.2");
        assert_eq!(
            of(&[(RELATIVE, " "), (FULL, "http://169.254.170.23/v1/credentials\n")]).unwrap().uri.path(),
            "/v1/credentials"
        );
    }

    #[test]
    fn only_encrypted_addresses_and_those_of_the_platform_are_asked() {
        for url in [
            "https://sidecar.example/x?y=z",
            "http://127.0.0.1:1234/",
            "http://[::1]/x",
            "http://localhost:1/x",
            "http://169.254.170.2/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(of(&[(FULL, url)]).is_ok(), "{url}");
        }
        for url in [
            "http://169.254.169.254/hunter22",
            "http://sidecar.example/hunter22",
            "http://[fd00:ec2::24]/hunter22",
            "ftp://127.0.0.1/hunter22",
            "http://user:hunter22@127.0.0.1/",
            "/hunter22",
            "hunter22",
            "http://169.254.170.2.example/",
        ] {
            let error = of(&[(FULL, url)]).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("endpoint")), "{url}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
        // A path that makes another host of it.
        assert_eq!(of(&[(RELATIVE, "@example/hunter22")]).unwrap_err().code(), Some("environment"));
        assert_eq!(of(&[]).unwrap_err().code(), Some("environment"));
    }

    #[test]
    fn a_token_that_no_header_carries_is_refused_without_repeating_it() {
        assert!(to_header(&"eyJ.e30.c2ln".into()).unwrap().is_sensitive());
        let error = to_header(&"hunter22\nx".into()).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter22"));
    }
}

//! The metadata server of Compute Engine, GKE, Cloud Run and the rest of Google's platforms.

use std::env;
use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Request, header::HeaderName};
use tokenex_core::{
    Attempt, Error, ErrorKind, Grant, IdentityToken, Input, Outcome, Provider, Result, Target, TokenRequest,
    TokenSource,
};

use crate::endpoint::{Answer, named, send};
use crate::errors::{Step, bad_option};
use crate::identity;
use crate::scopes::Scopes;
use crate::service_account::account;
use crate::token::AccessToken;
use crate::universe::Universe;
use crate::wire::{TokenAnswer, form};

/// Only Google's server knows the name; others on the way refuse to look it up.
const HOST: &str = "metadata.google.internal";

/// Names another host, with or without a port; Google's libraries obey it as well.
const HOST_VARIABLE: &str = "GCE_METADATA_HOST";

/// Must be in the request, so that no page in a browser can make it, and is in the answer, so that nobody else's is taken for
/// one ([metadata headers](https://cloud.google.com/compute/docs/metadata/querying-metadata#parts-of-a-request)).
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

/// The metadata server of the platform that the program runs on, which knows the service account of the machine or workload.
///
/// - As a [`TokenSource`] it asks for an ID token for each audience that a target wants
///   ([identity tokens](https://cloud.google.com/compute/docs/instances/verifying-instance-identity)). Whoever trusts one must
///   look at `sub` or `email`: all accounts of Google share the issuer `https://accounts.google.com`.
/// - [`access_token`](Self::access_token) is the provider of the account's [`AccessToken`].
///
/// The server keeps tokens and hands the same one out until its last minutes. Asking it costs little.
#[derive(Clone)]
pub struct MetadataServer {
    host: String,
    account: String,
    universe: Universe,
}

impl MetadataServer {
    /// The server at `metadata.google.internal`.
    pub fn new() -> Self {
        Self { host: HOST.to_owned(), account: "default".to_owned(), universe: Universe::public() }
    }

    /// The server that `GCE_METADATA_HOST` names (host, or host and port), else the usual one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the variable holds no host.
    pub fn from_env() -> Result<Self> {
        match env::var(HOST_VARIABLE) {
            Ok(host) if !host.is_empty() => Self::at(host),
            Err(env::VarError::NotUnicode(_)) => Err(not_a_host()),
            _ => Ok(Self::new()),
        }
    }

    /// The server at this host, with or without a port.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no host.
    pub fn at(host: impl Into<String>) -> Result<Self> {
        let host = host.into();
        // Read back from the URL, so that nothing in it can be a user, a path or a query.
        let uri: http::Uri = format!("http://{host}/").parse().map_err(|_| not_a_host())?;
        let read = match (uri.host(), uri.port_u16()) {
            (Some(name), Some(port)) => format!("{name}:{port}"),
            (name, None) => name.unwrap_or_default().to_owned(),
            (None, Some(_)) => String::new(),
        };
        if read != host || host.is_empty() || uri.path() != "/" {
            return Err(not_a_host());
        }
        Ok(Self { host, ..Self::new() })
    }

    /// Another service account of the machine than its default one: its e-mail address.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no address.
    pub fn service_account(mut self, email: impl AsRef<str>) -> Result<Self> {
        self.account = account(email.as_ref())?.to_owned();
        Ok(self)
    }

    /// The domain of the Google Cloud that the machine is in, where it is not the public one
    /// ([AIP-4116](https://google.aip.dev/auth/4116)); its tokens say so to client crates.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no domain.
    pub fn universe_domain(mut self, domain: &str) -> Result<Self> {
        self.universe = Universe::new(domain)?;
        Ok(self)
    }

    /// The provider of the account's access token. Without any scope it is for whatever the machine was given; elsewhere than on
    /// Compute Engine the scopes asked for are those that the token has.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when a scope is not one.
    pub fn access_token(&self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Result<MetadataAccessToken> {
        let mut scopes = scopes.into_iter().peekable();
        let scopes = if scopes.peek().is_some() { Scopes::new(scopes)? } else { Scopes::unknown() };
        Ok(MetadataAccessToken { server: self.clone(), scopes })
    }

    async fn ask(&self, cx: &Attempt, what: &str, query: &[(&str, &str)]) -> Result<Answer> {
        let Self { host, account, .. } = self;
        let question = if query.is_empty() { String::new() } else { format!("?{}", form(query)) };
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/{account}/{what}{question}");
        let request = Request::get(url).header(FLAVOR, GOOGLE).body(Bytes::new()).map_err(|_| {
            named(bad_option("audience", "the audience or the scopes make the address unusable"), Step::Metadata)
        })?;
        let answer = send(cx, Step::Metadata, None, request).await.map_err(|error| {
            if error.is_transient() { error.with_advice("does this program run on Google Cloud?") } else { error }
        })?;
        // Before the status: the refusal of somebody else says nothing about this server.
        if answer.headers().get(FLAVOR) != Some(&GOOGLE) {
            let other = Error::new(ErrorKind::Protocol, "the answer is not that of Google's metadata server")
                .with_code("foreign_answer")
                .with_advice(
                    "it lacks the header Metadata-Flavor: is a proxy in between, or does the name lead elsewhere?",
                );
            return Err(named(other, Step::Metadata));
        }
        if answer.is_success() { Ok(answer) } else { Err(answer.refusal(cx, &[])) }
    }
}

fn not_a_host() -> Error {
    bad_option("metadata_host", "the host of the metadata server is not one").with_advice(format!(
        "{HOST_VARIABLE} holds a host, or a host and a port: {HOST}, 127.0.0.1:8080; no scheme and no path"
    ))
}

impl Default for MetadataServer {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenSource for MetadataServer {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let Some(audience) = request.wanted_audience() else {
            return Err(named(
                bad_option("audience", "the metadata server wants an audience for an identity token"),
                Step::Metadata,
            )
            .with_advice("name the audience where the source is used"));
        };
        let query = [("audience", audience), ("format", "full"), ("licenses", "FALSE")];
        let answer = self.ask(request.attempt(), "identity", &query).await?;
        let token = answer.read(|body| {
            let text = std::str::from_utf8(body)
                .map_err(|_| Error::new(ErrorKind::Protocol, "the identity token of the metadata server is no text"))?;
            IdentityToken::new(text)
        })?;
        Ok(identity::input(token))
    }
}

impl fmt::Debug for MetadataServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetadataServer({}, account {})", self.host, self.account)
    }
}

/// The provider of the [`AccessToken`] of the machine's service account; from [`MetadataServer::access_token`].
#[derive(Debug, Clone)]
pub struct MetadataAccessToken {
    server: MetadataServer,
    scopes: Scopes,
}

impl Provider for MetadataAccessToken {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "gcp"
    }

    fn target(&self) -> Target {
        Target::new(format!("http://{}", self.server.host))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let scopes = self.scopes.joined(",");
        let query: &[(&str, &str)] = if scopes.is_empty() { &[] } else { &[("scopes", &scopes)] };
        let answer = self.server.ask(cx, "token", query).await?;
        let (token, lifetime) = answer.read(|body| {
            let answer = TokenAnswer::read(body)?;
            Ok((AccessToken::issued(answer.token, self.scopes.clone(), self.server.universe.clone())?, answer.lifetime))
        })?;
        Ok(Grant::new(token).lifetime(lifetime).counted_from(answer.sent()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_host_and_nothing_more() {
        for good in ["metadata.google.internal", "169.254.169.254", "127.0.0.1:8080", "[fd20:ce::254]:80"] {
            MetadataServer::at(good).unwrap();
        }
        for bad in ["", "http://127.0.0.1", "host/path", "user@host", "host?x", "host#x", "a b", "host:port"] {
            assert_eq!(MetadataServer::at(bad).unwrap_err().code(), Some("metadata_host"), "{bad}");
        }
    }

    #[test]
    fn scopes_may_be_left_out_and_must_be_ones() {
        let server = MetadataServer::new();
        server.access_token(Vec::<String>::new()).unwrap();
        assert_eq!(server.access_token(["cloud-platform"]).unwrap_err().code(), Some("scopes"));
        assert_eq!(server.service_account("nobody").unwrap_err().code(), Some("service_account"));
    }
}

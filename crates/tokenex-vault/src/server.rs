//! The server: its address, and one request to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use tokenex_core::address::Reach;
use tokenex_core::{AnyTransport, Attempt, Error, ErrorKind, Moment, Result, Secret, Target};

use crate::errors::{Step, refusal};
use crate::login::LoginToken;
use crate::redirect::Home;
use crate::wire::{Call, Path};

/// Where the API begins, below the address.
const API: &str = "/v1/";

const TOKEN: &str = "x-vault-token";
const NAMESPACE: &str = "x-vault-namespace";
/// Listeners, agents and proxies can demand it: a server-side request forgery cannot set headers.
const REQUEST: &str = "x-vault-request";
/// Vault Enterprise: the state of storage that an answer was made from, and that the next server must have seen.
const INDEX: &str = "x-vault-index";

/// A Vault or OpenBao server as it is configured.
pub(crate) struct Server {
    home: Home,
    /// Between the authority and [`API`]: empty, or begins with a slash.
    prefix: String,
    namespace: Option<HeaderValue>,
    /// Only with TLS options of its own; else the scheduler's.
    transport: Option<AnyTransport>,
}

/// Whether an address without encryption is taken beyond this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    LoopbackOnly,
    Anywhere,
}

/// An answer of any status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// What the server, or who stands before it, asks to wait.
    wait: Option<Duration>,
    step: Step,
    /// Just before the request was sent.
    pub(crate) sent: Moment,
    /// Never in what an error repeats.
    token: Option<Secret>,
}

impl Server {
    pub(crate) fn new(address: &str, plain: PlainHttp) -> Result<Self> {
        let bad = |what: &'static str, advice: &'static str| {
            Error::new(ErrorKind::Configuration, what).with_provider("vault").with_code("address").with_advice(advice)
        };
        const FORM: &str = "write it as https://host:port";
        if address.starts_with("unix:") {
            return Err(bad("the address is a Unix socket, which is not supported", "use the server's https listener"));
        }
        // The text is not repeated: people put passwords into addresses.
        let uri: Uri = address.trim().parse().map_err(|_| bad("the server's address is not a URL", FORM))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(bad("the server's address lacks a scheme or a host", FORM));
        };
        if authority.as_str().contains('@') {
            return Err(bad("the server's address holds a user name", "an identity token is the only login here"));
        }
        let prefix = match parts.path_and_query {
            Some(path) if path.query().is_some() => return Err(bad("the server's address holds a query", FORM)),
            Some(path) => path.path().trim_end_matches('/').trim_end_matches("/v1").to_owned(),
            None => String::new(),
        };
        if scheme == Scheme::HTTP {
            if plain == PlainHttp::LoopbackOnly && Reach::of(authority.host()) != Reach::Loopback {
                return Err(bad(
                    "plain http is only taken to this machine: the identity token and all secrets would travel in the clear",
                    "use https, or say dangerous_allow_http",
                ));
            }
        } else if scheme != Scheme::HTTPS {
            return Err(bad("the server's address is neither https nor http", FORM));
        }
        let home = Home { scheme, authority, others: Vec::new() };
        Ok(Self { home, prefix, namespace: None, transport: None })
    }

    pub(crate) fn with_namespace(mut self, namespace: &str) -> Result<Self> {
        // Namespaces are paths, and the header takes them as they are.
        let path = Path::new(namespace)?;
        self.namespace = HeaderValue::from_str(path.as_str()).ok();
        Ok(self)
    }

    pub(crate) fn with_redirect_hosts(mut self, hosts: Vec<String>) -> Self {
        self.home.others = hosts;
        self
    }

    pub(crate) fn with_transport(mut self, transport: Option<AnyTransport>) -> Self {
        self.transport = transport;
        self
    }

    pub(crate) fn target(&self) -> Target {
        Target::new(self.home.to_string())
    }

    /// The address without `/v1`.
    #[cfg(feature = "vaultrs")]
    pub(crate) fn address(&self) -> String {
        format!("{}{}", self.home, self.prefix)
    }

    /// The namespace, as the header takes it.
    #[cfg(feature = "vaultrs")]
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_ref().and_then(|namespace| namespace.to_str().ok())
    }

    /// Sends one request, and once more to another server of the cluster when this one says so.
    pub(crate) async fn send(
        &self,
        cx: &Attempt,
        step: Step,
        call: &Call,
        token: Option<&LoginToken>,
    ) -> Result<Answer> {
        let named = |error: Error| error.with_provider("vault").with_step(step.name());
        let uri = format!("{}{}{API}{}", self.home, self.prefix, call.path);
        let uri: Uri = uri.parse().map_err(|_| {
            named(Error::new(ErrorKind::Configuration, "the path makes the request's address unusable"))
        })?;
        let mut sent = cx.moment();
        let mut response = self.send_to(cx, uri.clone(), call, token).await.map_err(named)?;
        // 301 and 302 are what proxies in front of a cluster make of it.
        if matches!(response.status().as_u16(), 301 | 302 | 307) {
            let leader = self.home.redirected(&uri, response.headers()).map_err(named)?;
            sent = cx.moment();
            response = self.send_to(cx, leader, call, token).await.map_err(named)?;
            if response.status().is_redirection() {
                return Err(named(
                    Error::new(
                        ErrorKind::Unavailable,
                        "the server redirected a second time; only one redirect is followed",
                    )
                    .with_status(response.status())
                    .with_code("redirect")
                    .with_advice("the cluster is electing a leader, or its api_addr settings point at each other"),
                ));
            }
        }
        let (parts, body) = response.into_parts();
        let token = token.map(|token| token.secret().clone());
        let wait = cx.retry_after(&parts.headers);
        Ok(Answer { status: parts.status, headers: parts.headers, body, wait, step, sent, token })
    }

    async fn send_to(
        &self,
        cx: &Attempt,
        uri: Uri,
        call: &Call,
        token: Option<&LoginToken>,
    ) -> Result<http::Response<Bytes>> {
        let mut request = http::Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if !call.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = token {
            headers.insert(TOKEN, token.header().clone());
            if let Some(index) = token.index() {
                headers.insert(INDEX, index.clone());
            }
        }
        match &self.transport {
            Some(own) => cx.send_through(own, request).await,
            None => cx.send(request).await,
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}{})", self.home, self.prefix)
    }
}

impl Answer {
    /// The body of a success.
    pub(crate) fn success(&self) -> Result<&[u8]> {
        if self.status.is_success() { Ok(&self.body) } else { Err(self.refusal()) }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The error that this answer means.
    pub(crate) fn refusal(&self) -> Error {
        self.refusal_without(&[])
    }

    /// As [`refusal`](Self::refusal), masking what was sent in the body too.
    pub(crate) fn refusal_without(&self, sent: &[&Secret]) -> Error {
        let secrets: Vec<&str> = self.token.iter().chain(sent.iter().copied()).map(Secret::expose).collect();
        refusal(self.step, self.status, self.wait, &self.body, &secrets)
    }

    /// Names provider and step in an error about this answer's body.
    pub(crate) fn blame(&self, error: Error) -> Error {
        error.with_provider("vault").with_step(self.step.name()).with_status(self.status)
    }

    /// Vault Enterprise: the state that this answer stored.
    pub(crate) fn index(&self) -> Option<HeaderValue> {
        self.headers.get(INDEX).cloned()
    }
}

/// Shared by the login and all its secrets.
pub(crate) type SharedServer = Arc<Server>;

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str) -> Result<Server> {
        Server::new(address, PlainHttp::LoopbackOnly)
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (address, target, prefix) in [
            ("https://vault.example:8200", "https://vault.example:8200", ""),
            (" https://vault.example/ ", "https://vault.example", ""),
            ("https://proxy.example/vault/v1/", "https://proxy.example", "/vault"),
            ("http://127.0.0.1:8200", "http://127.0.0.1:8200", ""),
            ("http://[::1]:8200", "http://[::1]:8200", ""),
            ("http://localhost:8200", "http://localhost:8200", ""),
        ] {
            let server = server(address).unwrap();
            assert_eq!((server.target().name(), server.prefix.as_str()), (target, prefix));
        }
    }

    #[test]
    fn addresses_that_would_leak_or_fail_are_refused_without_repeating_them() {
        for address in [
            "vault.example:8200",
            "",
            "http://vault.example",
            "http://127.0.0.1.example",
            "ftp://vault.example",
            "https://user:hunter22@vault.example",
            "https://vault.example/?token=hunter22",
            "unix:///run/vault.sock",
        ] {
            let error = server(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{address}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
        assert!(Server::new("http://vault.example", PlainHttp::Anywhere).is_ok());
    }
}

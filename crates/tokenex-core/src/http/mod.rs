//! The default transport: HTTP/1.1 over TLS, by reqwest and rustls (feature `http`).

mod builder;
mod ca_file;
mod clients;
mod destination;
mod failure;
mod pin;
mod proxy;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION};

use crate::{BoxFuture, Error, Result, Transport};
use clients::Clients;
use destination::Destination;

pub use builder::HttpTransportBuilder;
pub use ca_file::CaFile;

/// The default [`Transport`]: HTTP/1.1 over TLS, with one pool of connections. Clones share it.
///
/// - TLS is rustls with the ring provider, which is passed on explicitly: a default of the process is neither needed
///   nor set. Servers are verified as the operating system does, or with [your own CA](HttpTransportBuilder::ca_pem),
///   which may be [in a file](CaFile).
/// - Plain http goes to loopback and to the platform's metadata services only, unless
///   [allowed](HttpTransportBuilder::dangerous_allow_http).
/// - Redirects are answers. Nothing is sent twice.
/// - No proxy is used unless [set](HttpTransportBuilder::proxy); the environment is read
///   [on request](HttpTransportBuilder::proxy_from_env) only.
///
/// Connections work on the tokio runtime on which they were opened. Use one transport per runtime, the one that the
/// scheduler runs on: a pooled connection answers no more when its runtime has stopped turning. The runtime needs its
/// I/O and time drivers (`enable_all`).
///
/// # Errors
///
/// | kind | when |
/// |---|---|
/// | [`Configuration`](crate::ErrorKind::Configuration) | the URL is not absolute, or plain http across a network |
/// | [`Unavailable`](crate::ErrorKind::Unavailable) | no address, no connection, or a connection that broke |
/// | [`Timeout`](crate::ErrorKind::Timeout) | the answer was not complete in time |
/// | [`Tls`](crate::ErrorKind::Tls) | one side does not trust the other; the advice names the option to set |
/// | [`Protocol`](crate::ErrorKind::Protocol) | the answer is not HTTP, or longer than [allowed](HttpTransportBuilder::body_max) |
///
/// They name host and port, never the path, the query, a header or a body.
///
/// ```no_run
/// use tokenex_core::AnyTransport;
/// use tokenex_core::http::HttpTransport;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ca = std::fs::read("/etc/vault/ca.pem")?;
/// let transport = AnyTransport::new(HttpTransport::builder().ca_pem(ca).build()?);
/// # let _ = transport;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    clients: Clients,
    body_max: usize,
    connect_timeout: Duration,
    allow_http: bool,
}

impl HttpTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the machine has no certificates to trust.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// A transport with other settings.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder::new()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: http::Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async move {
            let destination = Destination::of(request.uri())?;
            destination.check_scheme(self.0.allow_http)?;
            // Real sockets keep real time; the engine's own deadline is above.
            #[expect(clippy::disallowed_methods)]
            match tokio::time::timeout(limit, self.0.exchange(request, &destination)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(failure::timeout(&destination, limit)),
            }
        })
    }
}

impl Inner {
    async fn exchange(
        &self,
        mut request: http::Request<Bytes>,
        destination: &Destination,
    ) -> Result<http::Response<Bytes>> {
        mark_credentials(request.headers_mut());
        let client = self.clients.prepare(&mut request, destination)?;
        let request = reqwest::Request::try_from(request).map_err(|_| destination::not_a_url())?;
        let explain = |why: reqwest::Error| failure::explain(why, destination, self.connect_timeout);

        let mut response = client.execute(request).await.map_err(explain)?;
        let announced = response.content_length().unwrap_or_default();
        if announced > self.body_max as u64 {
            return Err(self.too_long(destination));
        }
        let mut body = Bytes::new();
        while let Some(piece) = response.chunk().await.map_err(explain)? {
            if body.len() + piece.len() > self.body_max {
                return Err(self.too_long(destination));
            }
            // Most answers come in one piece, which is taken as it is. What is announced is only believed up to the bound.
            body = if body.is_empty() { piece } else { joined(body, &piece, announced as usize) };
        }

        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    fn too_long(&self, destination: &Destination) -> Error {
        failure::too_long(destination, self.body_max)
    }
}

/// Both together, in the memory of the first if it can be had, and else with room for as much as is announced.
fn joined(first: Bytes, second: &[u8], announced: usize) -> Bytes {
    let mut both = first.try_into_mut().unwrap_or_else(|first| {
        let mut both = BytesMut::with_capacity(announced.max(first.len() + second.len()));
        both.extend_from_slice(&first);
        both
    });
    both.extend_from_slice(second);
    both.freeze()
}

/// Headers that carry credentials at one target or another; the fewest callers think of marking them.
fn mark_credentials(headers: &mut HeaderMap) {
    const NAMES: [HeaderName; 7] = [
        AUTHORIZATION,
        PROXY_AUTHORIZATION,
        COOKIE,
        HeaderName::from_static("x-amz-security-token"),
        HeaderName::from_static("x-aws-ec2-metadata-token"),
        HeaderName::from_static("x-vault-token"),
        HeaderName::from_static("x-identity-header"),
    ];
    for (name, value) in headers.iter_mut() {
        if NAMES.contains(name) {
            value.set_sensitive(true);
        }
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn credential_headers_print_as_sensitive() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
        headers.insert("x-vault-token", HeaderValue::from_static("hunter2"));
        headers.insert("accept", HeaderValue::from_static("text/plain"));
        mark_credentials(&mut headers);
        let printed = format!("{headers:?}");
        assert!(!printed.contains("hunter2") && printed.contains("text/plain"), "{printed}");
    }
}

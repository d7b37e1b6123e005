//! What a client sent.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::time::Instant;

/// A request as it arrived. `Debug` shows method and path only, since the rest tends to be secret.
#[derive(Clone)]
pub struct Received {
    parts: http::request::Parts,
    body: Bytes,
    at: Instant,
}

impl Received {
    pub(crate) fn new(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        Self { parts, body, at: Instant::now() }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The request itself, to hand on.
    pub fn to_request(&self) -> http::Request<Bytes> {
        http::Request::from_parts(self.parts.clone(), self.body.clone())
    }

    /// When it arrived, on tokio's clock.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// Whether it went to this host: a name, or name and port as in the URL.
    pub fn is_for(&self, host: &str) -> bool {
        let uri = &self.parts.uri;
        uri.host() == Some(host)
            || uri.authority().is_some_and(|authority| authority.as_str() == host)
            || self.header("host") == host
    }

    /// The whole address, as it was sent: a client on a socket sends path and query only.
    pub fn uri(&self) -> &http::Uri {
        &self.parts.uri
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The query, without its question mark; empty when there is none.
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// One header; empty when it is absent or not text.
    pub fn header(&self, name: &str) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} {})", self.method(), self.path())
    }
}

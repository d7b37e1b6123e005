//! A twin on a socket.

use std::fmt;
use std::io;
use std::sync::Arc;

use http::Uri;

use super::{Twin, slowness};
use crate::web::{Received, Reply, WebServer};

/// A twin on a free loopback port. It stops when this is dropped; the twin itself lives on.
pub struct Served {
    server: WebServer,
}

impl Served {
    pub(super) async fn start(twin: impl Twin, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Self> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = match tls {
            Some(config) => WebServer::start_with_tls_config(config).await?,
            None => WebServer::start().await?,
        };
        let own = server.addr().to_string();
        server.on_any(move |received: &Received| {
            let mut request = received.to_request();
            // On a socket a request has its path only (RFC 9112 section 3.2.1); the host stands in a header.
            let host = if received.header("host").is_empty() { &own } else { received.header("host") };
            if let Ok(uri) = whole(scheme, host, request.uri()) {
                *request.uri_mut() = uri;
            }
            let answer = twin.answer(&request);
            let slow = slowness(&answer);
            Reply::from(answer).after(slow)
        });
        Ok(Self { server })
    }

    /// Scheme, address and port, without a final slash: `https://127.0.0.1:43211`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The same address by the name `localhost`, for clients that want a name.
    pub fn localhost_url(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// The server underneath: for what it was asked, or to script single paths, which then go before the twin.
    pub fn server(&self) -> &WebServer {
        &self.server
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Served({})", self.url())
    }
}

fn whole(scheme: &str, host: &str, uri: &Uri) -> Result<Uri, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder().scheme(scheme).authority(host).path_and_query(path).build()
}

//! A web server that answers what the test scripts, good days and bad.
//!
//! ```
//! use tokenex_testkit::web::{Reply, WebServer};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = WebServer::start().await?;
//! server.on("/v1/good", Reply::json(200, &json!({"ok": true})));
//! // In this order; the last one stays.
//! server.on("/v1/login", [Reply::status(503).header("retry-after", "2"), Reply::json(200, &json!({}))]);
//! server.on("/v1/half", Reply::bytes(200, vec![b'x'; 1000]).cut_after(500));
//! server.on("/v1/silent", Reply::silence());
//! server.on("/v1/echo", |request: &_| Reply::bytes(200, tokenex_testkit::web::Received::body(request).clone()));
//! // ... call the program under test with `server.url()` ...
//! assert!(server.requests_to("/v1/login").is_empty());
//! # Ok(())
//! # }
//! ```

mod received;
mod reply;
mod serve;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use received::Received;
pub use reply::{Reply, Script};

use crate::canary::whole_run;
use crate::tls::Certificates;

/// An HTTP/1.1 server on a free loopback port. It stops, with all its connections, when it is dropped.
pub struct WebServer {
    shared: Arc<Shared>,
    addr: SocketAddr,
    scheme: &'static str,
    accepting: JoinHandle<()>,
}

pub(crate) struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    /// For every path without a script of its own.
    any: Mutex<Option<Script>>,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl WebServer {
    /// Starts a server for `http`.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start() -> io::Result<Self> {
        Self::listen(None).await
    }

    /// Starts a server for `https` that shows the leaf of `certificates`.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start_tls(certificates: &Certificates) -> io::Result<Self> {
        Self::start_with_tls_config(certificates.server_config()).await
    }

    /// Starts a server for `https` with a TLS configuration of your own, for example one that asks for client
    /// certificates.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start_with_tls_config(config: Arc<rustls::ServerConfig>) -> io::Result<Self> {
        Self::listen(Some(TlsAcceptor::from(config))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> io::Result<Self> {
        whole_run::listen();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            scripts: Mutex::default(),
            any: Mutex::default(),
            received: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(serve::accept(listener, tls, Arc::clone(&shared)));
        Ok(Self { shared, addr, scheme, accepting })
    }

    /// Scheme, address and port, without a final slash: `http://127.0.0.1:43211`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr)
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers requests to `path` so, whatever their method and query. Replaces what was there. A path of which
    /// nothing is known is a 404 that says so.
    ///
    /// A script is one [`Reply`], a list of them, or a closure from [`Received`] to [`Reply`].
    pub fn on(&self, path: &str, script: impl Into<Script>) {
        lock(&self.shared.scripts).insert(path.to_owned(), script.into());
    }

    /// Answers so wherever [`on`](Self::on) was not told otherwise: for a twin that knows its paths itself. Replaces
    /// what was there.
    pub fn on_any(&self, script: impl Into<Script>) {
        *lock(&self.shared.any) = Some(script.into());
    }

    /// All requests so far, in the order in which their bodies were complete.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// The requests so far to this path.
    pub fn requests_to(&self, path: &str) -> Vec<Received> {
        lock(&self.shared.received).iter().filter(|request| request.path() == path).cloned().collect()
    }

    /// Waits until there were at least `count` requests in all. Bound it with a time-out.
    ///
    /// Cancel safe.
    pub async fn received(&self, count: usize) {
        let mut counts = self.shared.count.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = counts.wait_for(|&seen| seen >= count).await;
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        // The connections belong to the accepting task and end with it.
        self.accepting.abort();
    }
}

impl fmt::Debug for WebServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebServer({})", self.url())
    }
}

impl Shared {
    /// Writes the request down and says what to answer.
    fn answer(&self, request: Received) -> Reply {
        // A closure runs without the lock: it may script further answers on its own server.
        let script = lock(&self.scripts).get_mut(request.path()).map(Script::next);
        let script = script.or_else(|| lock(&self.any).as_mut().map(Script::next));
        let reply = match script {
            Some(script) => script.reply(&request),
            None => Reply::text(404, format!("nothing is scripted for {}\n", request.path())),
        };
        let mut received = lock(&self.received);
        received.push(request);
        self.count.send_replace(received.len());
        reply
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

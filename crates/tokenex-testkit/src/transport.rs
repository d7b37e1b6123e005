//! A network in memory: hosts are closures, and time is whatever the runtime says.
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use tokenex_core::Transport as _;
//! use tokenex_testkit::transport::{Fault, InMemory};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let network = InMemory::new();
//! network.route("vault.test", async |_request| http::Response::new(Bytes::from("pong")));
//! network.latency(Duration::from_millis(200));
//!
//! let ping = || http::Request::get("https://vault.test/v1/ping").body(Bytes::new()).unwrap();
//! let limit = Duration::from_secs(5);
//! assert_eq!(network.send(ping(), limit).await.unwrap().body(), "pong");
//!
//! network.fault("vault.test", Fault::Hang);
//! assert!(network.send(ping(), limit).await.is_err());
//! network.heal("vault.test");
//! assert!(network.send(ping(), limit).await.is_ok());
//! assert_eq!(network.count("vault.test"), 3);
//! # });
//! ```

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex_core::{AnyTransport, BoxFuture, Error, ErrorKind, Result, Transport};

use crate::canary::whole_run;
use crate::web::Received;

/// How many requests are kept to look at. A simulated month sends millions.
const KEPT: usize = 10_000;

type Handler = dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync;

/// Core's [`Transport`] without sockets. Waits with tokio's timers, so that on paused time a month takes seconds.
/// Clones are the same network.
#[derive(Clone, Default)]
pub struct InMemory(Arc<Mutex<Network>>);

#[derive(Default)]
struct Network {
    hosts: HashMap<String, Host>,
    latency: Duration,
    received: VecDeque<Received>,
}

#[derive(Default)]
struct Host {
    handler: Option<Arc<Handler>>,
    fault: Option<Fault>,
    count: u64,
}

/// What is wrong between the program and a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Connecting fails at once; the host sees nothing.
    Unreachable,
    /// Nothing comes back until the caller's limit has passed; the host sees nothing.
    Hang,
    /// The host sees the request and acts on it; its answer is lost on the way back.
    Cut,
    /// The certificate of the host is not trusted; the host sees nothing.
    Untrusted,
}

impl InMemory {
    /// A network without hosts and without latency.
    pub fn new() -> Self {
        whole_run::listen();
        Self::default()
    }

    /// Puts a host on the network: `vault.test`, or with the port as in the URL, `vault.test:8200`. Replaces one of
    /// that name; its faults and its count stay.
    pub fn route<F, R>(&self, host: &str, handler: F)
    where
        F: Fn(Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let handler: Arc<Handler> = Arc::new(move |request| Box::pin(handler(request)));
        self.lock().hosts.entry(host.to_owned()).or_default().handler = Some(handler);
    }

    /// From now on each answer takes so long, half of it on the way there.
    pub fn latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Breaks the way to a host, for requests sent from now on.
    pub fn fault(&self, host: &str, fault: Fault) {
        self.lock().hosts.entry(host.to_owned()).or_default().fault = Some(fault);
    }

    /// Repairs the way to a host. Requests that hang stay so.
    pub fn heal(&self, host: &str) {
        if let Some(host) = self.lock().hosts.get_mut(host) {
            host.fault = None;
        }
    }

    /// How many requests were sent to a host, those that did not arrive included.
    pub fn count(&self, host: &str) -> u64 {
        self.lock().hosts.get(host).map_or(0, |host| host.count)
    }

    /// The last 10,000 requests, in the order in which they were sent, those that did not arrive included.
    pub fn requests(&self) -> Vec<Received> {
        self.lock().received.iter().cloned().collect()
    }

    /// Of [`requests`](Self::requests), those to this host.
    pub fn requests_to(&self, host: &str) -> Vec<Received> {
        self.lock().received.iter().filter(|request| request.is_for(host)).cloned().collect()
    }

    /// What the program under test gets.
    pub fn transport(&self) -> AnyTransport {
        AnyTransport::new(self.clone())
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let name = request.uri().host().unwrap_or_default().to_owned();
        let (handler, fault, latency) = self.accept(&request);
        match fault {
            Some(Fault::Unreachable) => return Err(unreachable(&name, "the connection was refused")),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Untrusted) => {
                return Err(Error::new(ErrorKind::Tls, format!("the certificate of {name} is not trusted")));
            }
            Some(Fault::Cut) | None => {}
        }
        let Some(handler) = handler else {
            return Err(unreachable(&name, "there is no host of that name in this network"));
        };
        tokio::time::sleep(latency / 2).await;
        let response = handler(request).await;
        tokio::time::sleep(latency - latency / 2).await;
        match fault {
            None => Ok(response),
            Some(_) => Err(unreachable(&name, "the connection was cut before the answer")),
        }
    }

    /// Counts and keeps the request, and says where it goes.
    fn accept(&self, request: &Request<Bytes>) -> (Option<Arc<Handler>>, Option<Fault>, Duration) {
        let mut guard = self.lock();
        let network = &mut *guard;
        if network.received.len() == KEPT {
            network.received.pop_front();
        }
        network.received.push_back(Received::new(request.clone()));
        let authority = request.uri().authority().map_or("", |authority| authority.as_str());
        let name = if network.hosts.contains_key(authority) { authority } else { request.uri().host().unwrap_or("") };
        match network.hosts.get_mut(name) {
            Some(host) => {
                host.count += 1;
                (host.handler.clone(), host.fault, network.latency)
            }
            None => (None, None, network.latency),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Network> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for InMemory {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        Box::pin(async move {
            let name = request.uri().host().unwrap_or_default().to_owned();
            tokio::time::timeout(limit, self.exchange(request)).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, format!("{name} did not answer within {limit:?}")))
            })
        })
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemory")
    }
}

fn unreachable(host: &str, why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("no answer from {host}: {why}"))
}

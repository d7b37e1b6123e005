//! The way from a world's attempts to its network: keeps books, and breaks on demand.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http::{Request, Response};
use tokenex_core::{BoxFuture, Error, ErrorKind, Result, Transport};

use super::trouble::{Scope, Trouble};
use crate::transport::{Fault, InMemory};
use crate::web::Received;

/// Clones are the same wire.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Shared>);

struct Shared {
    network: InMemory,
    target_clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    /// Whose requests are on their way now, one entry for each.
    in_flight: Vec<u64>,
    trouble: Option<(Trouble, Scope)>,
    /// How many requests of attempts by hand were sent since the trouble began.
    counted: usize,
    /// The attempt by hand that goes on now; 0 for none.
    current: u64,
}

/// A request that was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) request: Received,
    /// Which attempt by hand sent it; 0 for those of the world's scheduler.
    pub(crate) tag: u64,
}

impl Sent {
    /// Method and URL.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.request.method(), self.request.uri())
    }
}

/// The end of the wire that an attempt holds.
pub(crate) struct Line {
    wire: Wire,
    /// Whose it is; nobody's belongs to whatever attempt by hand goes on.
    tag: Option<u64>,
}

impl Wire {
    pub(super) fn new(network: InMemory, target_clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { network, target_clock: Box::new(target_clock), state: Mutex::default() }))
    }

    pub(super) fn line(&self, tag: u64) -> Line {
        Line { wire: self.clone(), tag: Some(tag) }
    }

    pub(super) fn shared_line(&self) -> Line {
        Line { wire: self.clone(), tag: None }
    }

    /// Which attempt by hand goes on from now on; 0 for none.
    pub(crate) fn set_current(&self, tag: u64) {
        self.lock().current = tag;
    }

    /// From now on this goes wrong.
    pub(crate) fn trouble(&self, trouble: Trouble, scope: Scope) {
        let mut state = self.lock();
        state.trouble = Some((trouble, scope));
        state.counted = 0;
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        self.lock().trouble = None;
    }

    /// All requests so far, in their order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Those of one attempt.
    pub(crate) fn sent_by(&self, tag: u64) -> Vec<Sent> {
        self.lock().sent.iter().filter(|sent| sent.tag == tag).cloned().collect()
    }

    /// How many requests of this attempt are on their way now.
    pub(crate) fn in_flight(&self, tag: u64) -> usize {
        self.lock().in_flight.iter().filter(|&&one| one == tag).count()
    }

    /// Books a request, and says what happens to it.
    fn accept(&self, request: &Request<Bytes>, tag: u64) -> Option<Trouble> {
        let mut state = self.lock();
        state.sent.push(Sent { request: Received::new(request.clone()), tag });
        state.in_flight.push(tag);
        let number = state.counted;
        if tag != 0 {
            state.counted += 1;
        }
        match &state.trouble {
            Some((trouble, Scope::All)) => Some(trouble.clone()),
            Some((trouble, Scope::Request(only))) if tag != 0 && *only == number => Some(trouble.clone()),
            _ => None,
        }
    }

    async fn carry(
        self,
        request: Request<Bytes>,
        limit: Duration,
        trouble: Option<Trouble>,
    ) -> Result<Response<Bytes>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let unavailable = |why| Error::new(ErrorKind::Unavailable, format!("no answer from {host}: {why}"));
        match trouble {
            None => self.deliver(request, limit).await,
            Some(Trouble::Network(Fault::Unreachable)) => Err(unavailable("the connection was refused")),
            Some(Trouble::Network(Fault::Untrusted)) => {
                Err(Error::new(ErrorKind::Tls, format!("the certificate of {host} is not trusted")))
            }
            Some(Trouble::Network(Fault::Hang)) => pending().await,
            Some(Trouble::Network(Fault::Cut)) => {
                self.deliver(request, limit).await?;
                Err(unavailable("the connection was cut before the answer"))
            }
            Some(Trouble::Instead(answer)) => Ok(answer(&request)),
            Some(Trouble::Spoilt(change)) => self.deliver(request, limit).await.map(|answer| change(answer)),
            // Past the panic hook, which would fill the output of a test with what is meant to happen.
            Some(Trouble::Panic) => resume_unwind(Box::new("the transport panics, as it was told to")),
        }
    }

    async fn deliver(&self, request: Request<Bytes>, limit: Duration) -> Result<Response<Bytes>> {
        let mut answer = self.0.network.send(request, limit).await?;
        let now = httpdate::fmt_http_date((self.0.target_clock)());
        answer.headers_mut().entry(DATE).or_insert(HeaderValue::try_from(now).expect("a date is a header value"));
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Line {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        let wire = self.wire.clone();
        let tag = self.tag.unwrap_or_else(|| wire.lock().current);
        Box::pin(async move {
            let trouble = wire.accept(&request, tag);
            let _booked = InFlight { wire: wire.clone(), tag };
            let host = request.uri().host().unwrap_or_default().to_owned();
            // On a task of its own: what a twin computes is not the time of whoever polls this, and a request is always
            // pending once, so that there is a place to drop it.
            let mut task = AbortOnDrop(tokio::spawn(wire.carry(request, limit, trouble)));
            match tokio::time::timeout(limit, &mut task.0).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(ended)) => match ended.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Err(Error::new(ErrorKind::Shutdown, "the runtime of this world is gone")),
                },
                Err(_) => Err(Error::new(ErrorKind::Timeout, format!("{host} did not answer within {limit:?}"))),
            }
        })
    }
}

/// A request on its way; dropping it takes it out of the books.
struct InFlight {
    wire: Wire,
    tag: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.wire.lock();
        if let Some(at) = state.in_flight.iter().position(|&one| one == self.tag) {
            state.in_flight.swap_remove(at);
        }
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

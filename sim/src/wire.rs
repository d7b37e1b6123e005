//! The way from the program to the twins, with the weather on it.

use std::collections::BTreeMap;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http::{Request, Response};
use tokenex_core::{BoxFuture, Error, ErrorKind, Result, Transport};
use tokenex_testkit::transport::{Fault as Cable, InMemory};
use tokenex_testkit::twins::Fault;

use crate::heap::{Outside, copy_of_request, copy_of_response, outside};
use crate::truth::Time;
use crate::weather::{Place, Trouble};

/// Tells a twin to answer its next request so.
type Arm = Box<dyn Fn(Fault) + Send + Sync>;

/// Clones are the same wire.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Shared>);

struct Shared {
    network: InMemory,
    time: Time,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hosts: BTreeMap<String, Place>,
    arms: BTreeMap<Place, Arm>,
    troubles: BTreeMap<Place, Trouble>,
    sent: u64,
}

impl Wire {
    pub(crate) fn new(network: InMemory, time: Time) -> Self {
        Self(Arc::new(Shared { network, time, state: Mutex::default() }))
    }

    /// Where a host is, and how its twin is told to fail.
    pub(crate) fn host(&self, host: &str, place: Place, arm: impl Fn(Fault) + Send + Sync + 'static) {
        let mut state = self.lock();
        state.hosts.insert(host.to_owned(), place);
        state.arms.insert(place, Box::new(arm));
    }

    /// From now on requests to this place meet this trouble, or none.
    pub(crate) fn set(&self, place: Place, trouble: Option<Trouble>) {
        match trouble {
            Some(trouble) => self.lock().troubles.insert(place, trouble),
            None => self.lock().troubles.remove(&place),
        };
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.lock().sent
    }

    /// Counts a request, and says what happens to it. A twin that is to fail by itself is told so.
    fn accept(&self, host: &str) -> Option<Trouble> {
        let mut state = self.lock();
        state.sent += 1;
        let place = *state.hosts.get(host)?;
        let trouble = state.troubles.get(&place)?.clone();
        if let (Trouble::Target(fault), Some(arm)) = (&trouble, state.arms.get(&place)) {
            arm(fault.clone());
        }
        Some(trouble)
    }

    async fn carry(self, request: Request<Bytes>, host: String, trouble: Option<Trouble>) -> Result<Response<Bytes>> {
        let broken = |why| Error::new(ErrorKind::Unavailable, format!("no answer from {host}: {why}"));
        match trouble {
            Some(Trouble::Cable(Cable::Unreachable)) => return Err(broken("the connection was refused")),
            Some(Trouble::Cable(Cable::Untrusted)) => {
                return Err(Error::new(ErrorKind::Tls, format!("the certificate of {host} is not trusted")));
            }
            Some(Trouble::Cable(Cable::Hang) | Trouble::Silence) => pending().await,
            Some(Trouble::Nonsense) => {
                return Ok(Response::new(Bytes::from_static(br#"{"hello":["world",null,{"expires_in":"soon"}]}"#)));
            }
            _ => {}
        }
        // The network has no limit of its own: whoever sent the request has one, or hangs.
        let mut answer = self.0.network.send(request, Duration::from_secs(3600)).await?;
        if trouble == Some(Trouble::Cable(Cable::Cut)) {
            return Err(broken("the connection was cut before the answer"));
        }
        let date = httpdate::fmt_http_date(self.0.time.wall());
        answer.headers_mut().entry(DATE).or_insert(HeaderValue::try_from(date).expect("a date is a header value"));
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Wire {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        Box::pin(async move {
            let host = request.uri().authority().map_or("", |authority| authority.as_str()).to_owned();
            let trouble = outside(|| self.accept(&host));
            let silent = trouble == Some(Trouble::Silence);
            if trouble == Some(Trouble::Panic) {
                // Past the panic hook, which would fill the report with what is meant to happen.
                resume_unwind(Box::new("the transport panics, as it was told to"));
            }
            let carried = Outside::new(|| {
                let (wire, copy, host) = (self.clone(), copy_of_request(&request), host.clone());
                async move { wire.carry(copy, host, trouble).await.map_err(Failed::from) }
            });
            // A transport that keeps no limit is against its contract; the engine has one of its own all the same.
            let limit = if silent { Duration::from_secs(7 * 86_400) } else { limit };
            match tokio::time::timeout(limit, carried).await {
                Ok(Ok(answer)) => {
                    let copy = copy_of_response(&answer);
                    outside(|| drop(answer));
                    Ok(copy)
                }
                Ok(Err(failed)) => Err(failed.told(&host)),
                Err(_) => Err(Error::new(ErrorKind::Timeout, format!("{host} did not answer within {limit:?}"))),
            }
        })
    }
}

/// What is left of an error at the border: its kind.
struct Failed(ErrorKind);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error.kind())
    }
}

impl Failed {
    fn told(self, host: &str) -> Error {
        Error::new(self.0, format!("no answer from {host}"))
    }
}

//! The one seam to the network.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

#[cfg(not(feature = "http"))]
use crate::ErrorKind;
use crate::{BoxFuture, Error, Result};

/// Sends one HTTP request and returns the whole answer.
///
/// Every request of every provider, those of SDK clients included, goes through one of these. Implementations:
///
/// - must not follow redirects: a redirect is an answer like any other, and credentials must not travel along;
/// - must not retry: one call is one request, so that the budget of the engine is the only one;
/// - must bound the size of the answer, and end within `limit`;
/// - must return an error only when there is no complete answer; every HTTP status is an answer;
/// - must not put headers, bodies, or the query of the URL into an error.
///
/// Dropping the future cancels the request; whether the far end has seen it is then unknown.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`; the answer, its body included, must be there within `limit`.
    fn send(&self, request: http::Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>>;
}

/// A shared [`Transport`], as users store it.
#[derive(Clone)]
pub struct AnyTransport(Arc<dyn Transport>);

impl AnyTransport {
    /// Shares `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self(Arc::new(transport))
    }

    /// What a scheduler uses that was given none.
    pub(crate) fn of_this_build() -> Self {
        #[cfg(feature = "http")]
        let why_not = match crate::http::HttpTransport::new() {
            Ok(transport) => return Self::new(transport),
            Err(error) => error,
        };
        #[cfg(not(feature = "http"))]
        let why_not = Error::new(ErrorKind::Configuration, "the scheduler has no transport")
            .with_advice("give it one with SchedulerBuilder::transport, or turn on feature `http` of tokenex-core");
        Self::new(NoTransport(why_not))
    }
}

impl Transport for AnyTransport {
    fn send(&self, request: http::Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        self.0.send(request, limit)
    }
}

impl fmt::Debug for AnyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyTransport")
    }
}

/// Answers every request with the reason why there is no transport.
struct NoTransport(Error);

impl Transport for NoTransport {
    fn send(&self, _: http::Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

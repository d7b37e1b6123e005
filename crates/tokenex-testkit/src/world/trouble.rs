//! What goes wrong on the wire.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::transport::Fault;

type Answering = dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync;
type Changing = dyn Fn(Response<Bytes>) -> Response<Bytes> + Send + Sync;

/// What happens to a request.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// The network is broken.
    Network(Fault),
    /// Somebody else answers: a proxy, a load balancer, a target on a bad day.
    Instead(Arc<Answering>),
    /// The target answers, and its answer arrives otherwise.
    Spoilt(Arc<Changing>),
    /// The transport panics.
    Panic,
}

/// Which requests it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// That request of an attempt by hand, counted from 0 since the trouble began.
    Request(usize),
}

impl Trouble {
    pub(crate) fn instead(answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        Self::Instead(Arc::new(answer))
    }

    pub(crate) fn spoilt(change: impl Fn(Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        Self::Spoilt(Arc::new(change))
    }
}

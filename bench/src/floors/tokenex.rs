//! tokenex itself, in the same harness.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokenex_core::{BoxFuture, Error, ErrorKind, Handle, Result, Scheduler, Target, Transport};

use super::Fleet;
use crate::in_process::{InProcess, Source, Token};

/// One scheduler and a handle for each credential, with all defaults but the transport.
pub struct TokenexFleet {
    handles: Vec<Handle<Token>>,
    _scheduler: Scheduler,
}

impl Fleet for TokenexFleet {
    const NAME: &'static str = "tokenex";

    fn start(source: Arc<Source>, n: usize) -> Self {
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(Nowhere).start();
        let target = Target::new("memory");
        let handles = (0..n).map(|_| scheduler.keep(InProcess::new(source.clone(), target.clone()))).collect();
        Self { handles, _scheduler: scheduler }
    }

    fn usable(&self, index: usize) -> bool {
        self.handles[index].peek().is_some_and(|token| token.length() > 0)
    }
}

/// Nothing is sent here, and an HTTP client that is not used takes milliseconds to make.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: http::Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async { Err(Error::new(ErrorKind::Configuration, "there is no network here")) })
    }
}

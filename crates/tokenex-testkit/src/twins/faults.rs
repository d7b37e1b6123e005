//! Bad days that every provider has.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::Slow;

/// What goes wrong with a request instead of, or on top of, the twin's own answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The provider's own answer to too many requests: 429, in its words.
    Throttled(RetryAfter),
    /// The provider's own answer when it is out of order: this status from 500 on, in its words.
    OutOfOrder(u16, RetryAfter),
    /// An HTML page with this status: what a proxy or a captive portal puts in the way.
    Html(u16),
    /// This status without a body.
    Empty(u16),
    /// The first half of the true answer's body, as if it were whole.
    HalfBody,
    /// The true answer, so much later.
    Slow(Duration),
}

/// The `Retry-After` header of an answer (RFC 9110 section 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// There is none.
    Absent,
    /// In so many seconds.
    Seconds(u64),
    /// At this time, cut to whole seconds.
    At(SystemTime),
}

impl RetryAfter {
    pub(crate) fn put_on(self, response: &mut Response<Bytes>) {
        let value = match self {
            Self::Absent => return,
            Self::Seconds(seconds) => HeaderValue::from(seconds),
            Self::At(at) => HeaderValue::try_from(httpdate::fmt_http_date(at)).expect("a date is a header value"),
        };
        response.headers_mut().insert(RETRY_AFTER, value);
    }
}

/// The faults of the next requests, in their order.
#[derive(Default)]
pub(crate) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(crate) fn next(&self, times: usize, fault: &Fault) {
        self.queue().extend(std::iter::repeat_n(fault.clone(), times));
    }

    pub(crate) fn heal(&self) {
        self.queue().clear();
    }

    /// Answers one request with the next fault, if there is one: `truly` is the twin's own answer, `refused` its words
    /// for a status that the fault asks for.
    pub(crate) fn answer(
        &self,
        truly: impl FnOnce() -> Response<Bytes>,
        refused: impl FnOnce(StatusCode) -> Response<Bytes>,
    ) -> Response<Bytes> {
        let fault = self.queue().pop_front();
        match fault {
            None => truly(),
            Some(Fault::Throttled(retry_after)) => {
                let mut response = refused(StatusCode::TOO_MANY_REQUESTS);
                retry_after.put_on(&mut response);
                response
            }
            Some(Fault::OutOfOrder(code, retry_after)) => {
                let mut response = refused(status(code));
                retry_after.put_on(&mut response);
                response
            }
            Some(Fault::Html(code)) => {
                let mut response = Response::new(Bytes::from_static(
                    b"<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Not now</h1></body></html>",
                ));
                *response.status_mut() = status(code);
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                response
            }
            Some(Fault::Empty(code)) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status(code);
                response
            }
            Some(Fault::HalfBody) => truly().map(|body| body.slice(..body.len() / 2)),
            Some(Fault::Slow(delay)) => {
                let mut response = truly();
                response.extensions_mut().insert(Slow(delay));
                response
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("a status is a number from 100 to 999")
}

//! What the program under test holds on the heap, and what is around it.
//!
//! The twins, the network and the judge keep books that grow by nature. They are around the program, so their memory is
//! not counted: what they hand to it is copied at the border, so that each side frees what it has allocated.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokenex_core::BoxFuture;

/// Does work whose memory is not the program's. It must not panic, and what it returns must own no memory that the
/// program frees.
pub(crate) fn outside<T>(work: impl FnOnce() -> T) -> T {
    let mut done = None;
    allocation_counter::opt_out(|| done = Some(work()));
    done.expect("the work has been done")
}

/// A text that was made around the program, as the program's own.
pub(crate) fn text_from_outside(make: impl FnOnce() -> String) -> String {
    let made = outside(make);
    let copy = made.clone();
    outside(|| drop(made));
    copy
}

/// Bytes that the program allocated in `work` and has not freed; less than nothing when it freed more.
pub(crate) fn growth(work: impl FnOnce()) -> i64 {
    allocation_counter::measure(work).bytes_current
}

/// A future that lives around the program.
pub(crate) struct Outside<T>(Option<BoxFuture<'static, T>>);

impl<T> Outside<T> {
    pub(crate) fn new<F: Future<Output = T> + Send + 'static>(make: impl FnOnce() -> F) -> Self {
        Self(Some(outside(|| -> BoxFuture<'static, T> { Box::pin(make()) })))
    }
}

impl<T> Future for Outside<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(future) => outside(|| future.as_mut().poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Outside<T> {
    fn drop(&mut self) {
        let future = self.0.take();
        outside(|| drop(future));
    }
}

/// A request with memory of its own.
pub(crate) fn copy_of_request(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(Bytes::copy_from_slice(request.body()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().to_string().parse().expect("an address that was one");
    *copy.headers_mut() = copy_of_headers(request.headers());
    copy
}

/// An answer with memory of its own.
pub(crate) fn copy_of_response(response: &Response<Bytes>) -> Response<Bytes> {
    let mut copy = Response::new(Bytes::copy_from_slice(response.body()));
    *copy.status_mut() = response.status();
    *copy.headers_mut() = copy_of_headers(response.headers());
    copy
}

fn copy_of_headers(headers: &HeaderMap) -> HeaderMap {
    let copied = headers.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).expect("a name that was one");
        (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value that was one"))
    });
    copied.collect()
}

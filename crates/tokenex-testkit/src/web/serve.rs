//! The wire side of the server: connections, TLS, bodies that go wrong.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;

use super::reply::{Answer, End, Outcome};
use super::{Received, Shared};

/// Longest request body that is taken in.
const MAX_REQUEST: usize = 16 << 20;

/// Longest time for a client to finish its handshake: one that never does must not pile up.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Accepts until aborted; the connections die with this future.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                // A client that has gone between connect and accept is its own business.
                let Ok((stream, _)) = accepted else { continue };
                let (tls, shared) = (tls.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, shared).await,
                        Some(tls) => {
                            // A client that does not trust us hangs up here: nothing to serve.
                            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                                serve(stream, shared).await;
                            }
                        }
                    }
                });
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));
    // An error here is a client that went away, or a cut that the script asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(shared: Arc<Shared>, request: http::Request<Incoming>) -> io::Result<http::Response<ScriptedBody>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST).collect().await.map_err(io::Error::other)?.to_bytes();
    let reply = shared.answer(Received::new(http::Request::from_parts(parts, body)));
    if !reply.delay.is_zero() {
        sleep(reply.delay).await;
    }
    match reply.outcome {
        Outcome::Silence => pending().await,
        Outcome::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
        Outcome::Answer(answer) => Ok(response(*answer)),
    }
}

fn response(answer: Answer) -> http::Response<ScriptedBody> {
    let Answer { status, headers, body, length, pace, end } = answer;
    let mut response = http::Response::new(ScriptedBody {
        piece: body,
        left: length,
        sent: 0,
        pace,
        pause: None,
        end,
        flushed: false,
    });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    // Announced in full even where the script breaks off: that is what makes it half a body.
    let forbidden = status.is_informational() || status == http::StatusCode::NO_CONTENT;
    if !forbidden && !response.headers().contains_key(http::header::CONTENT_LENGTH) {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    response
}

/// A body that repeats one piece up to a length, in paced parts, and may break off on the way.
struct ScriptedBody {
    piece: Bytes,
    left: u64,
    sent: u64,
    pace: Option<(usize, Duration)>,
    pause: Option<Pin<Box<Sleep>>>,
    end: End,
    flushed: bool,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let allowed = match self.end {
            End::Whole => self.left,
            End::CutAfter(bytes) if self.sent >= bytes => {
                // An error makes hyper drop what it has not written yet; one turn of waiting lets it write first.
                if !std::mem::replace(&mut self.flushed, true) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
            }
            // Nobody wakes this task again but the client's going away, and hyper sees to that.
            End::StallAfter(bytes) if self.sent >= bytes => return Poll::Pending,
            End::CutAfter(bytes) | End::StallAfter(bytes) => self.left.min(bytes - self.sent),
        };
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut most = self.piece.len() - self.offset();
        if let Some((bytes, pause)) = self.pace {
            let timer = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
            std::task::ready!(timer.as_mut().poll(cx));
            self.pause = None;
            most = most.min(bytes);
        }
        let size = usize::try_from(allowed).unwrap_or(usize::MAX).min(most);
        let offset = self.offset();
        let data = self.piece.slice(offset..offset + size);
        self.left -= size as u64;
        self.sent += size as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && matches!(self.end, End::Whole)
    }
}

impl ScriptedBody {
    /// Where in the piece the next byte is. Only called while bytes are left, so the piece is not empty.
    fn offset(&self) -> usize {
        (self.sent % self.piece.len() as u64) as usize
    }
}

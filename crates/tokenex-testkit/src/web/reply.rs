//! What a server answers, and how it goes wrong.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Received;

/// One answer, or one way of not answering.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) delay: Duration,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Answer(Box<Answer>),
    Silence,
    Cut,
}

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body is sent over and over until so many bytes are out.
    pub(super) length: u64,
    pub(super) pace: Option<(usize, Duration)>,
    pub(super) end: End,
}

/// What happens in the middle of a body.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Whole,
    CutAfter(u64),
    StallAfter(u64),
}

impl Reply {
    /// A status without a body.
    ///
    /// # Panics
    /// As all constructors, when `status` is not from 100 to 999.
    pub fn status(status: u16) -> Self {
        Self::bytes(status, Bytes::new())
    }

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string()).header("content-type", "application/json")
    }

    /// A plain text body.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::bytes(status, body.into()).header("content-type", "text/plain; charset=utf-8")
    }

    /// An HTML page: what a captive portal or a proxy puts in the way.
    pub fn html(status: u16, page: impl Into<String>) -> Self {
        Self::bytes(status, page.into()).header("content-type", "text/html; charset=utf-8")
    }

    /// Any bytes, without a content type.
    pub fn bytes(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status is a number from 100 to 999"),
            headers: HeaderMap::new(),
            length: body.len() as u64,
            body,
            pace: None,
            end: End::Whole,
        };
        Self { delay: Duration::ZERO, outcome: Outcome::Answer(Box::new(answer)) }
    }

    /// A body of so many bytes of `x`, made while it is sent: 100 MB cost no memory here.
    pub fn huge(status: u16, length: u64) -> Self {
        Self::bytes(status, vec![b'x'; 64 * 1024]).edit(|answer| answer.length = length)
    }

    /// A redirect to any place.
    ///
    /// # Panics
    /// When `location` cannot be in a header.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// Accepts the request and never answers. Ends when the client goes.
    pub fn silence() -> Self {
        Self { delay: Duration::ZERO, outcome: Outcome::Silence }
    }

    /// Closes the connection without an answer.
    pub fn cut() -> Self {
        Self { delay: Duration::ZERO, outcome: Outcome::Cut }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When name or value cannot be in a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        let value: HeaderValue = value.parse().expect("a header value");
        self.edit(|answer| {
            answer.headers.append(name, value);
        })
    }

    /// Waits before the first byte.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the body in pieces of `bytes`, with a pause before each: a server that is alive and slow.
    #[must_use]
    pub fn in_pieces(self, bytes: usize, pause: Duration) -> Self {
        self.edit(|answer| answer.pace = Some((bytes.max(1), pause)))
    }

    /// Announces the whole body, sends so many bytes of it, then closes the connection.
    #[must_use]
    pub fn cut_after(self, bytes: u64) -> Self {
        self.edit(|answer| answer.end = End::CutAfter(bytes))
    }

    /// Announces the whole body, sends so many bytes of it, then nothing more.
    #[must_use]
    pub fn stall_after(self, bytes: u64) -> Self {
        self.edit(|answer| answer.end = End::StallAfter(bytes))
    }

    fn edit(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Outcome::Answer(answer) = &mut self.outcome {
            change(answer);
        }
        self
    }
}

/// The whole answer, as it is.
impl From<http::Response<Bytes>> for Reply {
    fn from(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self::bytes(parts.status.as_u16(), body).edit(|answer| answer.headers = parts.headers)
    }
}

/// What a path answers over time: made from a [`Reply`], a list of replies, or a closure.
///
/// A list is used up in order and its last reply stays.
#[derive(Clone)]
pub struct Script(Steps);

type Answering = dyn Fn(&Received) -> Reply + Send + Sync;

#[derive(Clone)]
enum Steps {
    List(VecDeque<Reply>),
    Closure(Arc<Answering>),
}

impl Script {
    /// Takes the next step out, as a script of its own that needs no lock to run.
    pub(super) fn next(&mut self) -> Self {
        Self(match &mut self.0 {
            Steps::List(replies) if replies.len() > 1 => Steps::List(replies.pop_front().into_iter().collect()),
            steps => steps.clone(),
        })
    }

    pub(super) fn reply(&self, request: &Received) -> Reply {
        match &self.0 {
            Steps::List(replies) => replies.front().cloned().unwrap_or_else(Reply::cut),
            Steps::Closure(answer) => answer(request),
        }
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self(Steps::List(VecDeque::from([reply])))
    }
}

impl<const N: usize> From<[Reply; N]> for Script {
    fn from(replies: [Reply; N]) -> Self {
        Self(Steps::List(replies.into()))
    }
}

impl From<Vec<Reply>> for Script {
    fn from(replies: Vec<Reply>) -> Self {
        Self(Steps::List(replies.into()))
    }
}

impl<F: Fn(&Received) -> Reply + Send + Sync + 'static> From<F> for Script {
    fn from(answer: F) -> Self {
        Self(Steps::Closure(Arc::new(answer)))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Steps::List(replies) => f.debug_tuple("Script").field(replies).finish(),
            Steps::Closure(_) => f.write_str("Script(closure)"),
        }
    }
}

//! What can go wrong, and which error it is.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response};
use serde_json::json;
use tokenex_core::{ErrorKind, Retry};

use crate::transport::Fault;
use crate::world::{Trouble, World};

/// Something that goes wrong with the requests of an attempt.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) make: fn(&World) -> Trouble,
    pub(super) wanted: Wanted,
}

impl Case {
    /// Whether it is worth trying at each request of an exchange: one of each way of going wrong is enough.
    pub(super) fn at_each_request(&self) -> bool {
        !SIMILAR.contains(&self.name)
    }
}

/// What differs from others in the answer of the target alone.
const SIMILAR: &[&str] = &[
    "429 with Retry-After as a date",
    "503 with Retry-After",
    "502 with a page",
    "400 with nothing",
    "403 with nothing",
    "403 with a page",
    "an empty answer",
    "an answer of 8 MiB",
    "500 that repeats what was sent",
    "403 that repeats what was sent, in an object",
    "400 that repeats what was sent, in XML",
    "400 that repeats what was sent, as it is",
];

/// What the contract wants of the error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// One of these; any when empty.
    pub(super) kinds: &'static [ErrorKind],
    /// None of these.
    pub(super) never: &'static [ErrorKind],
    pub(super) retry: Option<Retry>,
    /// What the far end asked to wait.
    pub(super) wait: Option<Duration>,
    /// Nothing comes back, so that the attempt may be dropped at its deadline.
    pub(super) hangs: bool,
    /// Sources may also say that there is no usable value.
    pub(super) or_no_input: bool,
    /// It is worth another attempt, so that who repeats things by himself would do so here.
    pub(super) tempts: bool,
}

impl Wanted {
    /// Any error that is not plainly wrong.
    const ANY: Self = Self {
        kinds: &[],
        never: &[ErrorKind::Panic, ErrorKind::Closed, ErrorKind::Shutdown],
        retry: None,
        wait: None,
        hangs: false,
        or_no_input: false,
        tempts: false,
    };

    /// The target, or who stands before it, refuses without a word. What a bare status means, its documents may say.
    const REFUSAL: Self = Self {
        never: &[
            ErrorKind::Panic,
            ErrorKind::Closed,
            ErrorKind::Shutdown,
            ErrorKind::Throttled,
            ErrorKind::Timeout,
            ErrorKind::Tls,
        ],
        ..Self::ANY
    };

    /// Refused for good, in the target's own words.
    pub(super) const REFUSED: Self = Self { retry: Some(Retry::Terminal), ..Self::REFUSAL };

    const fn transient(kinds: &'static [ErrorKind]) -> Self {
        Self { kinds, retry: Some(Retry::Transient), tempts: true, ..Self::ANY }
    }

    const fn waiting(self, seconds: u64) -> Self {
        Self { wait: Some(Duration::from_secs(seconds)), ..self }
    }
}

const AWAY: &[ErrorKind] = &[ErrorKind::Unavailable, ErrorKind::Timeout];
const BUSY: &[ErrorKind] = &[ErrorKind::Throttled];
const OUT_OF_ORDER: &[ErrorKind] = &[ErrorKind::Unavailable, ErrorKind::Throttled, ErrorKind::Protocol];
const NOT_UNDERSTOOD: &[ErrorKind] = &[ErrorKind::Protocol, ErrorKind::Unavailable];

/// An answer that is none: sources may call it the lack of a value.
const NONSENSE: Wanted = Wanted { or_no_input: true, ..Wanted::transient(NOT_UNDERSTOOD) };

const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>";

/// Longer than any answer of any target.
const HUGE: usize = 8 * 1024 * 1024;

pub(super) const TROUBLES: &[Case] = &[
    Case { name: "an unreachable host", make: |_| network(Fault::Unreachable), wanted: Wanted::transient(AWAY) },
    Case { name: "a connection that is cut", make: |_| network(Fault::Cut), wanted: Wanted::transient(AWAY) },
    Case {
        name: "a host that hangs",
        make: |_| network(Fault::Hang),
        wanted: Wanted { hangs: true, ..Wanted::transient(AWAY) },
    },
    Case {
        name: "a certificate that is not trusted",
        make: |_| network(Fault::Untrusted),
        wanted: Wanted { kinds: &[ErrorKind::Tls], retry: Some(Retry::Terminal), ..Wanted::ANY },
    },
    Case {
        name: "429 with Retry-After in seconds",
        make: |_| answer(429, "application/json", "{}", Some("7".to_owned())),
        wanted: Wanted::transient(BUSY).waiting(7),
    },
    Case {
        name: "429 with Retry-After as a date",
        make: |world| {
            let at = world.target_clock()() + Duration::from_secs(20);
            answer(429, "application/json", "{}", Some(httpdate::fmt_http_date(at)))
        },
        wanted: Wanted::transient(BUSY).waiting(20),
    },
    Case {
        name: "500 with nothing",
        make: |_| answer(500, "text/plain", "", None),
        wanted: Wanted::transient(OUT_OF_ORDER),
    },
    Case {
        name: "503 with Retry-After",
        make: |_| answer(503, "application/json", "{}", Some("9".to_owned())),
        wanted: Wanted::transient(OUT_OF_ORDER).waiting(9),
    },
    Case {
        name: "502 with a page",
        make: |_| answer(502, "text/html", PAGE, None),
        wanted: Wanted::transient(OUT_OF_ORDER),
    },
    Case { name: "400 with nothing", make: |_| answer(400, "application/json", "{}", None), wanted: Wanted::REFUSAL },
    Case { name: "401 with nothing", make: |_| answer(401, "application/json", "{}", None), wanted: Wanted::REFUSAL },
    Case { name: "403 with nothing", make: |_| answer(403, "application/json", "{}", None), wanted: Wanted::REFUSAL },
    Case { name: "403 with a page", make: |_| answer(403, "text/html", PAGE, None), wanted: Wanted::ANY },
    Case { name: "a page in place of the answer", make: |_| answer(200, "text/html", PAGE, None), wanted: NONSENSE },
    Case { name: "an empty answer", make: |_| answer(200, "application/json", "", None), wanted: NONSENSE },
    Case { name: "half an answer", make: |_| Trouble::spoilt(halve), wanted: NONSENSE },
    Case {
        name: "an answer of 8 MiB",
        make: |_| Trouble::instead(|_| reply(200, "application/json", Bytes::from(vec![b'x'; HUGE]), None)),
        wanted: NONSENSE,
    },
    Case {
        name: "401 that repeats what was sent",
        make: |_| Trouble::instead(|sent| repeat(sent, 401)),
        wanted: Wanted::ANY,
    },
    Case {
        name: "400 that repeats what was sent",
        make: |_| Trouble::instead(|sent| repeat(sent, 400)),
        wanted: Wanted::ANY,
    },
    Case {
        name: "500 that repeats what was sent",
        make: |_| Trouble::instead(|sent| repeat(sent, 500)),
        wanted: Wanted::ANY,
    },
    Case {
        name: "403 that repeats what was sent, in an object",
        make: |_| Trouble::instead(|sent| repeat_within(sent, 403)),
        wanted: Wanted::ANY,
    },
    Case {
        name: "400 that repeats what was sent, in XML",
        make: |_| Trouble::instead(|sent| repeat_in_xml(sent, 400)),
        wanted: Wanted::ANY,
    },
    Case {
        name: "400 that repeats what was sent, as it is",
        make: |_| Trouble::instead(|sent| reply(400, "text/plain", Bytes::from(everything_in(sent)), None)),
        wanted: Wanted::ANY,
    },
];

fn network(fault: Fault) -> Trouble {
    Trouble::Network(fault)
}

fn answer(status: u16, kind: &'static str, body: &'static str, retry_after: Option<String>) -> Trouble {
    Trouble::instead(move |_| reply(status, kind, Bytes::from_static(body.as_bytes()), retry_after.as_deref()))
}

fn reply(status: u16, kind: &str, body: Bytes, retry_after: Option<&str>) -> Response<Bytes> {
    let mut response = Response::builder().status(status).header(CONTENT_TYPE, kind);
    if let Some(wait) = retry_after {
        response = response.header(RETRY_AFTER, wait);
    }
    response.body(body).expect("status and headers are ours")
}

/// The first half of the body, as if it were whole.
fn halve(answer: Response<Bytes>) -> Response<Bytes> {
    answer.map(|body| body.slice(..body.len() / 2))
}

/// In the fields that most targets have for the words of a refusal.
fn repeat(sent: &Request<Bytes>, status: u16) -> Response<Bytes> {
    let text = everything_in(sent);
    let body = json!({"error": "invalid_request", "error_description": text, "message": text, "Message": text,
        "code": "Refused", "detail": text, "errors": [text]});
    reply(status, "application/json", Bytes::from(body.to_string()), None)
}

/// As Google and Microsoft's resource APIs write it.
fn repeat_within(sent: &Request<Bytes>, status: u16) -> Response<Bytes> {
    let text = everything_in(sent);
    let body = json!({"error": {"code": status, "message": text, "status": "PERMISSION_DENIED"}});
    reply(status, "application/json", Bytes::from(body.to_string()), None)
}

/// As AWS's query protocol writes it.
fn repeat_in_xml(sent: &Request<Bytes>, status: u16) -> Response<Bytes> {
    let text = everything_in(sent).replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>Refused</Code><Message>{text}</Message></Error>\
         <RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>"
    );
    reply(status, "text/xml", Bytes::from(body), None)
}

/// Headers, address and body, with blanks between what a form runs together.
fn everything_in(sent: &Request<Bytes>) -> String {
    let headers: String = sent
        .headers()
        .iter()
        .map(|(name, value)| format!("{name} {} ", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = String::from_utf8_lossy(sent.body()).replace(['&', '=', '"'], " ");
    format!("{body} {headers}{}", sent.uri())
}

//! One document of an issuer, with nothing but its address sent.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::{Map, Value};
use tokenex::Error;
use tokenex::core::{AnyTransport, Transport as _};

use super::super::finding::what_and_advice;
use crate::config::Address;
use crate::output::printable;

/// A slower issuer is one that targets do not wait for either.
const LIMIT: Duration = Duration::from_secs(5);

/// Why a document was not seen.
#[derive(Debug)]
pub(super) enum Trouble {
    NotAnAddress(String),
    Plain(String),
    NoAnswer(Error),
    Status(u16),
    Redirect(Option<String>),
    NotJson,
    Member(&'static str),
    /// What stands before it was not seen.
    NoDocument,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAddress(text) => write!(f, "{text:?} is no https address: nobody can find keys by it"),
            Self::Plain(host) => {
                write!(f, "{host} would be asked in plain http, so it was not: clouds take https only")
            }
            Self::NoAnswer(error) => f.write_str(&what_and_advice(error)),
            Self::Status(status) => write!(f, "the answer is HTTP {status}"),
            Self::Redirect(Some(host)) => {
                write!(f, "the answer is a redirect to {host}, which was not followed: most targets do not either")
            }
            Self::Redirect(None) => f.write_str("the answer is a redirect, which was not followed"),
            Self::NotJson => f.write_str("the answer is no JSON object: a login page or a proxy?"),
            Self::Member(name) => write!(f, "the document has no {name:?}"),
            Self::NoDocument => f.write_str("there is no discovery document"),
        }
    }
}

/// A JSON object, and the sender's time beside ours.
pub(super) struct Fetched {
    pub(super) members: Map<String, Value>,
    /// The `Date` of the answer, and when it came.
    pub(super) date: Option<(SystemTime, SystemTime)>,
}

/// Fetches a JSON object. Plain http stays on this machine.
pub(super) async fn json(address: &str, transport: &AnyTransport) -> Result<Fetched, Trouble> {
    let parsed = Address::read(address).map_err(|_| Trouble::NotAnAddress(printable(address)))?;
    if parsed.is_plain() {
        return Err(Trouble::Plain(parsed.authority));
    }
    let request = Request::get(address).header(header::ACCEPT, "application/json").body(Bytes::new());
    let request = request.map_err(|_| Trouble::NotAnAddress(printable(address)))?;
    let response = transport.send(request, LIMIT).await.map_err(Trouble::NoAnswer)?;
    let now = SystemTime::now();
    match response.status().as_u16() {
        200..=299 => {}
        300..=399 => return Err(Trouble::Redirect(location(&response))),
        status => return Err(Trouble::Status(status)),
    }
    let members = serde_json::from_slice(response.body()).map_err(|_| Trouble::NotJson)?;
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    Ok(Fetched { members, date: date.map(|date| (date, now)) })
}

/// Where a redirect leads to; never its path or query.
fn location(response: &Response<Bytes>) -> Option<String> {
    let to = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(Address::read(to).ok()?.authority)
}

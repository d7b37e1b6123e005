//! The headers that are signed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use ring::digest::{SHA256, digest};
use tokenex_core::{Error, ErrorKind, Result};

use super::Body;

const BODY_HASH: HeaderName = HeaderName::from_static("x-content-sha256");

/// The first moment that the date of HTTP cannot write: the year 10000.
const END_OF_DATES: Duration = Duration::from_secs(253_402_300_800);

/// The time as HTTP writes it ([RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
pub(super) fn date(now: SystemTime) -> Result<HeaderValue> {
    let since = now.duration_since(UNIX_EPOCH).ok().filter(|since| *since < END_OF_DATES);
    let date = since.map(|since| httpdate::fmt_http_date(UNIX_EPOCH + since));
    date.and_then(|date| HeaderValue::try_from(date).ok()).ok_or_else(|| {
        unusable("the clock shows a time that no request can be dated with").with_advice("set the machine's clock")
    })
}

/// The `host` that was given, else that of the URI.
pub(super) fn host(uri: &Uri, given: &HeaderMap) -> Result<HeaderValue> {
    if let Some(given) = only(given, &header::HOST)? {
        return Ok(given);
    }
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err(unusable("the address of the request has no host").with_advice("give the whole URL: https://..."));
    };
    // Clients leave the usual port out, and the far end must see what was signed.
    let usual = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    let host = match uri.port_u16().filter(|port| *port != usual) {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::from_str(host),
    };
    host.map_err(|_| unusable("the host of the request cannot be in a header"))
}

/// Sets what is to be signed of the body, and names it in the documented order.
pub(super) fn body(
    method: &Method,
    body: Body<'_>,
    given: &HeaderMap,
    set: &mut HeaderMap,
) -> Result<&'static [&'static str]> {
    if !Body::is_signed(method) {
        return Ok(&[]);
    }
    let (length, hash) = match body {
        Body::Whole(bytes) => (bytes.len() as u64, STANDARD.encode(digest(&SHA256, bytes))),
        Body::Hashed { length, sha256 } => (length, STANDARD.encode(sha256)),
        Body::Unsigned => return Ok(&[]),
    };
    let content_type = only(given, &header::CONTENT_TYPE)?;
    set.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    set.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/json")));
    set.insert(BODY_HASH, HeaderValue::try_from(hash).map_err(|_| unusable("the hash of the body is none"))?);
    Ok(&["content-length", "content-type", "x-content-sha256"])
}

/// The one value of a header, fit to be signed: servers differ in how they read anything but visible ASCII.
fn only(given: &HeaderMap, name: &HeaderName) -> Result<Option<HeaderValue>> {
    let mut values = given.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(unusable(format!("the header \"{name}\" is there more than once, and it is to be signed"))
            .with_advice("give it once"));
    }
    let text = value.to_str().ok().filter(|text| !text.is_empty() && text.trim() == *text && !text.contains('\t'));
    match text {
        Some(_) => Ok(Some(value.clone())),
        None => Err(unusable(format!("the header \"{name}\" holds what cannot be signed"))
            .with_advice("give visible ASCII, without blanks around it")),
    }
}

pub(super) fn unusable(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("oci").with_step("sign").with_code("bad_request")
}

//! Signed requests.
//!
//! Source: docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm, on top of draft-cavage-http-signatures-08.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{Method, Request};

use super::public_key::PublicKey;

/// How far the date of a request may be off.
const SKEW: Duration = Duration::from_secs(300);

/// Which headers a signature must cover, beside date and request target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// The host; with a body also what describes it.
    Request,
    /// The host. What describes the body may be covered, as in uploads.
    Upload,
    /// What describes the body. The host may be covered, as when an instance asks for a token.
    Federation,
}

/// The `Authorization` of a signed request.
pub(super) struct Signature {
    pub(super) key_id: String,
    /// Names of headers, lower-case, in the order of the signing string.
    pub(super) headers: Vec<String>,
    signature: Vec<u8>,
}

impl Signature {
    /// Reads it. The error is for the book.
    pub(super) fn of(request: &Request<Bytes>) -> Result<Self, &'static str> {
        let mut all = request.headers().get_all(AUTHORIZATION).iter();
        let value = all.next().ok_or("there is no signature")?;
        if all.next().is_some() {
            return Err("there are several signatures");
        }
        let value = value.to_str().map_err(|_| "the signature is not readable")?;
        let parameters = value.strip_prefix("Signature ").ok_or("it is not a signature")?;
        let parameters = parse(parameters).ok_or("the signature is not readable")?;
        let get = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        if get("version") != Some("1") {
            return Err("the version of the signature is not 1");
        }
        if get("algorithm") != Some("rsa-sha256") {
            return Err("the algorithm is not rsa-sha256");
        }
        let headers = get("headers").ok_or("the signature names no headers")?;
        let signature = get("signature").ok_or("the signature is absent")?;
        Ok(Self {
            key_id: get("keyId").ok_or("the signature names no key")?.to_owned(),
            headers: headers.split(' ').map(str::to_ascii_lowercase).collect(),
            signature: STANDARD.decode(signature).map_err(|_| "the signature is not base64")?,
        })
    }

    /// The session token in the key id: `ST$` and the token.
    pub(super) fn session_token(&self) -> Option<&str> {
        self.key_id.strip_prefix("ST$")
    }

    /// Whether the key signed this request. The error is for the book.
    pub(super) fn verify(
        &self,
        request: &Request<Bytes>,
        cover: Cover,
        key: &PublicKey,
        now: SystemTime,
    ) -> Result<(), &'static str> {
        self.check_cover(request.method(), cover)?;
        self.check_date(request, now)?;
        self.check_body(request)?;
        let message = self.signing_string(request).ok_or("a header that was signed is absent")?;
        if key.verify(message.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err("the signature is not the key's over this request")
        }
    }

    fn covers(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }

    fn check_cover(&self, method: &Method, cover: Cover) -> Result<(), &'static str> {
        if !self.covers("(request-target)") {
            return Err("the request target is not signed");
        }
        if !self.covers("date") && !self.covers("x-date") {
            return Err("the date is not signed");
        }
        if cover != Cover::Federation && !self.covers("host") {
            return Err("the host is not signed");
        }
        let body = matches!(*method, Method::POST | Method::PUT | Method::PATCH) && cover != Cover::Upload;
        if body && !["content-length", "content-type", "x-content-sha256"].iter().all(|name| self.covers(name)) {
            return Err("the body is not signed");
        }
        Ok(())
    }

    fn check_date(&self, request: &Request<Bytes>, now: SystemTime) -> Result<(), &'static str> {
        let name = if self.covers("x-date") { "x-date" } else { "date" };
        let date = header(request, name).ok_or("there is no date")?;
        let date = httpdate::parse_http_date(&date).map_err(|_| "the date is not readable")?;
        let off = now.duration_since(date).unwrap_or_else(|ahead| ahead.duration());
        if off > SKEW { Err("the date is more than five minutes off") } else { Ok(()) }
    }

    fn check_body(&self, request: &Request<Bytes>) -> Result<(), &'static str> {
        let body = request.body();
        if let Some(length) = header(request, CONTENT_LENGTH.as_str())
            && length.parse() != Ok(body.len())
        {
            return Err("the content length is not the body's");
        }
        if let Some(hash) = header(request, "x-content-sha256")
            && hash != STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, body))
        {
            return Err("the hash is not the body's");
        }
        Ok(())
    }

    /// One line for each header, in the order of the list, without a final line end.
    fn signing_string(&self, request: &Request<Bytes>) -> Option<String> {
        let line = |name: &String| {
            let value = match name.as_str() {
                "(request-target)" => {
                    let method = request.method().as_str().to_ascii_lowercase();
                    format!("{method} {}", request.uri().path_and_query()?)
                }
                name => header(request, name)?,
            };
            Some(format!("{name}: {value}"))
        };
        Some(self.headers.iter().map(line).collect::<Option<Vec<_>>>()?.join("\n"))
    }
}

/// The value of a header; several of the same name are one list. Where nobody has written a `Host` yet, as in memory, the
/// address has it.
fn header(request: &Request<Bytes>, name: &str) -> Option<String> {
    let values = request.headers().get_all(name).iter().map(|value| value.to_str().ok());
    let values: Vec<&str> = values.collect::<Option<_>>()?;
    match values.as_slice() {
        [] if name == "host" => Some(request.uri().authority()?.to_string()),
        [] => None,
        values => Some(values.join(", ")),
    }
}

/// `name="value"`, separated by commas.
fn parse(mut text: &str) -> Option<Vec<(&str, &str)>> {
    let mut parameters = Vec::new();
    loop {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = rest.split_once('"')?;
        parameters.push((name.trim(), value));
        text = rest.trim_start();
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return text.is_empty().then_some(parameters),
        }
    }
}

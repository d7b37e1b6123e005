//! Inputs that are answers of a server.
//!
//! They are written as a person reads them, so that a seed can be made by hand: a status, headers, an empty line, a body. Lines of
//! equals signs stand between the answers to one request after another; the last one is given to all further requests.
//!
//! ```text
//! 429
//! retry-after: 7
//!
//! {"errors": ["slow down"]}
//! ====
//! 200
//!
//! {"auth": {"client_token": "..."}}
//! ```

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::oracle::PASSWORD;

const BETWEEN: &[u8] = b"\n====\n";

/// What a server says, one after another. There is at least one.
pub(crate) fn read(data: &[u8]) -> Vec<Response<Bytes>> {
    let mut rest = data;
    let mut answers = Vec::new();
    while let Some(at) = position(rest, BETWEEN) {
        answers.push(answer(&rest[..at]));
        rest = &rest[at + BETWEEN.len()..];
    }
    answers.push(answer(rest));
    answers
}

/// What is not written as it should be becomes the nearest that HTTP allows.
fn answer(text: &[u8]) -> Response<Bytes> {
    let (head, body) = match position(text, b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| StatusCode::from_bytes(line.trim_ascii()).ok());
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = status.unwrap_or(StatusCode::OK);
    for line in lines {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..at].trim_ascii());
        // A target that writes what looks like no secret into a header, where its ids are, cannot be told from one that does not.
        let value = String::from_utf8_lossy(line[at + 1..].trim_ascii()).replace(PASSWORD, "");
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

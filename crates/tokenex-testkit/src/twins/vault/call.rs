//! One request, read.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request};
use serde_json::Value;

use super::refusal::{self, Refusal};
use crate::twins::form::Form;

pub(super) struct Call {
    pub(super) method: Method,
    /// Below `/v1/`, decoded.
    pub(super) path: String,
    pub(super) query: Form,
    /// Null where there is none, or something that is no JSON.
    pub(super) body: Value,
    pub(super) token: Option<String>,
}

/// What a request does to a path. `PUT` and `POST` are the same (openbao.org/api-docs, "API Operations").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Write,
    Delete,
    Other,
}

impl Call {
    /// `None` where the path is none of this API's.
    pub(super) fn read(request: &Request<Bytes>) -> Option<Self> {
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let path = path.strip_prefix("/v1/")?.to_owned();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let bearer = || header(AUTHORIZATION.as_str())?.strip_prefix("Bearer ");
        let token = header("x-vault-token").or_else(bearer).map(str::to_owned);
        let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        Some(Self { method: request.method().clone(), path, query: Form::of_query(request.uri()), body, token })
    }

    pub(super) fn operation(&self) -> Operation {
        match self.method {
            Method::GET => Operation::Read,
            Method::POST | Method::PUT => Operation::Write,
            Method::DELETE => Operation::Delete,
            _ => Operation::Other,
        }
    }

    /// A member of the body; empty where it is absent or no text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The `increment` that is asked for: seconds, or a text such as `90`, `15s`, `2m`, `1h`. `None` where it is absent or
    /// zero, which are alike.
    pub(super) fn increment(&self) -> Result<Option<Duration>, Refusal> {
        let not_valid = |why: String| refusal::field_not_valid("increment", &why);
        let seconds = match &self.body["increment"] {
            Value::Null => 0,
            Value::String(text) => {
                seconds(text).ok_or_else(|| not_valid(format!("time: invalid duration \"{text}\"")))?
            }
            number => number.as_u64().ok_or_else(|| not_valid(format!("cannot provide negative value '{number}'")))?,
        };
        Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
    }
}

/// Of the forms that Go knows, those of one unit.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

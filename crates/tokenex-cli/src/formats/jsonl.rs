//! One object a line: what `watch --format jsonl` prints for each event, and `get --format json` once.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tokenex::core::{Error, ErrorKind, Failing, Secret};

use crate::catalog::{Change, Snapshot, Value};
use crate::time::{rfc3339, rfc3339_millis};

/// The order of the members is that of the document.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    name: &'a str,
    event: &'static str,
    generation: Option<u64>,
    fingerprint: Option<&'a str>,
    expires_at: Option<String>,
    refresh_at: Option<String>,
    previous_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Json>,
}

#[derive(Serialize)]
struct Failed<'a> {
    kind: &'static str,
    code: Option<&'a str>,
    request_id: Option<&'a str>,
    message: String,
    retry_at: Option<String>,
}

/// The credential as it is now, with its secrets.
pub(crate) fn current(name: &str, snapshot: &Snapshot) -> Secret {
    let line =
        Line { credential: Some(members(&snapshot.value)), ..line(name, "updated", SystemTime::now(), Some(snapshot)) };
    super::line(&line)
}

/// The lines of a change, in the order in which things happened: a gap, then what came after it, then what fails now.
///
/// A failure that is over without a new credential is told as `updated` with the same generation.
pub(crate) fn change(name: &str, change: &Change, reveal: bool) -> Vec<Secret> {
    let held = change.credential.as_ref();
    let mut lines = Vec::new();
    if change.removed.is_some() {
        lines.push(super::line(&line(name, "removed", change.at, None)));
    }
    if change.updated || (change.recovered && held.is_some()) {
        lines.push(super::line(&Line {
            previous_until: change.previous_until.map(rfc3339),
            credential: held.filter(|_| reveal).map(|snapshot| members(&snapshot.value)),
            ..line(name, "updated", change.at, held)
        }));
    }
    if let Some(failing) = &change.failing {
        lines.push(super::line(&Line { error: Some(failed(failing)), ..line(name, "failing", change.at, held) }));
    }
    lines
}

fn line<'a>(name: &'a str, event: &'static str, at: SystemTime, held: Option<&'a Snapshot>) -> Line<'a> {
    Line {
        time: rfc3339_millis(at),
        name,
        event,
        generation: held.map(|snapshot| snapshot.generation),
        fingerprint: held.and_then(|snapshot| snapshot.fingerprint.as_deref()),
        expires_at: held.and_then(|snapshot| snapshot.expires_at).map(rfc3339),
        refresh_at: held.and_then(|snapshot| snapshot.refresh_at).map(rfc3339),
        previous_until: None,
        error: None,
        credential: None,
    }
}

fn failed(failing: &Failing) -> Failed<'_> {
    let error: &Error = &failing.last;
    Failed {
        kind: kind(error.kind()),
        code: error.code(),
        request_id: error.request_id(),
        message: error.to_string(),
        retry_at: failing.next_attempt_at.map(rfc3339),
    }
}

fn members(value: &Value) -> Json {
    match value {
        Value::Token { access_token, token_type } => {
            json!({ "access_token": access_token.expose(), "token_type": token_type })
        }
        Value::AwsKeys { access_key_id, secret_access_key, session_token } => json!({
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key.expose(),
            "session_token": session_token.as_ref().map(Secret::expose),
        }),
        Value::OciSession { token, private_key, .. } => {
            json!({ "token": token.expose(), "private_key": private_key.expose() })
        }
        Value::Data(json) => serde_json::from_str(json.expose()).unwrap_or_default(),
    }
}

/// The words of `docs/errors.md`, as programs write them.
fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "configuration",
        ErrorKind::Identity => "identity",
        ErrorKind::Trust => "trust",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Tls => "tls",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Panic => "panic",
        ErrorKind::Closed => "closed",
        ErrorKind::Shutdown => "shutdown",
        _ => "other",
    }
}

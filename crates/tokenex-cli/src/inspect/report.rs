//! What `inspect` prints.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::Token;
use super::warnings::Warning;
use crate::output::printable;
use crate::time::{from_now, rfc3339, words};

/// Claims that people look for, in the order in which they do.
const FIRST: [&str; 7] = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"];

/// The whole report, a line feed at its end.
pub(crate) fn text(token: &Token, warnings: &[Warning], now: SystemTime) -> String {
    let mut report = String::new();
    part(&mut report, "header", &token.header, now);
    part(&mut report, "claims", &token.payload, now);
    if let (Some(from), Some(until)) = (token.claims.issued_at(), token.claims.expires_at())
        && let Ok(lifetime) = until.duration_since(from)
    {
        let _ = writeln!(report, "lifetime\n  {}", words(lifetime));
    }
    let _ = writeln!(report, "signature\n  not shown, not verified");
    if !warnings.is_empty() {
        report.push_str("warnings\n");
        for warning in warnings {
            let _ = writeln!(report, "  - {}", warning.text);
        }
    }
    report
}

fn part(report: &mut String, title: &str, members: &Map<String, Value>, now: SystemTime) {
    let _ = writeln!(report, "{title}");
    let known = FIRST.iter().filter_map(|name| members.get_key_value(*name));
    let others = members.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let width = members.keys().map(|name| printable(name).chars().count()).max().unwrap_or_default().min(24);
    for (name, value) in known.chain(others) {
        let _ = writeln!(report, "  {:width$}  {}", printable(name), shown(name, value, now));
    }
}

fn shown(name: &str, value: &Value, now: SystemTime) -> String {
    match (value, value.as_f64()) {
        (Value::String(text), _) => printable(text),
        (_, Some(number)) if is_time(name) => match at(number) {
            Some(at) => format!("{}  {}", rfc3339(at), from_now(at, now)),
            None => value.to_string(),
        },
        _ => printable(&value.to_string()),
    }
}

/// Claims that hold a NumericDate ([RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
fn is_time(name: &str) -> bool {
    matches!(name, "iat" | "nbf" | "exp" | "auth_time" | "updated_at")
}

fn at(number: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(number).ok()?;
    UNIX_EPOCH.checked_add(since)
}

//! What is odd about a token, for the one who asks why a target refuses it.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Token;
use crate::output::printable;
use crate::time::{from_now, words};

/// Workload tokens live for minutes; the longest that platforms give by themselves is a day.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// One finding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// A sentence without a final stop.
    pub(crate) text: String,
    /// The token is not valid now: it would be refused everywhere.
    pub(crate) unusable: bool,
}

/// All findings, the worst first.
pub(crate) fn of(token: &Token, now: SystemTime) -> Vec<Warning> {
    let mut found = Vec::new();
    times(token, now, &mut found);
    algorithm(token, &mut found);
    issuer(token, &mut found);
    subject(token, &mut found);
    audience(token, &mut found);
    found.sort_by_key(|warning| !warning.unusable);
    found
}

fn times(token: &Token, now: SystemTime, found: &mut Vec<Warning>) {
    let (issued_at, not_before, expires_at) =
        (token.claims.issued_at(), token.claims.not_before(), token.claims.expires_at());
    match expires_at {
        Some(at) if at <= now => found.push(unusable(format!("the token expired {}", from_now(at, now)))),
        Some(_) => {}
        None => found.push(odd("no exp: the token never ends, and most targets refuse that")),
    }
    if let Some(at) = not_before.filter(|at| *at > now) {
        found.push(unusable(format!("the token is not yet valid: it will be {}", from_now(at, now))));
    }
    match issued_at {
        Some(at) if at > now => found.push(odd(format!(
            "iat lies in the future ({}): the issuer's clock is ahead, or this machine's is behind",
            from_now(at, now)
        ))),
        Some(_) => {}
        None => found.push(odd("no iat: Entra, Google and others ask for it")),
    }
    if let (Some(from), Some(until)) = (issued_at.or(not_before), expires_at) {
        match until.duration_since(from) {
            Ok(life) if life > LONG => found.push(odd(format!(
                "it lives for {}: whoever finds it can use it all that time, and Google takes less than 48 hours only",
                words(life)
            ))),
            Ok(life) if !life.is_zero() => {}
            _ => found.push(odd("exp is not after iat: the token was never valid")),
        }
    }
}

fn algorithm(token: &Token, found: &mut Vec<Warning>) {
    match token.header.get("alg").and_then(Value::as_str) {
        None => found.push(odd("no alg in the header: nobody can tell how it is signed")),
        Some(none) if none.eq_ignore_ascii_case("none") => {
            found.push(odd("alg is none: it is not signed, and anybody can write such a token"));
        }
        Some(hmac) if hmac.starts_with("HS") => found.push(odd(format!(
            "alg {} is a shared secret: who can check the token can also write it, and no cloud takes it",
            printable(hmac)
        ))),
        Some(_) => {}
    }
    if !token.header.contains_key("kid") {
        found.push(odd("no kid in the header: a target cannot tell which of the issuer's keys signed it"));
    }
    if token.header.contains_key("crit") {
        found.push(odd("crit in the header: a reader that does not know what it names must refuse the token"));
    }
}

fn issuer(token: &Token, found: &mut Vec<Warning>) {
    let Some(issuer) = token.claims.issuer() else {
        found.push(odd("no iss: a target cannot tell whom to trust"));
        return;
    };
    if issuer.starts_with("http://") {
        found.push(odd("the issuer is plain http: AWS, Entra and Google take https only"));
    } else if !issuer.starts_with("https://") {
        found.push(odd("the issuer is no https address: a target cannot find its keys by itself"));
    }
    if issuer.ends_with('/') {
        found.push(odd("the issuer ends in a slash: the trust must name it with the slash, letter for letter"));
    }
    if issuer.trim() != issuer {
        found.push(odd("the issuer has white space around it"));
    }
}

fn subject(token: &Token, found: &mut Vec<Warning>) {
    match token.claims.subject() {
        None => found.push(odd("no sub: most targets tell workloads apart by it")),
        Some(subject) if subject.len() > 127 => {
            found.push(odd(format!(
                "sub has {} bytes: Google takes up to 127 as google.subject, unless the provider maps another claim",
                subject.len()
            )));
        }
        Some(_) => {}
    }
}

fn audience(token: &Token, found: &mut Vec<Warning>) {
    match token.claims.audiences() {
        [] => found.push(odd("no aud: every target that trusts the issuer could be shown this token")),
        [_] => {}
        several => found.push(odd(format!(
            "aud names {} audiences: each of them can show the token to the others, and some targets take one only",
            several.len()
        ))),
    }
}

fn odd(text: impl Into<String>) -> Warning {
    Warning { text: text.into(), unusable: false }
}

fn unusable(text: String) -> Warning {
    Warning { text, unusable: true }
}

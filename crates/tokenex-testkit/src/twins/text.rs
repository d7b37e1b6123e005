//! Times and random texts, as several clouds write them.

use std::time::{SystemTime, UNIX_EPOCH};

pub(super) use crate::canary::whole_run::secret;

/// A random GUID (RFC 9562, version 4).
pub(super) fn guid() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// So many random characters out of `alphabet`, which is ASCII.
pub(super) fn random(length: usize, alphabet: &str) -> String {
    let alphabet = alphabet.as_bytes();
    (0..length).map(|_| char::from(alphabet[fastrand::usize(..alphabet.len())])).collect()
}

/// Letters and digits of both cases.
pub(super) const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// RFC 3339 in UTC, cut to whole seconds: `2026-01-31T12:00:00Z`.
pub(super) fn rfc3339(at: SystemTime) -> String {
    let at = time::UtcDateTime::from(at);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second())
}

/// Seconds since 1970; earlier times do not occur in tokens.
pub(super) fn epoch(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

//! Texts in Microsoft's forms.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(super) use crate::twins::text::{epoch, guid, secret};

/// Whether this is a GUID as Microsoft writes it.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Random characters of base64url, from 16 bytes: a `uti`, a secret.
pub(super) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(fastrand::u128(..).to_be_bytes())
}

/// The `timestamp` of Entra's errors: `2026-01-31 12:00:00Z`.
pub(super) fn timestamp(at: SystemTime) -> String {
    let at = time::UtcDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

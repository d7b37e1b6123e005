//! The forms in which platforms have written the end of a token.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::text::{epoch, timestamp};

/// How `expires_on` is written. Platforms and their versions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpiryForm {
    /// Seconds since 1970, as a text: what platforms write today.
    EpochText,
    /// Seconds since 1970, as a number.
    EpochNumber,
    /// `01/31/2026 12:00:00 +00:00`.
    UsDate,
    /// `2026-01-31 12:00:00`, UTC.
    PlainDate,
    /// `2026-01-31T12:00:00Z` (RFC 3339).
    Rfc3339,
}

impl ExpiryForm {
    pub(super) fn write(self, at: SystemTime) -> Value {
        let plain = timestamp(at);
        match self {
            Self::EpochText => json!(epoch(at).to_string()),
            Self::EpochNumber => json!(epoch(at)),
            Self::UsDate => {
                let (date, time) = (&plain[..10], &plain[11..19]);
                json!(format!("{}/{}/{} {time} +00:00", &date[5..7], &date[8..], &date[..4]))
            }
            Self::PlainDate => json!(plain[..19]),
            Self::Rfc3339 => json!(plain.replace(' ', "T")),
        }
    }
}

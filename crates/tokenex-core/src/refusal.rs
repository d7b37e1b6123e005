//! What the refusals of a target mean.
//!
//! A provider has a table of the codes that its target answers with. A row of it is a [`Meaning`]: what kind of failure
//! this is, whether trying again helps, what to say and what to do. Codes come first; a status alone is the row for
//! answers without a known code.
//!
//! ```
//! use http::StatusCode;
//! use tokenex_core::refusal::{Meaning, terminal, transient};
//! use tokenex_core::{Error, ErrorKind};
//!
//! /// RFC 6749 section 5.2 and RFC 8693 section 2.2.2.
//! fn by_code(code: &str) -> Option<Meaning> {
//!     Some(match code {
//!         "invalid_grant" => terminal(
//!             ErrorKind::Trust,
//!             "the project does not trust this identity",
//!             "compare with the publishers in the project's settings",
//!         ),
//!         "temporarily_unavailable" => transient(ErrorKind::Unavailable, "the target cannot answer now", ""),
//!         _ => return None,
//!     })
//! }
//!
//! fn refusal(status: StatusCode, code: &str, said: &str, sent: &str) -> Error {
//!     let meaning = by_code(code).unwrap_or(terminal(ErrorKind::Other, "the target refused", ""));
//!     meaning.error().with_status(status).with_code(code).with_said(said, &[sent])
//! }
//!
//! let error = refusal(StatusCode::BAD_REQUEST, "invalid_grant", "unknown subject", "eyJ.e30.c2ln");
//! assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, false));
//! assert!(error.advice().unwrap().starts_with("compare"));
//! ```

use crate::{Error, ErrorKind, Retry};

/// What a refusal means, and what to do about it. Made by [`terminal`] and [`transient`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Meaning {
    kind: ErrorKind,
    retry: Retry,
    what: &'static str,
    advice: &'static str,
}

/// A refusal that lasts until somebody repairs something ([`Retry::Terminal`]), whatever is usual for the kind.
///
/// `what` says what failed, in a sentence without a final stop; `advice` what a person can do, or nothing.
pub const fn terminal(kind: ErrorKind, what: &'static str, advice: &'static str) -> Meaning {
    Meaning { kind, retry: Retry::Terminal, what, advice }
}

/// A refusal that may pass by itself ([`Retry::Transient`]), whatever is usual for the kind. The texts are as for
/// [`terminal`].
pub const fn transient(kind: ErrorKind, what: &'static str, advice: &'static str) -> Meaning {
    Meaning { kind, retry: Retry::Transient, what, advice }
}

impl Meaning {
    /// The error, to which the provider adds what the answer told: status, code, message, ids.
    #[must_use]
    pub fn error(self) -> Error {
        let error = Error::new(self.kind, self.what).with_retry(self.retry);
        if self.advice.is_empty() { error } else { error.with_advice(self.advice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_decides_whether_trying_again_helps_and_not_the_kind() {
        for kind in [ErrorKind::Denied, ErrorKind::Unavailable] {
            let last = terminal(kind, "it failed", "repair it").error();
            assert_eq!((last.kind(), last.retry(), last.advice()), (kind, Retry::Terminal, Some("repair it")));
            let soon = transient(kind, "it failed", "").error();
            assert_eq!(
                (soon.retry(), soon.advice(), soon.to_string()),
                (Retry::Transient, None, "it failed".to_owned())
            );
        }
    }
}

//! What a program prints, and what it is told.

mod exec_credential;
mod google_executable;

use std::time::SystemTime;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::identity::EXPIRY_LEEWAY;
use crate::{Error, ErrorKind};

/// What a [`Command`](super::Command) prints on its standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CommandFormat {
    /// The text itself.
    #[default]
    Text,
    /// The JSON of [AIP-4117](https://google.aip.dev/auth/4117), as programs for Google's `external_account` files print it:
    /// `id_token`, or `saml_response`. The program gets `GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE` (what the target wants),
    /// `GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE` and `GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0`.
    GoogleExecutable,
    /// The `ExecCredential` of [client.authentication.k8s.io](https://kubernetes.io/docs/reference/config-api/client-authentication.v1/),
    /// as plugins of kubectl print it: `status.token`. The program gets `KUBERNETES_EXEC_INFO`.
    ExecCredential,
}

/// The text that was found, and until when the program says that it is good.
#[derive(Debug)]
struct Found {
    text: Zeroizing<Vec<u8>>,
    ends_at: Option<SystemTime>,
}

impl CommandFormat {
    /// The variables that programs of this kind expect.
    pub(super) fn variables(self, audience: Option<&str>) -> Vec<(&'static str, String)> {
        match self {
            Self::Text => Vec::new(),
            Self::GoogleExecutable => google_executable::variables(audience),
            Self::ExecCredential => exec_credential::variables(),
        }
    }

    /// The text in what was printed by a program that says it succeeded.
    ///
    /// # Errors
    /// Without the place, which the caller knows; never with a piece of what was printed, save for the message of a
    /// failure that the format has a field for.
    pub(super) fn text(self, printed: Zeroizing<Vec<u8>>, now: SystemTime) -> Result<Zeroizing<Vec<u8>>, Misprint> {
        let found = match self {
            Self::Text => return Ok(printed),
            Self::GoogleExecutable => google_executable::read(&printed)?,
            Self::ExecCredential => exec_credential::read(&printed)?,
        };
        let ended = found.ends_at.and_then(|at| now.duration_since(at).ok());
        match ended.filter(|ago| *ago > EXPIRY_LEEWAY) {
            Some(ago) => {
                Err(Misprint::Unusable(format!("printed a token that ended {} s ago", ago.as_secs()), "expired"))
            }
            None => Ok(found.text),
        }
    }

    /// Why it failed, where a program that exits with an error can still say so in its format.
    pub(super) fn failure(self, printed: &[u8]) -> Option<Misprint> {
        match self {
            Self::Text | Self::ExecCredential => None,
            Self::GoogleExecutable => google_executable::read(printed).err().filter(|why| why.is_said()),
        }
    }
}

/// Why there is no text in what was printed.
#[derive(Debug)]
pub(super) enum Misprint {
    /// What is wrong with it, with one of the codes of this module's parent.
    Unusable(String, &'static str),
    /// The program says itself that it failed: its own code and message.
    Said { code: Option<String>, message: Option<String> },
}

impl Misprint {
    fn is_said(&self) -> bool {
        matches!(self, Self::Said { .. })
    }

    /// As an error about the program at `place`.
    pub(super) fn about(self, place: &str) -> Error {
        match self {
            Self::Unusable(what, code) => Error::new(ErrorKind::Identity, format!("{place} {what}")).with_code(code),
            Self::Said { code, message } => {
                let error = Error::new(ErrorKind::Identity, format!("{place} says that it failed"))
                    .with_code(code.as_deref().unwrap_or("exit"));
                match message {
                    Some(message) => error.with_said(&message, &[]),
                    None => error,
                }
            }
        }
    }
}

fn unusable(what: impl Into<String>, code: &'static str) -> Misprint {
    Misprint::Unusable(what.into(), code)
}

/// The members of a JSON object. The parser's message quotes what it could not read, so it is dropped.
fn object(printed: &[u8]) -> Result<serde_json::Map<String, Value>, Misprint> {
    serde_json::from_slice(printed)
        .map_err(|_| unusable("did not print a JSON object, and nothing else, on its standard output", "not_json"))
}

/// A member that is a text with something in it.
fn filled(value: Option<&mut Value>) -> Option<String> {
    match value.map(Value::take) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

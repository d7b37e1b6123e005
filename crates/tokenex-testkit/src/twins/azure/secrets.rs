//! Client secrets of an application: several at a time, each with its own end.

use std::fmt;
use std::time::SystemTime;

use super::entra::EntraTwin;
use super::refusal::{self, Refusal};
use crate::twins::spreading::Spreading;

/// One secret, as it stands in the directory.
pub(super) struct Secret {
    pub(super) id: u64,
    pub(super) text: String,
    pub(super) expires_at: Option<SystemTime>,
    pub(super) spreading: Spreading,
}

/// Whether one of the secrets is this one.
///
/// # Errors
/// In the words for a wrong one, and for one that ran out. A young one that has not spread is simply wrong.
pub(super) fn check(secrets: &mut [Secret], client_id: &str, text: &str, now: SystemTime) -> Result<(), Refusal> {
    let wrong = || refusal::wrong_secret(client_id);
    let secret = secrets.iter_mut().find(|secret| secret.text == text).ok_or_else(wrong)?;
    if !secret.spreading.visible(now) {
        return Err(wrong());
    }
    match secret.expires_at {
        Some(end) if end <= now => Err(refusal::expired_secret(client_id)),
        _ => Ok(()),
    }
}

/// A client secret, to be changed while the program under test runs.
#[derive(Clone)]
pub struct SecretKey {
    pub(super) twin: EntraTwin,
    pub(super) client_id: String,
    pub(super) id: u64,
    pub(super) text: String,
}

impl SecretKey {
    /// The secret itself.
    pub fn value(&self) -> &str {
        &self.text
    }

    /// The next exchanges with it, so many, meet a directory that does not know it yet.
    pub fn unknown_for(&self, exchanges: usize) -> &Self {
        self.edit(|secret| secret.spreading.steps(std::iter::repeat_n(false, exchanges)))
    }

    /// No exchange before this time works with it.
    pub fn known_from(&self, at: SystemTime) -> &Self {
        self.edit(|secret| secret.spreading.from(at))
    }

    /// It ends at this time.
    pub fn expires_at(&self, at: SystemTime) -> &Self {
        self.edit(|secret| secret.expires_at = Some(at))
    }

    /// Takes it away. Tokens already issued live on.
    pub fn revoke(&self) {
        let mut state = self.twin.state();
        if let Some(app) = state.directory.app_mut(&self.client_id) {
            app.secrets.retain(|secret| secret.id != self.id);
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Secret)) -> &Self {
        let mut state = self.twin.state();
        let app = state.directory.app_mut(&self.client_id);
        if let Some(secret) = app.and_then(|app| app.secrets.iter_mut().find(|known| known.id == self.id)) {
            change(secret);
        }
        self
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.client_id)
    }
}

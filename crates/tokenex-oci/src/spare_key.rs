//! The key of an attempt that failed, for the next one.

use std::sync::{Arc, Mutex, PoisonError};

use tokenex_core::Result;

use crate::key::SessionKey;

/// Where a key waits that was made and led to no token.
///
/// Each token has a key of its own, and keys are made one at a time at the cost of a core. Attempts that fail are repeated: were each
/// to make a key, the handles of a domain that is down would spend their time limits in the queue for keys.
#[derive(Clone, Default)]
pub(crate) struct SpareKey(Arc<Mutex<Option<SessionKey>>>);

impl SpareKey {
    /// The key of the last attempt, if that brought no token; else a new one.
    pub(crate) async fn take(&self, new: impl Future<Output = Result<SessionKey>>) -> Result<UnusedKey> {
        let kept = self.lock().take();
        let key = match kept {
            Some(key) => key,
            None => new.await?,
        };
        Ok(UnusedKey { key, returns_to: Some(self.clone()) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<SessionKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that no token is known for. Dropped, it is kept for the next attempt: also where the attempt is dropped at its deadline.
pub(crate) struct UnusedKey {
    key: SessionKey,
    returns_to: Option<SpareKey>,
}

impl UnusedKey {
    pub(crate) fn public_der(&self) -> &[u8] {
        self.key.public_der()
    }

    /// The key, now that there is a token for it.
    pub(crate) fn used(mut self) -> SessionKey {
        self.returns_to = None;
        self.key.clone()
    }
}

impl Drop for UnusedKey {
    fn drop(&mut self) {
        if let Some(spare) = &self.returns_to {
            *spare.lock() = Some(self.key.clone());
        }
    }
}

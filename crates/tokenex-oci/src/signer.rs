//! Request signatures.

use std::fmt;

use tokenex_core::Secret;

use crate::key::SessionKey;

/// Signs requests to Oracle Cloud.
#[derive(Clone)]
pub struct RequestSigner {
    key_id: Secret,
    key: SessionKey,
}

impl RequestSigner {
    pub(crate) fn of_token(token: &Secret, key: &SessionKey) -> Self {
        Self { key_id: Secret::new(format!("ST${}", token.expose())), key: key.clone() }
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSigner").field("key", &self.key).finish_non_exhaustive()
    }
}

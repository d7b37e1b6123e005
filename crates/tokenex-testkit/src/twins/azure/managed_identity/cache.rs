//! The platform's own cache: the same token for hours.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// A token that the platform holds.
#[derive(Clone)]
pub(super) struct Cached {
    pub(super) token: String,
    pub(super) uti: String,
    pub(super) begins_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

/// Tokens by identity and resource.
#[derive(Default)]
pub(super) struct Cache(HashMap<(String, String), Cached>);

impl Cache {
    /// The token for this identity and resource, which is made when there is none or when the one there has less than
    /// `least` left.
    pub(super) fn get(
        &mut self,
        identity: &str,
        resource: &str,
        now: SystemTime,
        least: Duration,
        make: impl FnOnce() -> Cached,
    ) -> Cached {
        let key = (identity.to_owned(), resource.to_owned());
        let fresh = |cached: &&Cached| cached.expires_at > now && cached.expires_at >= now + least;
        if let Some(cached) = self.0.get(&key).filter(fresh) {
            return cached.clone();
        }
        let made = make();
        self.0.insert(key, made.clone());
        made
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

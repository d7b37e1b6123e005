//! A provider of a pool, to be changed while the program under test runs.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::cloud::GoogleTwin;
use super::directory::ProviderState;

/// A provider of a workload identity pool or of a workforce pool. Clones are the same provider.
#[derive(Clone)]
pub struct IdentityProvider {
    twin: GoogleTwin,
    pool: String,
    name: String,
}

impl IdentityProvider {
    pub(super) fn new(twin: GoogleTwin, pool: String, name: String) -> Self {
        Self { twin, pool, name }
    }

    /// What a token exchange names as its audience: `//iam.googleapis.com/projects/.../providers/...`.
    pub fn audience(&self) -> String {
        format!("//iam.googleapis.com/{}", self.name)
    }

    /// The audience of identity tokens that Google's own guides use: the same name as an `https` address.
    pub fn token_audience(&self) -> String {
        format!("https:{}", self.audience())
    }

    /// A subject of this pool, as policies name it: for [`bind`](super::ServiceAccount::bind).
    pub fn principal(&self, subject: &str) -> String {
        format!("principal://iam.googleapis.com/{}/subject/{subject}", self.pool)
    }

    /// All identities of this pool with this attribute, as policies name them.
    pub fn principal_set(&self, attribute: &str, value: &str) -> String {
        format!("principalSet://iam.googleapis.com/{}/attribute.{attribute}/{value}", self.pool)
    }

    /// Takes tokens for this audience too, and no longer for its own name unless that is allowed as well.
    pub fn allow_audience(&self, audience: &str) -> &Self {
        self.edit(|provider| provider.audiences.push(audience.to_owned()))
    }

    /// Takes only tokens whose subject is this: the condition `assertion.sub == '...'`.
    pub fn only_subject(&self, subject: &str) -> &Self {
        let subject = subject.to_owned();
        self.condition(move |claims| claims["sub"] == subject)
    }

    /// Takes only tokens whose claims are so. Replaces the condition that was there.
    pub fn condition(&self, condition: impl Fn(&Value) -> bool + Send + Sync + 'static) -> &Self {
        self.edit(|provider| provider.condition = Some(Arc::new(condition)))
    }

    /// Maps a claim to a custom attribute: `attribute.repository` from `assertion.repository`.
    pub fn map_attribute(&self, attribute: &str, claim: &str) -> &Self {
        self.edit(|provider| {
            provider.attributes.insert(attribute.to_owned(), claim.to_owned());
        })
    }

    /// Turns it off or on.
    pub fn enabled(&self, enabled: bool) -> &Self {
        self.edit(|provider| provider.enabled = enabled)
    }

    /// The next exchanges, so many, do not see it yet.
    pub fn unseen_for(&self, exchanges: usize) -> &Self {
        self.edit(|provider| provider.spreading.steps(std::iter::repeat_n(false, exchanges)))
    }

    /// Whether each of the next exchanges sees it. Afterwards all do.
    pub fn seen_by(&self, exchanges: impl IntoIterator<Item = bool>) -> &Self {
        self.edit(|provider| provider.spreading.steps(exchanges))
    }

    /// No exchange before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|provider| provider.spreading.from(at))
    }

    fn edit(&self, change: impl FnOnce(&mut ProviderState)) -> &Self {
        change(self.twin.state().directory.provider_mut(&self.name).expect("providers are never taken away"));
        self
    }
}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityProvider({})", self.name)
    }
}

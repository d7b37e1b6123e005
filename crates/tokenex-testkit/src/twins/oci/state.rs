//! Everything that the twin knows, behind one lock.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::book::{Book, Call, Exchange};
use super::certificate::{Authority, Leaf};
use super::rule::Rule;
use super::tokens::Tokens;
use super::user::User;
use crate::twins::faults::Faults;
use crate::twins::issuers::Issuers;
use crate::twins::spreading::Spreading;

pub(super) struct State {
    pub(super) tenancy: String,
    pub(super) namespace: String,
    pub(super) domains: Vec<DomainState>,
    pub(super) buckets: Vec<BucketState>,
    pub(super) instances: Vec<InstanceState>,
    /// Made when the first instance needs it.
    pub(super) authority: OnceCell<Authority>,
    pub(super) issuers: Issuers,
    pub(super) tokens: Tokens,
    pub(super) calls: Book<Call>,
}

pub(super) struct DomainState {
    pub(super) host: String,
    pub(super) ocid: String,
    pub(super) users: Vec<User>,
    pub(super) apps: Vec<AppState>,
    pub(super) trusts: Vec<TrustState>,
    /// The instances that may ask in place of an application, by OCID.
    pub(super) instances: Vec<String>,
    /// The longest life of a user's session token.
    pub(super) longest: Duration,
    pub(super) exchanges: Book<Exchange>,
    pub(super) issued: u64,
    pub(super) faults: Arc<Faults>,
}

pub(super) struct AppState {
    pub(super) client_id: String,
    pub(super) secret: String,
    pub(super) active: bool,
    pub(super) client_credentials: bool,
    pub(super) spreading: Spreading,
}

pub(super) struct TrustState {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) active: bool,
    /// The claim that must hold one of these values; normally `aud`.
    pub(super) client_claim: Option<(String, Vec<String>)>,
    pub(super) oauth_clients: Vec<String>,
    pub(super) clock_skew: Duration,
    /// The claim that names the user, where nobody is impersonated.
    pub(super) subject_claim: String,
    pub(super) allow_impersonation: bool,
    pub(super) rules: Vec<(Rule, String)>,
    pub(super) resource: Option<String>,
    /// Names of claims that go on into the tokens of resources.
    pub(super) propagated: Vec<String>,
    pub(super) spreading: Spreading,
}

pub(super) struct BucketState {
    pub(super) name: String,
    pub(super) objects: HashMap<String, Bytes>,
    pub(super) policies: Vec<Policy>,
}

pub(super) struct InstanceState {
    pub(super) ocid: String,
    pub(super) compartment: String,
    /// Its certificates, the newest last.
    pub(super) leaves: Vec<Leaf>,
    pub(super) certificate_life: Duration,
    pub(super) token_lifetime: Option<Duration>,
}

/// Whether the holder of a token with these claims may do everything with the bucket.
pub(super) type Policy = Arc<dyn Fn(&Value) -> bool + Send + Sync>;

impl State {
    pub(super) fn authority(&self) -> &Authority {
        self.authority.get_or_init(Authority::new)
    }

    pub(super) fn domain(&self, host: &str) -> &DomainState {
        self.domains.iter().find(|domain| domain.host == host).expect("domains are never taken away")
    }

    pub(super) fn domain_mut(&mut self, host: &str) -> &mut DomainState {
        self.domains.iter_mut().find(|domain| domain.host == host).expect("domains are never taken away")
    }

    pub(super) fn bucket_mut(&mut self, name: &str) -> Option<&mut BucketState> {
        self.buckets.iter_mut().find(|bucket| bucket.name == name)
    }
}

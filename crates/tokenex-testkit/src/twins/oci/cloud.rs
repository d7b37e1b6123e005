//! The twin of one tenancy.

use std::cell::OnceCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::book::{Book, Call};
use super::bucket::{Bucket, add_bucket};
use super::domain::IdentityDomain;
use super::state::State;
use super::tokens::{self, Tokens};
use crate::issuer::{IssuerKeys, PooledKeys};
use crate::twins::Fault;
use crate::twins::faults::Faults;
use crate::twins::issuers::Issuers;
use crate::twins::text::random;

/// The twin of a tenancy. As a [`Twin`](crate::twins::Twin) it is Object Storage, `objectstorage.{region}.oraclecloud.com`,
/// and the federation endpoint, `auth.{region}.oraclecloud.com`, which have no path in common. Clones are the same twin.
///
/// ```
/// use base64::Engine as _;
/// use base64::engine::general_purpose::STANDARD;
/// use bytes::Bytes;
/// use rsa::pkcs8::EncodePublicKey as _;
/// use tokenex_testkit::issuer::IssuerKeys;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::oci::OciTwin;
///
/// // The workload's own issuer, an application that may exchange, and a trust that makes one subject a service user.
/// let issuer = IssuerKeys::new("https://issuer.test");
/// let oci = OciTwin::new();
/// oci.reach(&issuer);
/// let domain = oci.domain("idcs-1.identity.oraclecloud.com");
/// let app = domain.app("exchanger");
/// let user = domain.user("deployer");
/// domain.trust("ci", "https://issuer.test").oauth_client(&app).audience(app.client_id());
/// domain.trust("ci", "https://issuer.test").impersonate("sub eq ci", &user).active(true);
///
/// let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap().to_public_key();
/// let body = form_urlencoded::Serializer::new(String::new())
///     .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
///     .append_pair("requested_token_type", "urn:oci:token-type:oci-upst")
///     .append_pair("subject_token", &issuer.token().subject("ci").audience(app.client_id()).sign())
///     .append_pair("subject_token_type", "jwt")
///     .append_pair("public_key", &STANDARD.encode(key.to_public_key_der().unwrap().as_bytes()))
///     .finish();
/// let basic = STANDARD.encode(format!("{}:{}", app.client_id(), app.secret()));
/// let request = http::Request::post("https://idcs-1.identity.oraclecloud.com/oauth2/v1/token")
///     .header("authorization", format!("Basic {basic}"))
///     .header("content-type", "application/x-www-form-urlencoded");
/// let answer = domain.answer(&request.body(Bytes::from(body)).unwrap());
/// assert_eq!(answer.status(), 200);
/// ```
#[derive(Clone)]
pub struct OciTwin(Arc<Cloud>);

struct Cloud {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    faults: Faults,
    federation_faults: Faults,
}

impl OciTwin {
    /// A tenancy without domains and buckets, on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock: `OciTwin::with_clock(move || time.wall())`.
    pub fn with_clock(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new_cyclic(|cloud: &std::sync::Weak<Cloud>| {
            let clock = cloud.clone();
            let clock = move || clock.upgrade().map_or_else(SystemTime::now, |cloud| (cloud.now)());
            let state = State {
                tenancy: ocid("tenancy"),
                namespace: random(12, "abcdefghijklmnopqrstuvwxyz"),
                domains: Vec::new(),
                buckets: Vec::new(),
                instances: Vec::new(),
                authority: OnceCell::new(),
                issuers: Issuers::default(),
                tokens: Tokens::new(IssuerKeys::with(tokens::ISSUER, PooledKeys, clock)),
                calls: Book::default(),
            };
            Cloud {
                now: Box::new(now),
                state: Mutex::new(state),
                faults: Faults::default(),
                federation_faults: Faults::default(),
            }
        }))
    }

    /// The tenancy's OCID: the `tenant` of session tokens.
    pub fn tenancy(&self) -> String {
        self.state().tenancy.clone()
    }

    /// The Object Storage namespace, which is part of the address of each bucket.
    pub fn namespace(&self) -> String {
        self.state().namespace.clone()
    }

    /// The identity domain at this host, which is made when it is new: `idcs-1.identity.oraclecloud.com`.
    pub fn domain(&self, host: &str) -> IdentityDomain {
        IdentityDomain::new(self.clone(), host)
    }

    /// The bucket of this name, which is made when it is new. Nobody may use it until that is
    /// [allowed](Bucket::allow_user).
    pub fn bucket(&self, name: &str) -> Bucket {
        add_bucket(&mut self.state(), name);
        Bucket::new(self.clone(), name)
    }

    /// Oracle can read the keys of this issuer from now on.
    pub fn reach(&self, issuer: &IssuerKeys) {
        self.state().issuers.reach(issuer);
    }

    /// Oracle can read the keys of this issuer from now on, and these are they (RFC 7517 section 5): for an issuer that is
    /// not of this test kit.
    pub fn reach_jwks(&self, issuer: &str, jwks: &Value) {
        self.state().issuers.reach_jwks(issuer, jwks.clone());
    }

    /// Oracle cannot read the keys of this issuer, until [`issuer_up`](Self::issuer_up).
    pub fn issuer_down(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, true);
    }

    /// The end of [`issuer_down`](Self::issuer_down).
    pub fn issuer_up(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, false);
    }

    /// The claims of a session token; `None` when it is unknown or has ended.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let now = self.now();
        self.state().tokens.good(token, now).map(|held| held.claims.clone())
    }

    /// Whether this signature over this message is that of the key that the token is bound to: PKCS#1 v1.5 with SHA-256.
    /// Also `false` when the token is unknown or has ended.
    pub fn bound(&self, token: &str, message: &[u8], signature: &[u8]) -> bool {
        let now = self.now();
        self.state().tokens.good(token, now).is_some_and(|held| held.key.verify(message, signature))
    }

    /// Whether session tokens say which key they are bound to, in the claim `jwk`. Not unless told: Oracle documents no such
    /// claim, though its client for Java looks at it.
    pub fn tokens_name_keys(&self, name_keys: bool) {
        self.state().tokens.name_keys = name_keys;
    }

    /// This session token is unknown from now on.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.revoke(token);
    }

    /// What happens to the next requests to the API, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// What happens to the next requests to the federation endpoint, so many.
    pub fn fault_federation(&self, times: usize, fault: Fault) {
        self.0.federation_faults.next(times, &fault);
    }

    /// Forgets the faults to come; those of the domains stay.
    pub fn heal(&self) {
        self.0.faults.heal();
        self.0.federation_faults.heal();
    }

    /// The last 10,000 requests to the API and to the federation endpoint that were judged, in their order: those that a
    /// fault answered are not among them.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.entries()
    }

    /// How many session tokens were issued, by whichever endpoint.
    pub fn issued(&self) -> u64 {
        self.state().tokens.issued()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(super) fn federation_faults(&self) -> &Faults {
        &self.0.federation_faults
    }
}

impl Default for OciTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OciTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OciTwin")
    }
}

/// A new Oracle Cloud identifier (docs.oracle.com/iaas/Content/General/Concepts/identifiers.htm).
pub(super) fn ocid(kind: &str) -> String {
    format!("ocid1.{kind}.oc1..aaaaaaaa{}", random(52, "abcdefghijklmnopqrstuvwxyz234567"))
}

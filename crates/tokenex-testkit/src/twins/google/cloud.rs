//! The twin of Google's token services.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::book::{Endpoint, Exchange};
use super::directory::{ProjectState, Trusted};
use super::id_token;
use super::project::{Project, add_provider};
use super::provider::IdentityProvider;
use super::state::State;
use super::tokens::Access;
use crate::issuer::{Algorithm, IssuerKeys, OldKey, PooledKeys};
use crate::twins::Fault;
use crate::twins::faults::Faults;

/// The twin of `sts.googleapis.com`, `iamcredentials.googleapis.com`, `oauth2.googleapis.com` and `accounts.google.com`,
/// which have no path in common. Clones are the same twin.
///
/// ```
/// use bytes::Bytes;
/// use serde_json::json;
/// use tokenex_testkit::issuer::IssuerKeys;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::google::GoogleTwin;
///
/// // The workload's own issuer, and a provider that takes its tokens.
/// let issuer = IssuerKeys::new("https://issuer.test");
/// let google = GoogleTwin::new();
/// google.reach(&issuer);
/// let project = google.project("acme-prod", 123456789012);
/// let provider = project.provider("ci", "issuer", "https://issuer.test");
///
/// let jwt = issuer.token().subject("ci").audience(provider.token_audience()).sign();
/// let body = json!({
///     "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
///     "audience": provider.audience(),
///     "scope": "https://www.googleapis.com/auth/cloud-platform",
///     "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
///     "subjectToken": jwt,
///     "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
/// });
/// let request = http::Request::post("https://sts.googleapis.com/v1/token").header("content-type", "application/json");
/// let answer = google.answer(&request.body(Bytes::from(body.to_string())).unwrap());
/// assert_eq!(answer.status(), 200);
/// ```
#[derive(Clone)]
pub struct GoogleTwin(Arc<Cloud>);

struct Cloud {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    /// For any endpoint, and for each one.
    faults: Faults,
    exchange_faults: Faults,
    impersonation_faults: Faults,
    grant_faults: Faults,
}

impl GoogleTwin {
    /// A twin without projects, on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock: `GoogleTwin::with_clock(move || time.wall())`.
    pub fn with_clock(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new_cyclic(|cloud: &std::sync::Weak<Cloud>| {
            let clock = cloud.clone();
            let clock = move || clock.upgrade().map_or_else(SystemTime::now, |cloud| (cloud.now)());
            let keys = IssuerKeys::with(id_token::ISSUER, PooledKeys, clock);
            Cloud {
                now: Box::new(now),
                state: Mutex::new(State::new(keys)),
                faults: Faults::default(),
                exchange_faults: Faults::default(),
                impersonation_faults: Faults::default(),
                grant_faults: Faults::default(),
            }
        }))
    }

    /// The project with this id and number, which is made when it is new.
    pub fn project(&self, id: &str, number: u64) -> Project {
        let mut state = self.state();
        if state.directory.project(number).is_none() {
            let id = id.to_owned();
            let project = ProjectState { id, number, impersonation_off: false, long_lifetimes: false };
            state.directory.projects.push(project);
        }
        Project::new(self.clone(), id.to_owned(), number)
    }

    /// The provider of this name in the workforce pool of that name, which are made when they are new. It must be given
    /// an audience: the client id.
    pub fn workforce_provider(&self, pool: &str, provider: &str, issuer: &str) -> IdentityProvider {
        let trusted = Trusted::Issuer(issuer.to_owned());
        add_provider(self, format!("locations/global/workforcePools/{pool}"), provider, trusted)
    }

    /// Google can read the keys of this issuer from now on.
    pub fn reach(&self, issuer: &IssuerKeys) {
        self.state().issuers.reach(issuer);
    }

    /// Google can read the keys of this issuer from now on, and these are they (RFC 7517 section 5): for an issuer that is
    /// not of this test kit, or for keys that were uploaded to a provider.
    pub fn reach_jwks(&self, issuer: &str, jwks: &Value) {
        self.state().issuers.reach_jwks(issuer, jwks.clone());
    }

    /// Google cannot read the keys of this issuer, until [`issuer_up`](Self::issuer_up).
    pub fn issuer_down(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, true);
    }

    /// The end of [`issuer_down`](Self::issuer_down).
    pub fn issuer_up(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, false);
    }

    /// Google as an issuer of ID tokens: name and keys, for whoever shall trust them.
    pub fn id_token_keys(&self) -> IssuerKeys {
        self.state().keys.clone()
    }

    /// From now on another key signs ID tokens.
    pub fn rotate_keys(&self, old: OldKey) {
        self.id_token_keys().rotate(Algorithm::Rs256, old);
    }

    /// Federated access tokens live so long from now on, in whole seconds. An hour unless told.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state().settings.token_lifetime = lifetime;
    }

    /// Whether `expires_in` is a text. A number unless told.
    pub fn seconds_as_text(&self, as_text: bool) {
        self.state().settings.seconds_as_text = as_text;
    }

    /// Whether `expireTime` has fractions of a second. Not unless told: Google's own client for Python refuses them.
    pub fn fractional_expire_time(&self, fractional: bool) {
        self.state().settings.fractional_expire_time = fractional;
    }

    /// How long after its end an identity token is still taken. Not at all unless told.
    pub fn token_leeway(&self, leeway: Duration) {
        self.state().settings.token_leeway = leeway;
    }

    /// What this access token is good for; `None` when it is unknown or has ended.
    pub fn access(&self, token: &str) -> Option<Access> {
        let now = self.now();
        self.state().tokens.good(token, now).map(Access::from)
    }

    /// This access token is unknown from now on.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.revoke(token);
    }

    /// What happens to the next requests for a token anywhere, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// What happens to the next requests at one endpoint, so many. Both kinds of impersonation are one endpoint here.
    pub fn fault_at(&self, endpoint: Endpoint, times: usize, fault: Fault) {
        self.faults_of(endpoint).next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        let Cloud { faults, exchange_faults, impersonation_faults, grant_faults, .. } = &*self.0;
        for faults in [faults, exchange_faults, impersonation_faults, grant_faults] {
            faults.heal();
        }
    }

    /// The last 10,000 requests for a token that were judged, in their order: those that a fault answered are not among
    /// them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().book.exchanges()
    }

    /// How many tokens were issued.
    pub fn issued(&self) -> u64 {
        self.state().book.issued()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    /// Those of one endpoint.
    pub(super) fn faults_of(&self, endpoint: Endpoint) -> &Faults {
        match endpoint {
            Endpoint::TokenExchange => &self.0.exchange_faults,
            Endpoint::AccessToken | Endpoint::IdToken => &self.0.impersonation_faults,
            Endpoint::KeyGrant => &self.0.grant_faults,
        }
    }

    /// Those of any endpoint.
    pub(super) fn faults(&self) -> &Faults {
        &self.0.faults
    }
}

impl Default for GoogleTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GoogleTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GoogleTwin")
    }
}

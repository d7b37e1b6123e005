//! The twin of `login.microsoftonline.com`.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::book::Exchange;
use super::directory::TenantState;
use super::state::State;
use super::tenant::Tenant;
use super::text::guid;
use crate::issuer::{IssuerKeys, PooledKeys};
use crate::twins::Fault;
use crate::twins::faults::Faults;

/// The twin of Microsoft Entra. Clones are the same twin.
///
/// ```
/// use bytes::Bytes;
/// use tokenex_testkit::issuer::IssuerKeys;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};
///
/// // The workload's own issuer, a tenant, and an application that trusts one subject of that issuer.
/// let issuer = IssuerKeys::new("https://issuer.test");
/// let entra = EntraTwin::new();
/// entra.reach(&issuer);
/// let tenant = entra.tenant("contoso.onmicrosoft.com");
/// let app = tenant.app("deployer");
/// app.federate("https://issuer.test", "ci", EXCHANGE_AUDIENCE).unwrap();
///
/// let jwt = issuer.token().subject("ci").audience(EXCHANGE_AUDIENCE).sign();
/// let body = format!(
///     "grant_type=client_credentials&client_id={}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default\
///      &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={jwt}",
///     app.client_id(),
/// );
/// let address = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.id());
/// let request = http::Request::post(address).header("content-type", "application/x-www-form-urlencoded");
/// let answer = entra.answer(&request.body(Bytes::from(body)).unwrap());
/// assert_eq!(answer.status(), 200);
/// ```
#[derive(Clone)]
pub struct EntraTwin(Arc<Cloud>);

struct Cloud {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    faults: Faults,
}

impl EntraTwin {
    /// A twin without tenants, on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock: `EntraTwin::with_clock(move || time.wall())`.
    pub fn with_clock(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Cloud { now: Box::new(now), state: Mutex::default(), faults: Faults::default() }))
    }

    /// The tenant with this verified domain, which is made when it is new. Its id is random.
    pub fn tenant(&self, domain: &str) -> Tenant {
        let found = self.state().directory.tenant(domain).map(|known| known.id.clone());
        let id = found.unwrap_or_else(|| self.add_tenant(&guid(), domain));
        Tenant::new(self.clone(), id)
    }

    /// A new tenant with an id of your own.
    pub fn tenant_with_id(&self, id: &str, domain: &str) -> Tenant {
        Tenant::new(self.clone(), self.add_tenant(id, domain))
    }

    fn add_tenant(&self, id: &str, domain: &str) -> String {
        let clock = Arc::downgrade(&self.0);
        let now = move || clock.upgrade().map_or_else(SystemTime::now, |cloud| (cloud.now)());
        let keys = IssuerKeys::with(format!("https://login.microsoftonline.com/{id}/v2.0"), PooledKeys, now);
        self.state().directory.tenants.push(TenantState { id: id.to_owned(), domain: domain.to_owned(), keys });
        id.to_owned()
    }

    /// Entra can read the keys of this issuer from now on.
    ///
    /// Microsoft documents RS256 alone for foreign tokens. The twin takes ES256 as well, so that tests need no RSA keys.
    pub fn reach(&self, issuer: &IssuerKeys) {
        self.state().issuers.reach(issuer);
    }

    /// Entra can read the keys of this issuer from now on, and these are they (RFC 7517 section 5): for an issuer that is
    /// not of this test kit.
    pub fn reach_jwks(&self, issuer: &str, jwks: &Value) {
        self.state().issuers.reach_jwks(issuer, jwks.clone());
    }

    /// Entra cannot read the keys of this issuer, until [`issuer_up`](Self::issuer_up).
    pub fn issuer_down(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, true);
    }

    /// The end of [`issuer_down`](Self::issuer_down).
    pub fn issuer_up(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, false);
    }

    /// Tokens live so long from now on, in whole seconds. 3599 s unless told.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state().settings.lifetime = lifetime;
    }

    /// From now on answers carry this `refresh_in`, or none. None unless told.
    pub fn refresh_in(&self, refresh_in: impl Into<Option<Duration>>) {
        self.state().settings.refresh_in = refresh_in.into();
    }

    /// Whether `expires_in` and its like are texts. Numbers unless told.
    pub fn seconds_as_text(&self, as_text: bool) {
        self.state().settings.seconds_as_text = as_text;
    }

    /// How far the times of an assertion may be off. 5 minutes unless told.
    pub fn assertion_leeway(&self, leeway: Duration) {
        self.state().settings.leeway = leeway;
    }

    /// What happens to the next requests to a token endpoint, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Refuses the next exchanges, so many, with this AADSTS code, whatever they are: for conditions that the twin does
    /// not model, such as a policy of the tenant.
    pub fn refuse(&self, times: usize, code: u32) {
        self.state().refusals.extend(std::iter::repeat_n(code, times));
    }

    /// Forgets the faults and the refusals to come.
    pub fn heal(&self) {
        self.state().refusals.clear();
        self.0.faults.heal();
    }

    /// The last 10,000 requests to token endpoints that were judged, in their order: those that a fault answered are
    /// not among them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().book.exchanges()
    }

    /// How many tokens the token endpoints have issued.
    pub fn issued(&self) -> u64 {
        self.state().book.issued()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }
}

impl Default for EntraTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EntraTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntraTwin")
    }
}

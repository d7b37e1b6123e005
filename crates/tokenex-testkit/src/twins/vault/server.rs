//! The twin of one server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::answer;
use super::book::Exchange;
use super::call::Call;
use super::custom::CustomPath;
use super::database::Database;
use super::jwt_auth::JwtAuth;
use super::kv::{Kv1, Kv2};
use super::logins::Login;
use super::refusal;
use super::route;
use super::state::State;
use crate::issuer::IssuerKeys;
use crate::twins::faults::Faults;
use crate::twins::{Fault, Twin};

/// The twin of one Vault or OpenBao server. Clones are the same twin.
///
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use serde_json::{Value, json};
/// use tokenex_testkit::issuer::IssuerKeys;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::vault::VaultTwin;
///
/// // The workload's own issuer, a role that trusts one subject of it, and a database that the role may ask for users.
/// let issuer = IssuerKeys::new("https://issuer.test");
/// let vault = VaultTwin::new();
/// vault.reach(&issuer);
/// let role = vault.jwt_auth("jwt", "https://issuer.test").role("app");
/// role.audience("vault").subject("ci").allow("database/creds/app");
/// let database = vault.database("database");
/// database.role("app").ttl(Duration::from_secs(60));
///
/// let jwt = issuer.token().subject("ci").audience("vault").sign();
/// let login = http::Request::post("https://vault.test:8200/v1/auth/jwt/login");
/// let answer = vault.answer(&login.body(Bytes::from(json!({"role": "app", "jwt": jwt}).to_string())).unwrap());
/// let answer: Value = serde_json::from_slice(answer.body()).unwrap();
/// let token = answer["auth"]["client_token"].as_str().unwrap();
///
/// let read = http::Request::get("https://vault.test:8200/v1/database/creds/app").header("x-vault-token", token);
/// assert_eq!(vault.answer(&read.body(Bytes::new()).unwrap()).status(), 200);
/// assert_eq!(database.users().len(), 1);
/// ```
#[derive(Clone)]
pub struct VaultTwin(Arc<Server>);

struct Server {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    /// For any path, and for each one.
    faults: Faults,
    faults_at: Mutex<HashMap<String, Arc<Faults>>>,
}

impl VaultTwin {
    /// A server without mounts, on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock: `VaultTwin::with_clock(move || time.wall())`.
    pub fn with_clock(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Server {
            now: Box::new(now),
            state: Mutex::default(),
            faults: Faults::default(),
            faults_at: Mutex::default(),
        }))
    }

    /// JWT auth at this mount, such as `jwt`, for tokens of this issuer. It is made when it is new.
    pub fn jwt_auth(&self, mount: &str, issuer: &str) -> JwtAuth {
        self.state().jwt_auth(mount, issuer);
        JwtAuth::new(self.clone(), mount)
    }

    /// A KV engine of version 1 at this mount, which is made when it is new.
    pub fn kv1(&self, mount: &str) -> Kv1 {
        Kv1::new(self.clone(), mount)
    }

    /// A KV engine of version 2 at this mount, such as `secret`, which is made when it is new.
    pub fn kv2(&self, mount: &str) -> Kv2 {
        Kv2::new(self.clone(), mount)
    }

    /// A database engine at this mount, such as `database`, which is made when it is new.
    pub fn database(&self, mount: &str) -> Database {
        Database::new(self.clone(), mount)
    }

    /// A path of any engine: `pki/issue/web`. It answers what it is told to.
    pub fn path(&self, path: &str) -> CustomPath {
        CustomPath::new(self.clone(), path)
    }

    /// The server can read the keys of this issuer from now on.
    pub fn reach(&self, issuer: &IssuerKeys) {
        self.state().issuers.reach(issuer);
    }

    /// The server can read the keys of this issuer from now on, and these are they (RFC 7517 section 5): for an issuer that
    /// is not of this test kit.
    pub fn reach_jwks(&self, issuer: &str, jwks: &Value) {
        self.state().issuers.reach_jwks(issuer, jwks.clone());
    }

    /// The server cannot read the keys of this issuer, until [`issuer_up`](Self::issuer_up). Unlike a real server it keeps
    /// none, so each login meets it.
    pub fn issuer_down(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, true);
    }

    /// The end of [`issuer_down`](Self::issuer_down).
    pub fn issuer_up(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, false);
    }

    /// Seals the server: all it answers is 503, until [`unseal`](Self::unseal). Logins and leases go on ending.
    pub fn seal(&self) {
        self.state().seal();
    }

    /// The end of [`seal`](Self::seal). Tokens live on; the keys of issuers are read anew.
    pub fn unseal(&self) {
        self.state().sealed = false;
    }

    /// What happens to the next requests anywhere, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// What happens to the next requests to one path, so many: `auth/jwt/login`.
    pub fn fault_at(&self, path: &str, times: usize, fault: Fault) {
        self.faults_at(path).next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
        self.0.faults_at.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last 10,000 requests that were judged, in their order: those that a fault answered are not among them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().book.exchanges()
    }

    /// How many logins and leases were issued. Renewals issue nothing.
    pub fn issued(&self) -> u64 {
        self.state().book.issued()
    }

    /// The logins that live now, in the order in which they were made.
    pub fn logins(&self) -> Vec<Login> {
        self.state_now().logins.all()
    }

    /// The ids of the leases that live now, in the order in which they were made.
    pub fn leases(&self) -> Vec<String> {
        self.state_now().leases.ids()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After everything that was due until now has ended.
    pub(super) fn state_now(&self) -> MutexGuard<'_, State> {
        let now = self.now();
        let mut state = self.state();
        state.settle(now);
        state
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    fn faults_at(&self, path: &str) -> Arc<Faults> {
        let mut faults = self.0.faults_at.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(faults.entry(path.to_owned()).or_default())
    }
}

impl Twin for VaultTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let Some(call) = Call::read(request) else {
            return answer::response(Err(refusal::not_found()), self.now());
        };
        let truly = || {
            let now = self.now();
            let mut state = self.state();
            state.settle(now);
            let mut exchange = Exchange::new(&call, now);
            let judged = route::judge(&mut state, &call, &mut exchange, now);
            exchange.ended(&judged);
            state.book.write(exchange);
            answer::response(judged, now)
        };
        let refused = |status| answer::response(Err(refusal::of_status(status, &call.path)), self.now());
        self.0.faults.answer(|| self.faults_at(&call.path).answer(truly, refused), refused)
    }
}

impl Default for VaultTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for VaultTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultTwin")
    }
}

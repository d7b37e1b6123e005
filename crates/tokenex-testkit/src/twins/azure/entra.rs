//! The twin of `login.microsoftonline.com`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, PRAGMA};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::book::{Book, Exchange};
use super::directory::{AppState, Directory, TenantState};
use super::discovery;
use super::issuers::Issuers;
use super::refusal::{self, Refusal};
use super::tenant::Tenant;
use super::text::{guid, is_guid};
use super::token_endpoint::{self, Client};
use super::users::RefreshToken;
use crate::issuer::{IssuerKeys, PooledKeys};
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::{Fault, Twin};

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
/// let answer = entra.answer(&http::Request::post(address).body(Bytes::from(body)).unwrap());
/// assert_eq!(answer.status(), 200);
/// ```
#[derive(Clone)]
pub struct EntraTwin(Arc<Cloud>);

struct Cloud {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) directory: Directory,
    pub(super) issuers: Issuers,
    pub(super) settings: Settings,
    pub(super) book: Book,
    /// Codes to refuse the next exchanges with.
    refusals: VecDeque<u32>,
    pub(super) refresh_tokens: Vec<RefreshToken>,
    ids: u64,
}

/// How tokens are handed out.
pub(super) struct Settings {
    pub(super) lifetime: Duration,
    pub(super) refresh_in: Option<Duration>,
    pub(super) seconds_as_text: bool,
    /// How far the times of an assertion may be off.
    pub(super) leeway: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(3599),
            refresh_in: None,
            seconds_as_text: false,
            leeway: Duration::from_secs(300),
        }
    }
}

impl State {
    /// A number that was not there before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// The tenant and the application of a client that was looked up.
    pub(super) fn parties(&self, client: &Client) -> (&TenantState, &AppState) {
        let app = self.directory.app(&client.client_id).expect("the client was looked up before");
        (&self.directory.tenants[client.tenant], app)
    }
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

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    fn token(&self, tenant: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.now();
        let correlation_id = correlation_id(request);
        let refused = |refusal: &Refusal| self.json(refusal.status, &refusal.body(&correlation_id, now));
        self.0.faults.answer(
            || match self.exchange(tenant, &Form::of_body(request), &correlation_id, now) {
                Ok(body) => self.json(StatusCode::OK, &body),
                Err(refusal) => refused(&refusal),
            },
            |status| refused(&refusal::of_status(status)),
        )
    }

    fn exchange(&self, tenant: &str, form: &Form, correlation_id: &str, now: SystemTime) -> Result<Value, Refusal> {
        let granted = {
            let mut state = self.state();
            let granted = match state.refusals.pop_front() {
                Some(code) => Err(refusal::of_code(code)),
                None => token_endpoint::judge(&mut state, tenant, form, now),
            };
            let text = |name| form.get(name).unwrap_or_default().to_owned();
            state.book.write(Exchange {
                at: now,
                tenant: tenant.to_owned(),
                grant_type: text("grant_type"),
                client_id: text("client_id"),
                scope: text("scope"),
                fmi_path: form.get("fmi_path").map(str::to_owned),
                user: form.get("username").or_else(|| form.get("user_id")).map(str::to_owned),
                correlation_id: correlation_id.to_owned(),
                outcome: match &granted {
                    Ok(granted) => Ok(granted.access.uti().to_owned()),
                    Err(refusal) => Err(refusal.code),
                },
            });
            granted?
        };
        // Signing takes a while, so it happens without the lock.
        let mut body = granted.body;
        if let Some(id) = granted.id {
            body["id_token"] = json!(id.sign());
        }
        body["access_token"] = json!(granted.access.sign());
        Ok(body)
    }

    pub(super) fn json(&self, status: StatusCode, body: &Value) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now())).expect("a date is a header value");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(DATE, date);
        response
    }
}

impl Twin for EntraTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => self.token(tenant, request),
            (&Method::GET, [tenant, rest @ ..]) => {
                let found =
                    self.state().directory.tenant(tenant).map(|known| discovery::document(known, rest, request));
                match found {
                    Some(Some(document)) => self.json(StatusCode::OK, &document),
                    Some(None) => self.json(StatusCode::NOT_FOUND, &Value::Null),
                    None => {
                        let refusal = refusal::tenant_not_found(tenant);
                        self.json(refusal.status, &refusal.body(&correlation_id(request), self.now()))
                    }
                }
            }
            _ => self.json(StatusCode::NOT_FOUND, &Value::Null),
        }
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

/// The caller's, where it sent one.
fn correlation_id(request: &Request<Bytes>) -> String {
    let sent = request.headers().get("client-request-id").and_then(|value| value.to_str().ok());
    sent.filter(|id| is_guid(id)).map_or_else(guid, str::to_owned)
}

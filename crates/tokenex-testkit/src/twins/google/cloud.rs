//! The twin of Google's token services.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::book::{Book, Endpoint, Exchange};
use super::directory::{Directory, ProjectState, Trusted};
use super::project::{Project, add_provider};
use super::provider::IdentityProvider;
use super::refusal::{self, Refusal};
use super::token_exchange::{self, ExchangeRequest};
use super::tokens::{Access, Tokens};
use super::{id_token, impersonation, key_grant};
use crate::issuer::{Algorithm, IssuerKeys, OldKey, PooledKeys, TokenBuilder};
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::issuers::{Issuers, unverified};
use crate::twins::{Fault, Twin};

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

pub(super) struct State {
    pub(super) directory: Directory,
    pub(super) issuers: Issuers,
    /// What signs ID tokens.
    pub(super) keys: IssuerKeys,
    pub(super) tokens: Tokens,
    pub(super) settings: Settings,
    book: Book,
    ids: u64,
}

/// How tokens are taken and handed out.
pub(super) struct Settings {
    /// Of federated access tokens.
    pub(super) token_lifetime: Duration,
    pub(super) seconds_as_text: bool,
    pub(super) fractional_expire_time: bool,
    /// How long after its end an identity token is still taken.
    pub(super) token_leeway: Duration,
}

impl Settings {
    /// An `expires_in`.
    pub(super) fn seconds(&self, lifetime: Duration) -> Value {
        let seconds = lifetime.as_secs();
        if self.seconds_as_text { json!(seconds.to_string()) } else { json!(seconds) }
    }
}

impl State {
    /// A number that was not there before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

/// What a request gets: a body that is whole, or an ID token that is to be signed without the lock.
enum Granted {
    Body(Value),
    IdToken { token: TokenBuilder, member: &'static str },
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
            let state = State {
                directory: Directory::default(),
                issuers: Issuers::default(),
                keys: IssuerKeys::with(id_token::ISSUER, PooledKeys, clock),
                tokens: Tokens::default(),
                settings: Settings {
                    token_lifetime: Duration::from_secs(3600),
                    seconds_as_text: false,
                    fractional_expire_time: false,
                    token_leeway: Duration::ZERO,
                },
                book: Book::default(),
                ids: 0,
            };
            Cloud {
                now: Box::new(now),
                state: Mutex::new(state),
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

    fn faults_of(&self, endpoint: Endpoint) -> &Faults {
        match endpoint {
            Endpoint::TokenExchange => &self.0.exchange_faults,
            Endpoint::AccessToken | Endpoint::IdToken => &self.0.impersonation_faults,
            Endpoint::KeyGrant => &self.0.grant_faults,
        }
    }

    /// Judges a request and writes it down, unless a fault answers it.
    fn at(
        &self,
        endpoint: Endpoint,
        judge: impl FnOnce(&mut State, &mut Exchange, SystemTime) -> Result<Granted, Refusal>,
    ) -> Response<Bytes> {
        let refused = |status| self.refused(&refusal::of_status(status));
        let truly = || {
            let now = self.now();
            let mut exchange = Exchange {
                at: now,
                endpoint,
                caller: String::new(),
                target: String::new(),
                wanted: Vec::new(),
                lifetime: None,
                outcome: Ok(()),
            };
            let granted = {
                let mut state = self.state();
                let granted = judge(&mut state, &mut exchange, now);
                exchange.outcome = granted.as_ref().map(drop).map_err(|refusal| refusal.code);
                state.book.write(exchange);
                granted
            };
            match granted {
                Ok(Granted::Body(body)) => self.json(StatusCode::OK, &body),
                Ok(Granted::IdToken { token, member }) => self.json(StatusCode::OK, &json!({ member: token.sign() })),
                Err(refusal) => self.refused(&refusal),
            }
        };
        self.0.faults.answer(|| self.faults_of(endpoint).answer(truly, refused), refused)
    }

    fn exchange(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(Endpoint::TokenExchange, |state, exchange, now| {
            let asked = ExchangeRequest::read(request);
            exchange.caller = claim(asked.get("subjectToken"), "sub");
            exchange.target = asked.get("audience").to_owned();
            exchange.wanted = asked.scopes();
            token_exchange::judge(state, &asked, authorization(request), now).map(Granted::Body)
        })
    }

    fn impersonate(&self, endpoint: Endpoint, email: &str, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(endpoint, |state, exchange, now| {
            email.clone_into(&mut exchange.target);
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let texts = body["scope"].as_array().into_iter().flatten().chain([&body["audience"]]);
            exchange.wanted = texts.filter_map(|text| text.as_str().map(str::to_owned)).collect();
            exchange.lifetime = body["lifetime"].as_str().map(str::to_owned);
            let bearer = authorization(request).ok_or_else(refusal::not_authenticated)?;
            let bearer = bearer.strip_prefix("Bearer ").ok_or_else(refusal::not_authenticated)?;
            let caller = state.tokens.good(bearer, now).ok_or_else(refusal::token_invalid)?.clone();
            exchange.caller = caller.principal.member();
            match endpoint {
                Endpoint::IdToken => impersonation::id_token(state, &caller, email, &body, now)
                    .map(|token| Granted::IdToken { token, member: "token" }),
                _ => impersonation::access_token(state, &caller, email, &body, now).map(Granted::Body),
            }
        })
    }

    fn key_grant(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(Endpoint::KeyGrant, |state, exchange, now| {
            let form = Form::of_body(request);
            let jwt = form.get("assertion").unwrap_or_default();
            exchange.caller = claim(jwt, "iss");
            exchange.target.clone_from(&exchange.caller);
            let wanted = [claim(jwt, "scope"), claim(jwt, "target_audience")].join(" ");
            exchange.wanted = wanted.split_whitespace().map(str::to_owned).collect();
            key_grant::judge(state, &form, &request.uri().to_string(), now).map(|granted| match granted {
                key_grant::Granted::Access(body) => Granted::Body(body),
                key_grant::Granted::Id(token) => Granted::IdToken { token, member: "id_token" },
            })
        })
    }

    fn refused(&self, refusal: &Refusal) -> Response<Bytes> {
        self.json(refusal.status, &refusal.body())
    }

    fn json(&self, status: StatusCode, body: &Value) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now())).expect("a date is a header value");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
        headers.insert(DATE, date);
        response
    }
}

impl Twin for GoogleTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let account = path.strip_prefix("/v1/projects/-/serviceAccounts/").and_then(|rest| rest.rsplit_once(':'));
        if let (&Method::POST, Some((email, method))) = (request.method(), account) {
            return match method {
                "generateAccessToken" => self.impersonate(Endpoint::AccessToken, email, request),
                "generateIdToken" => self.impersonate(Endpoint::IdToken, email, request),
                _ => self.refused(&refusal::no_such_path()),
            };
        }
        match (request.method(), &*path) {
            (&Method::POST, "/v1/token") => self.exchange(request),
            (&Method::POST, "/token") => self.key_grant(request),
            (&Method::GET, "/.well-known/openid-configuration") => self.json(StatusCode::OK, &id_token::discovery()),
            (&Method::GET, "/oauth2/v3/certs") => {
                let keys = self.id_token_keys();
                keys.key(Algorithm::Rs256);
                self.json(StatusCode::OK, &keys.jwks())
            }
            _ => self.refused(&refusal::no_such_path()),
        }
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

fn authorization(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}

/// What a token claims, before anybody has checked it; empty where it claims nothing.
fn claim(jwt: &str, name: &str) -> String {
    let claims = unverified(jwt).map(|(_, claims)| claims).unwrap_or_default();
    claims[name].as_str().unwrap_or_default().to_owned()
}

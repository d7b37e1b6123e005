//! The twin of AWS STS.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::Value;

use super::account::Account;
use super::book::{Book, Exchange};
use super::calls::{self, Granted};
use super::iam::{AccountState, Iam, is_account_id};
use super::outbound;
use super::refusal::{self, Refusal};
use super::sessions::Sessions;
use super::xml::Xml;
use crate::issuer::IssuerKeys;
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::issuers::{Issuers, audiences, unverified};
use crate::twins::text::guid;
use crate::twins::{Fault, Twin};

/// The namespace of its XML.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The twin of the Security Token Service, in all regions. Clones are the same twin.
///
/// [`Fault::Throttled`] is AWS's own way of it: status 400 with the code `Throttling`, and the time to wait as
/// `x-amz-retry-after`, in milliseconds.
///
/// ```
/// use bytes::Bytes;
/// use tokenex_testkit::issuer::IssuerKeys;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::aws::StsTwin;
///
/// // The workload's own issuer, an account that knows it, and a role that trusts one subject of it.
/// let issuer = IssuerKeys::new("https://issuer.test");
/// let sts = StsTwin::new();
/// sts.reach(&issuer);
/// let account = sts.account("123456789012");
/// account.oidc_provider("https://issuer.test", "sts.amazonaws.com");
/// let role = account.role("deployer");
/// role.trust_subject("https://issuer.test", "ci", "sts.amazonaws.com");
///
/// let jwt = issuer.token().subject("ci").audience("sts.amazonaws.com").sign();
/// let body = format!(
///     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName=ci&WebIdentityToken={jwt}",
///     role.arn(),
/// );
/// let request = http::Request::post("https://sts.eu-west-1.amazonaws.com/")
///     .header("content-type", "application/x-www-form-urlencoded")
///     .body(Bytes::from(body))
///     .unwrap();
/// assert_eq!(sts.answer(&request).status(), 200);
/// ```
#[derive(Clone)]
pub struct StsTwin(Arc<Cloud>);

struct Cloud {
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) iam: Iam,
    pub(super) issuers: Issuers,
    pub(super) sessions: Sessions,
    pub(super) settings: Settings,
    pub(super) idp_failures: VecDeque<IdentityProviderFailure>,
    pub(super) book: Book,
    ids: u64,
}

#[derive(Default)]
pub(super) struct Settings {
    /// How long after its end a token is still taken.
    pub(super) token_leeway: Duration,
    pub(super) disabled_regions: HashSet<String>,
    /// How long sessions live, whatever is asked for.
    pub(super) session_lifetime: Option<Duration>,
}

impl State {
    /// A number that was not there before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

/// What goes wrong between STS and the issuer of a token that is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityProviderFailure {
    /// `IDPCommunicationError`: a 400 that is worth trying again.
    Unreachable,
    /// `InvalidIdentityToken` with the words that the verification key could not be retrieved: another such 400.
    NoVerificationKey,
    /// `IDPRejectedClaim`.
    RejectedClaim,
}

impl StsTwin {
    /// A twin without accounts, on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock: `StsTwin::with_clock(move || time.wall())`.
    pub fn with_clock(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Cloud { now: Box::new(now), state: Mutex::default(), faults: Faults::default() }))
    }

    /// The account with this id, which is made when it is new.
    ///
    /// # Panics
    /// When the id is not twelve digits.
    pub fn account(&self, id: &str) -> Account {
        assert!(is_account_id(id), "an account id has twelve digits");
        let mut state = self.state();
        if state.iam.account(id).is_none() {
            state.iam.accounts.push(AccountState::new(id));
        }
        Account::new(self.clone(), id.to_owned())
    }

    /// AWS can read the keys of this issuer from now on.
    pub fn reach(&self, issuer: &IssuerKeys) {
        self.state().issuers.reach(issuer);
    }

    /// AWS can read the keys of this issuer from now on, and these are they (RFC 7517 section 5): for an issuer that is
    /// not of this test kit.
    pub fn reach_jwks(&self, issuer: &str, jwks: &Value) {
        self.state().issuers.reach_jwks(issuer, jwks.clone());
    }

    /// AWS cannot read the keys of this issuer, until [`issuer_up`](Self::issuer_up): its tokens are refused because of
    /// the verification key.
    pub fn issuer_down(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, true);
    }

    /// The end of [`issuer_down`](Self::issuer_down).
    pub fn issuer_up(&self, issuer: &str) {
        self.state().issuers.set_down(issuer, false);
    }

    /// The next identity tokens, so many, meet this failure; after those that were told before.
    pub fn identity_provider_fails(&self, times: usize, failure: IdentityProviderFailure) {
        self.state().idp_failures.extend(std::iter::repeat_n(failure, times));
    }

    /// How long after its end an identity token is still taken. Not at all unless told.
    pub fn token_leeway(&self, leeway: Duration) {
        self.state().settings.token_leeway = leeway;
    }

    /// Sessions live so long from now on, whatever is asked for; or as asked for again. AWS itself has none below 15 minutes:
    /// this is for whoever wants to see them end.
    pub fn session_lifetime(&self, lifetime: impl Into<Option<Duration>>) {
        self.state().settings.session_lifetime = lifetime.into();
    }

    /// The endpoint of this region refuses everything from now on: `RegionDisabledException`.
    pub fn disable_region(&self, region: &str) {
        self.state().settings.disabled_regions.insert(region.to_owned());
    }

    /// Whether a request that is signed with these is taken now.
    pub fn accepts(&self, access_key_id: &str, secret_access_key: &str, session_token: Option<&str>) -> bool {
        let now = self.now();
        self.state().sessions.get(access_key_id).is_some_and(|known| {
            let keys = &known.keys;
            let same = keys.secret == secret_access_key && keys.token.as_deref() == session_token;
            same && keys.ends_at.is_none_or(|end| end > now)
        })
    }

    /// These access keys are unknown from now on.
    pub fn revoke(&self, access_key_id: &str) {
        self.state().sessions.end(access_key_id);
    }

    /// What happens to the next calls, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults and failures to come.
    pub fn heal(&self) {
        self.0.faults.heal();
        self.state().idp_failures.clear();
    }

    /// The last 10,000 calls that were judged, in their order: those that a fault answered are not among them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().book.exchanges()
    }

    /// How many sessions and tokens were issued.
    pub fn issued(&self) -> u64 {
        self.state().book.issued()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    /// The clock for what the twin owns: it must not keep the twin alive.
    pub(super) fn clock(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let cloud = Arc::downgrade(&self.0);
        move || cloud.upgrade().map_or_else(SystemTime::now, |cloud| (cloud.now)())
    }

    fn call(&self, request: &Request<Bytes>, form: &Form) -> Response<Bytes> {
        let now = self.now();
        let request_id = guid();
        let mut response = self.0.faults.answer(
            || match self.judge(request, form, &request_id, now) {
                Ok(granted) => self.granted(form.get("Action").unwrap_or_default(), granted, &request_id),
                Err(refusal) => self.refused(&refusal, &request_id),
            },
            |status| self.refused(&refusal::of_status(status), &request_id),
        );
        name_as_amazon(&mut response, now);
        response
    }

    fn judge(
        &self,
        request: &Request<Bytes>,
        form: &Form,
        request_id: &str,
        now: SystemTime,
    ) -> Result<Granted, Refusal> {
        let mut state = self.state();
        let granted = calls::judge(&mut state, request, form, now);
        let text = |name| form.get(name).unwrap_or_default().to_owned();
        state.book.write(Exchange {
            at: now,
            action: text("Action"),
            role_arn: text("RoleArn"),
            session_name: text("RoleSessionName"),
            duration: text("DurationSeconds"),
            external_id: text("ExternalId"),
            signed_by: signer(request),
            presented: form.get("WebIdentityToken").and_then(presented),
            request_id: request_id.to_owned(),
            outcome: granted.as_ref().map(|granted| granted.issued.clone()).map_err(|refusal| refusal.code),
        });
        granted
    }

    fn granted(&self, action: &str, granted: Granted, request_id: &str) -> Response<Bytes> {
        let body = Xml::document(&format!("{action}Response"), NAMESPACE, |xml| {
            xml.node(&format!("{action}Result"), granted.result);
            xml.node("ResponseMetadata", |xml| xml.leaf("RequestId", request_id));
        });
        self.xml(StatusCode::OK, body, request_id)
    }

    fn refused(&self, refusal: &Refusal, request_id: &str) -> Response<Bytes> {
        let body = Xml::document("ErrorResponse", NAMESPACE, |xml| {
            xml.node("Error", |xml| {
                xml.leaf("Type", refusal.at_fault());
                xml.leaf("Code", refusal.code);
                xml.leaf("Message", &refusal.message);
            });
            xml.leaf("RequestId", request_id);
        });
        self.xml(refusal.status, body, request_id)
    }

    fn xml(&self, status: StatusCode, body: String, request_id: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        headers.insert("x-amzn-requestid", HeaderValue::try_from(request_id).expect("a GUID is a header value"));
        let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now())).expect("a date is a header value");
        headers.insert(DATE, date);
        response
    }
}

impl Twin for StsTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/") if !request.body().is_empty() => self.call(request, &Form::of_body(request)),
            (&Method::POST | &Method::GET, "/") => self.call(request, &Form::of_query(request.uri())),
            (&Method::GET, _) => match outbound::document(&self.state(), request) {
                Some(document) => super::json(StatusCode::OK, &document),
                None => super::json(StatusCode::NOT_FOUND, &Value::Null),
            },
            _ => super::json(StatusCode::NOT_FOUND, &Value::Null),
        }
    }
}

impl Default for StsTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StsTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StsTwin")
    }
}

/// AWS has a header of its own for the time to wait, in milliseconds.
fn name_as_amazon(response: &mut Response<Bytes>, now: SystemTime) {
    let Some(value) = response.headers_mut().remove(RETRY_AFTER) else { return };
    let text = value.to_str().unwrap_or_default();
    let wait = text
        .parse()
        .map(Duration::from_secs)
        .ok()
        .or_else(|| httpdate::parse_http_date(text).ok()?.duration_since(now).ok());
    let millis = wait.unwrap_or_default().as_millis().to_string();
    response
        .headers_mut()
        .insert("x-amz-retry-after", HeaderValue::try_from(millis).expect("digits are a header value"));
}

/// The access key id that a call names as its signer.
fn signer(request: &Request<Bytes>) -> String {
    let authorization =
        request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
    credential.split('/').next().unwrap_or_default().to_owned()
}

/// What a token claims to be.
fn presented(jwt: &str) -> Option<(String, String, Vec<String>)> {
    let (_, claims) = unverified(jwt)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    Some((text("iss"), text("sub"), audiences(&claims).into_iter().map(str::to_owned).collect()))
}

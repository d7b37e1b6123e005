//! One job, and the service that signs its tokens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::claims::{ISSUER, Run};
use crate::issuer::{IssuerKeys, PooledKeys};
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::text::{ALPHANUMERIC, random, secret};
use crate::twins::{Fault, Twin};

/// What tokens live in practice; GitHub does not say.
const LIFETIME: Duration = Duration::from_secs(300);
/// What the address that jobs get asks for already.
const VERSION: (&str, &str) = ("api-version", "2.0");

/// One job of GitHub Actions that may have identity tokens, and the service at which it gets them. Clones are the same job.
///
/// ```
/// use bytes::Bytes;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::github::Job;
///
/// let job = Job::new("octo-org", "octo-repo");
/// let url = format!("{}&audience=vault", job.request_url("https://pipelines.test"));
/// let bearer = format!("Bearer {}", job.request_token());
/// let answer = job.answer(&http::Request::get(url).header("authorization", bearer).body(Bytes::new()).unwrap());
/// let answer: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
/// assert_eq!(job.issuer().verify(answer["value"].as_str().unwrap()).unwrap()["aud"], "vault");
/// ```
#[derive(Clone)]
pub struct Job(Arc<Service>);

struct Service {
    keys: IssuerKeys,
    path: String,
    request_token: String,
    state: Mutex<State>,
    faults: Faults,
}

struct State {
    run: Run,
    over: bool,
    issued: u64,
}

impl Job {
    /// A job on the branch `main` of this repository, on the machine's clock.
    pub fn new(owner: &str, repository: &str) -> Self {
        Self::with_clock(owner, repository, SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock.
    pub fn with_clock(owner: &str, repository: &str, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let id = || fastrand::u64(1_000_000..1_000_000_000);
        let run = Run {
            owner: (owner.to_owned(), id()),
            repository: (repository.to_owned(), id()),
            branch: "main".to_owned(),
            environment: None,
            immutable_subject: false,
            run_id: id(),
        };
        Self(Arc::new(Service {
            keys: IssuerKeys::with(ISSUER, PooledKeys, now),
            path: format!("/{}/00000000-0000-0000-0000-000000000000/idtoken", random(40, ALPHANUMERIC)),
            request_token: secret("token of a job", format!("eyJ{}", random(300, ALPHANUMERIC))),
            state: Mutex::new(State { run, over: false, issued: 0 }),
            faults: Faults::default(),
        }))
    }

    /// It runs on this branch.
    pub fn branch(&self, branch: &str) -> &Self {
        self.state().run.branch = branch.to_owned();
        self
    }

    /// It deploys to this environment.
    pub fn environment(&self, environment: &str) -> &Self {
        self.state().run.environment = Some(environment.to_owned());
        self
    }

    /// Whether its repository is so new that the `sub` claim names the ids of owner and repository, which no rename and no
    /// later owner of the name can have: `repo:OWNER@ID/REPO@ID:...`. So it is for repositories created, renamed or
    /// transferred after 15 July 2026.
    pub fn immutable_subject(&self, immutable: bool) -> &Self {
        self.state().run.immutable_subject = immutable;
        self
    }

    /// The `sub` claim of its tokens.
    pub fn subject(&self) -> String {
        self.state().run.subject()
    }

    /// Who signs its tokens; give it to the twin of a target.
    pub fn issuer(&self) -> &IssuerKeys {
        &self.0.keys
    }

    /// What the runner puts into `ACTIONS_ID_TOKEN_REQUEST_URL`. `base` is where the twin answers: scheme and host.
    pub fn request_url(&self, base: &str) -> String {
        format!("{base}{}?{}={}", self.0.path, VERSION.0, VERSION.1)
    }

    /// What the runner puts into `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub fn request_token(&self) -> &str {
        &self.0.request_token
    }

    /// Ends the job: it gets no token any more.
    pub fn end(&self) {
        self.state().over = true;
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
    }

    /// How many tokens it has got.
    pub fn issued(&self) -> u64 {
        self.state().issued
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().path() != self.0.path {
            return refused(StatusCode::NOT_FOUND);
        }
        let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = authorization.and_then(|value| value.split_once(' '));
        let known = bearer
            .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token == self.0.request_token);
        let mut state = self.state();
        if !known || state.over {
            return refused(StatusCode::UNAUTHORIZED);
        }
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED);
        }
        // With a second question mark the audience becomes a part of the version: no such version.
        let query = Form::of_query(request.uri());
        if query.get(VERSION.0) != Some(VERSION.1) {
            return refused(StatusCode::BAD_REQUEST);
        }
        let owner = state.run.default_audience();
        let audience = query.get("audience").unwrap_or(&owner);
        let token = state.run.token(&self.0.keys, audience).lifetime(LIFETIME).sign();
        state.issued += 1;
        answer(StatusCode::OK, &json!({ "count": token.len(), "value": token }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twin for Job {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(|| self.judge(request), refused)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.subject())
    }
}

fn refused(status: StatusCode) -> Response<Bytes> {
    let message = format!("The request was refused: {}", status.canonical_reason().unwrap_or_default());
    answer(status, &json!({ "$id": "1", "innerException": null, "message": message, "eventId": 3000 }))
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8; api-version=2.0");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

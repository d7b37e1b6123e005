//! The metadata service of an EC2 instance, version 2.
//!
//! Sources: docs.aws.amazon.com/AWSEC2/latest/UserGuide, `configuring-instance-metadata-service` and
//! `instance-metadata-security-credentials`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::machine::Machine;
use super::role::Role;
use crate::twins::faults::Faults;
use crate::twins::text::{ALPHANUMERIC, random, rfc3339, secret};
use crate::twins::{Fault, Twin};

const TOKEN: &str = "/latest/api/token";
const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials";

/// The longest life of a token of the service, in seconds.
const LONGEST: u64 = 21_600;

/// The metadata service of an instance that runs as one role. Nothing is answered without a token of the service, so
/// version 1 is off. Clones are the same service.
#[derive(Clone)]
pub struct InstanceTwin(Arc<Instance>);

struct Instance {
    machine: Machine,
    region: String,
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Default)]
struct State {
    /// Tokens and when they end.
    tokens: HashMap<String, SystemTime>,
    /// What the credentials say instead of `Success`.
    code: Option<String>,
    without_role: bool,
}

impl Role {
    /// The metadata service of an instance in this region that runs as this role.
    pub fn instance(&self, region: &str) -> InstanceTwin {
        InstanceTwin(Arc::new(Instance {
            machine: Machine::new(self.clone(), &format!("i-{:017x}", fastrand::u64(..))),
            region: region.to_owned(),
            state: Mutex::default(),
            faults: Faults::default(),
        }))
    }
}

impl InstanceTwin {
    /// Sessions last so long from now on. Six hours unless told.
    pub fn lifetime(&self, lifetime: Duration) -> &Self {
        self.0.machine.lifetime(lifetime);
        self
    }

    /// The same session is handed out again while it has so much left. Five minutes unless told.
    pub fn handed_out_until(&self, left: Duration) -> &Self {
        self.0.machine.handed_out_until(left);
        self
    }

    /// Whether it cannot get new sessions: it hands out the old one then, even after its end.
    pub fn stuck(&self, stuck: bool) -> &Self {
        self.0.machine.stuck(stuck);
        self
    }

    /// The credentials are answered with status 200 and this code, such as `AssumeRoleUnauthorizedAccess`, and without
    /// keys; `None` is the end of it.
    pub fn answers_code(&self, code: Option<&str>) -> &Self {
        self.state().code = code.map(str::to_owned);
        self
    }

    /// Whether the instance has no role at all.
    pub fn without_role(&self, without: bool) -> &Self {
        self.state().without_role = without;
        self
    }

    /// Forgets all tokens of the service, so that clients must get new ones.
    pub fn forget_tokens(&self) -> &Self {
        self.state().tokens.clear();
        self
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
    }

    /// How many sessions it has begun.
    pub fn issued(&self) -> u64 {
        self.0.machine.issued()
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        // Only a proxy adds this header, and a proxy must not hand out credentials.
        if header("x-forwarded-for").is_some() {
            return text(StatusCode::FORBIDDEN, "");
        }
        let now = self.0.machine.now();
        let path = request.uri().path().trim_end_matches('/');
        match (request.method(), path) {
            (&Method::PUT, TOKEN) => self.token(header("x-aws-ec2-metadata-token-ttl-seconds"), now),
            (&Method::GET, path) => {
                let known = header("x-aws-ec2-metadata-token")
                    .is_some_and(|token| self.state().tokens.get(token).is_some_and(|end| *end > now));
                if known { self.document(path) } else { text(StatusCode::UNAUTHORIZED, "") }
            }
            _ => text(StatusCode::NOT_FOUND, ""),
        }
    }

    fn token(&self, ttl: Option<&str>, now: SystemTime) -> Response<Bytes> {
        let Some(ttl) = ttl.and_then(|ttl| ttl.parse().ok()).filter(|ttl| (1..=LONGEST).contains(ttl)) else {
            return text(StatusCode::BAD_REQUEST, "");
        };
        let token = secret("token of a metadata service", format!("{}==", random(54, ALPHANUMERIC)));
        let mut state = self.state();
        state.tokens.retain(|_, end| *end > now);
        state.tokens.insert(token.clone(), now + Duration::from_secs(ttl));
        let mut response = text(StatusCode::OK, &token);
        response.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", HeaderValue::from(ttl));
        response
    }

    fn document(&self, path: &str) -> Response<Bytes> {
        let role = self.0.machine.role();
        let (code, without_role) = {
            let state = self.state();
            (state.code.clone(), state.without_role)
        };
        match path.strip_prefix(CREDENTIALS) {
            Some(_) if without_role => text(StatusCode::NOT_FOUND, ""),
            Some("") => text(StatusCode::OK, role.name()),
            Some(rest) if rest.strip_prefix('/') == Some(role.name()) => match code {
                Some(code) => self.not_success(&code),
                None => self.success(),
            },
            Some(_) => text(StatusCode::NOT_FOUND, ""),
            None => match path {
                "/latest/meta-data/placement/region" => text(StatusCode::OK, &self.0.region),
                "/latest/meta-data/placement/availability-zone" => text(StatusCode::OK, &format!("{}a", self.0.region)),
                "/latest/dynamic/instance-identity/document" => {
                    let account = role.arn().split(':').nth(4).unwrap_or_default();
                    document(&json!({ "accountId": account, "region": self.0.region, "version": "2017-09-30" }))
                }
                _ => text(StatusCode::NOT_FOUND, ""),
            },
        }
    }

    fn success(&self) -> Response<Bytes> {
        match self.0.machine.credentials() {
            Some((mut members, began_at)) => {
                members["Code"] = json!("Success");
                members["Type"] = json!("AWS-HMAC");
                members["LastUpdated"] = json!(rfc3339(began_at));
                document(&members)
            }
            None => self.not_success("AssumeRoleUnauthorizedAccess"),
        }
    }

    fn not_success(&self, code: &str) -> Response<Bytes> {
        document(&json!({
            "Code": code,
            "Message": "EC2 cannot assume the role. Please see the documentation at \
                        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html.",
            "LastUpdated": rfc3339(self.0.machine.now()),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twin for InstanceTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(|| self.judge(request), |status| text(status, ""))
    }
}

impl fmt::Debug for InstanceTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceTwin(of {})", self.0.machine.role().arn())
    }
}

/// The service calls everything text, JSON too.
fn text(status: StatusCode, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn document(body: &Value) -> Response<Bytes> {
    text(StatusCode::OK, &body.to_string())
}

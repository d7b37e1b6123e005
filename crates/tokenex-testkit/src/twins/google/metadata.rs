//! The metadata server of a machine that runs as a service account.
//!
//! Sources: cloud.google.com/compute/docs/metadata/querying-metadata and
//! cloud.google.com/compute/docs/instances/verifying-instance-identity.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, SERVER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::id_token;
use super::principal::Principal;
use super::service_account::ServiceAccount;
use super::state::State;
use super::tokens::Held;
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::{Fault, Twin};

const ACCOUNTS: &str = "instance/service-accounts/";
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The metadata server of one machine. Clones are the same server.
#[derive(Clone)]
pub struct MetadataTwin(Arc<Machine>);

struct Machine {
    account: ServiceAccount,
    instance: u64,
    kept: Mutex<Kept>,
    faults: Faults,
}

struct Kept {
    lifetime: Duration,
    least: Duration,
    without_account: bool,
    without_flavor: bool,
    /// Access tokens by their scopes, ID tokens by their query, each with its end.
    access_tokens: HashMap<String, (String, SystemTime)>,
    id_tokens: HashMap<String, (String, SystemTime)>,
    issued: u64,
}

impl ServiceAccount {
    /// The metadata server of a machine that runs as this account.
    pub fn machine(&self) -> MetadataTwin {
        MetadataTwin(Arc::new(Machine {
            account: self.clone(),
            instance: fastrand::u64(1 << 60..1 << 62),
            kept: Mutex::new(Kept {
                lifetime: Duration::from_secs(3599),
                least: Duration::from_secs(300),
                without_account: false,
                without_flavor: false,
                access_tokens: HashMap::new(),
                id_tokens: HashMap::new(),
                issued: 0,
            }),
            faults: Faults::default(),
        }))
    }
}

impl MetadataTwin {
    /// New access tokens live so long from now on. 3599 s unless told.
    pub fn lifetime(&self, lifetime: Duration) -> &Self {
        self.kept().lifetime = lifetime;
        self
    }

    /// The same token is handed out again while it has so much left. Five minutes unless told.
    pub fn handed_out_until(&self, left: Duration) -> &Self {
        self.kept().least = left;
        self
    }

    /// Whether the machine has no service account.
    pub fn without_account(&self, without: bool) -> &Self {
        self.kept().without_account = without;
        self
    }

    /// Whether its answers lack `Metadata-Flavor`: then it is not the metadata server that answers.
    pub fn without_flavor(&self, without: bool) -> &Self {
        self.kept().without_flavor = without;
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

    /// How many tokens it has got, of both kinds; what it hands out again does not count.
    pub fn issued(&self) -> u64 {
        self.kept().issued
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED);
        }
        let path = request.uri().path();
        // The one question that anybody may ask: are you there?
        if path == "/" {
            return text("computeMetadata/\n");
        }
        let flavor = request.headers().get("metadata-flavor").and_then(|value| value.to_str().ok());
        if flavor != Some("Google") || request.headers().contains_key("x-forwarded-for") {
            return page(StatusCode::FORBIDDEN);
        }
        let Some(path) = path.strip_prefix("/computeMetadata/v1/") else { return page(StatusCode::NOT_FOUND) };
        let query = Form::of_query(request.uri());
        match path.strip_prefix(ACCOUNTS) {
            Some(rest) if self.kept().without_account => {
                if rest.is_empty() {
                    text("")
                } else {
                    page(StatusCode::NOT_FOUND)
                }
            }
            Some("") if query.get("recursive").is_some_and(is_true) => json(&json!({
                self.0.account.email(): self.account(),
                "default": self.account(),
            })),
            Some("") => text(&format!("{}/\ndefault/\n", self.0.account.email())),
            Some(rest) => self.account_member(rest, &query),
            None => self.machine_member(path),
        }
    }

    fn account_member(&self, path: &str, query: &Form) -> Response<Bytes> {
        let (name, member) = path.split_once('/').unwrap_or((path, ""));
        if name != "default" && name != self.0.account.email() {
            return page(StatusCode::NOT_FOUND);
        }
        match member {
            "" if query.get("recursive").is_some_and(is_true) => json(&self.account()),
            "" => text("aliases\nemail\nidentity\nscopes\ntoken\n"),
            "aliases" => text("default\n"),
            "email" => text(self.0.account.email()),
            "scopes" => text(&format!("{CLOUD_PLATFORM}\n")),
            "token" => self.access_token(query.get("scopes").unwrap_or(CLOUD_PLATFORM)),
            "identity" => match query.get("audience") {
                Some(audience) => self.id_token(audience, query),
                None => {
                    let mut refused = text("non-empty audience parameter required\n");
                    *refused.status_mut() = StatusCode::BAD_REQUEST;
                    refused
                }
            },
            _ => page(StatusCode::NOT_FOUND),
        }
    }

    fn machine_member(&self, path: &str) -> Response<Bytes> {
        let (id, number) = self.project();
        match path {
            "project/project-id" => text(&id),
            "project/numeric-project-id" => text(&number.to_string()),
            "universe/universe-domain" | "universe/universe_domain" => text("googleapis.com"),
            "instance/id" => text(&self.0.instance.to_string()),
            "instance/zone" => text(&format!("projects/{number}/zones/{ZONE}")),
            _ => page(StatusCode::NOT_FOUND),
        }
    }

    fn account(&self) -> Value {
        json!({ "aliases": ["default"], "email": self.0.account.email(), "scopes": [CLOUD_PLATFORM] })
    }

    fn access_token(&self, scopes: &str) -> Response<Bytes> {
        let now = self.0.account.twin().now();
        let mut kept = self.kept();
        let known = kept.access_tokens.get(scopes).filter(|(_, end)| *end >= now + kept.least).cloned();
        let (token, end) = known.unwrap_or_else(|| {
            let expires_at = now + kept.lifetime;
            let held = Held {
                principal: Principal::ServiceAccount(self.0.account.email().to_owned()),
                scopes: scopes.split([',', ' ']).map(str::to_owned).collect(),
                expires_at,
            };
            let token = self.state().tokens.issue(held, now);
            kept.issued += 1;
            kept.access_tokens.insert(scopes.to_owned(), (token.clone(), expires_at));
            (token, expires_at)
        });
        let left = end.duration_since(now).unwrap_or_default().as_secs();
        json(&json!({ "access_token": token, "expires_in": left, "token_type": "Bearer" }))
    }

    fn id_token(&self, audience: &str, query: &Form) -> Response<Bytes> {
        let now = self.0.account.twin().now();
        let full = query.get("format") == Some("full");
        let key = format!("{audience} {full} {}", query.get("licenses").unwrap_or_default());
        let known = {
            let kept = self.kept();
            kept.id_tokens.get(&key).filter(|(_, end)| *end >= now + kept.least).map(|(token, _)| token.clone())
        };
        if let Some(token) = known {
            return text(&token);
        }
        let builder = {
            let state = self.state();
            let Some(account) = state.directory.account(self.0.account.email()) else {
                return page(StatusCode::NOT_FOUND);
            };
            id_token::of(&state.keys, account, audience, full, now)
        };
        let builder = if full { builder.claim("google", self.about_machine(query)) } else { builder };
        let token = builder.sign();
        let mut kept = self.kept();
        kept.issued += 1;
        kept.id_tokens.insert(key, (token.clone(), now + id_token::LIFETIME));
        text(&token)
    }

    fn about_machine(&self, query: &Form) -> Value {
        let (id, number) = self.project();
        let mut machine = json!({
            "project_id": id,
            "project_number": number,
            "zone": ZONE,
            "instance_id": self.0.instance.to_string(),
            "instance_name": "machine",
            "instance_creation_timestamp": 1_767_225_600,
        });
        if query.get("licenses") == Some("TRUE") {
            machine["license_id"] = json!([]);
        }
        json!({ "compute_engine": machine })
    }

    /// Id and number.
    fn project(&self) -> (String, u64) {
        let number = self.0.account.read(|account| account.project);
        let id = self.state().directory.project(number).map(|project| project.id.clone());
        (id.unwrap_or_default(), number)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.account.twin().state()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ZONE: &str = "europe-west1-b";

impl Twin for MetadataTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut answer = self.0.faults.answer(|| self.judge(request), page);
        if !self.kept().without_flavor {
            answer.headers_mut().insert("metadata-flavor", HeaderValue::from_static("Google"));
        }
        answer.headers_mut().insert(SERVER, HeaderValue::from_static("Metadata Server for VM"));
        answer
    }
}

impl fmt::Debug for MetadataTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetadataTwin(of {})", self.0.account.email())
    }
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

fn text(body: &str) -> Response<Bytes> {
    answer(StatusCode::OK, "application/text", body.to_owned())
}

fn json(body: &Value) -> Response<Bytes> {
    answer(StatusCode::OK, "application/json", body.to_string())
}

/// Its refusals are HTML pages.
fn page(status: StatusCode) -> Response<Bytes> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let body =
        format!("<!DOCTYPE html><html><title>Error {0} ({reason})</title><p>{0}. {reason}</html>", status.as_u16());
    answer(status, "text/html; charset=UTF-8", body)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

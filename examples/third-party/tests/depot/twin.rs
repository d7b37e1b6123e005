//! Depot in memory: it verifies as the real one would, and refuses in its words.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::twins::Twin;
use tokenex_testkit::world::World;

/// How long its tokens live.
pub(crate) const LIFETIME: Duration = Duration::from_secs(900);

/// One Depot. Clones are the same.
#[derive(Clone)]
pub(crate) struct DepotTwin(Arc<Depot>);

struct Depot {
    issuer: IssuerKeys,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The subjects that may push, by project.
    publishers: HashMap<String, String>,
    /// The identity tokens that were shown: each is good for one exchange.
    shown: HashSet<String>,
    /// The tokens that live, with their ends.
    tokens: HashMap<String, SystemTime>,
    made: u64,
}

impl DepotTwin {
    /// A Depot that trusts the issuer of this world, on the clock of its targets.
    pub(crate) fn new(world: &World) -> Self {
        let (issuer, now) = (world.issuer().clone(), Box::new(world.target_clock()));
        Self(Arc::new(Depot { issuer, now, state: Mutex::default() }))
    }

    /// This subject may push to the project from now on.
    pub(crate) fn publisher(&self, project: &str, subject: &str) {
        self.state().publishers.insert(project.to_owned(), subject.to_owned());
    }

    /// Whether this token may push now.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        let now = (self.0.now)();
        self.state().tokens.get(token).is_some_and(|ends| *ends > now)
    }

    /// How many tokens it has made.
    pub(crate) fn made(&self) -> u64 {
        self.state().made
    }

    fn exchange(&self, form: &HashMap<String, String>) -> Response<Bytes> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let now = (self.0.now)();
        let jwt = field("subject_token");
        let refuse = |why: &str| refusal(400, "invalid_grant", why);
        let Ok(claims) = self.0.issuer.verify(jwt) else { return refuse("the signature is not of a known issuer") };
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if claims["exp"].as_u64().is_none_or(|ends| ends <= seconds) {
            return refuse("the token has expired");
        }
        if claims["aud"] != "depot" {
            return refuse("the token is for another audience");
        }
        let mut state = self.state();
        let Some(publisher) = state.publishers.get(field("resource")) else {
            return refusal(400, "invalid_target", "there is no such project");
        };
        if claims["sub"] != publisher.as_str() {
            return refuse("the subject is no publisher of the project");
        }
        if !state.shown.insert(jwt.to_owned()) {
            return refuse("the token was shown before");
        }
        state.made += 1;
        let token = format!("depot-push-token-{:04}-{:016x}", state.made, seconds);
        state.tokens.insert(token.clone(), now + LIFETIME);
        let id = format!("tok_{}", state.made);
        reply(
            200,
            &json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME.as_secs(), "token_id": id}),
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }
}

impl Twin for DepotTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let form: HashMap<String, String> = form_urlencoded::parse(request.body()).into_owned().collect();
        match request.uri().path() {
            "/oauth2/token" => self.exchange(&form),
            // What is not known counts as revoked (RFC 7009 section 2.2).
            "/oauth2/revoke" => {
                self.state().tokens.remove(form.get("token").map(String::as_str).unwrap_or_default());
                reply(200, &Value::Null)
            }
            _ => refusal(404, "not_found", "there is nothing here"),
        }
    }
}

fn refusal(status: u16, code: &str, why: &str) -> Response<Bytes> {
    reply(status, &json!({"error": code, "error_description": why}))
}

fn reply(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()
}

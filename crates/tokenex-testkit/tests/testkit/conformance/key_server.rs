//! A provider that keeps every law, and the twin of its made-up target: keys for an identity token, renewable, revocable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokenex_core::{
    AnySource, AnyTokenSource, Attempt, Claims, Credential, Error, ErrorKind, Grant, Issued, Moment, Outcome, Provider,
    Renewal, Result, Revocation, Secret, Source as _, Target,
};
use tokenex_testkit::conformance::Fixture;
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::world::World;

pub(crate) const HOST: &str = "keys.test";
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);
pub(crate) const AUDIENCE: &str = "keys";

/// What the target hands out.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Credential for Key {
    fn same_as(&self, other: &Self) -> bool {
        self.secret.same_as(&other.secret)
    }
}

/// The provider.
#[derive(Debug)]
pub(crate) struct KeyServer {
    pub(crate) identity: AnyTokenSource,
    pub(crate) client_secret: AnySource<Secret>,
}

impl KeyServer {
    pub(crate) fn request(&self, method: Method, path: &str, key: Option<&Key>, body: String) -> Request<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("https://{HOST}{path}"));
        if let Some(key) = key {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.secret.expose())).unwrap();
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request.body(Bytes::from(body)).unwrap()
    }

    pub(crate) async fn login(&self, cx: &Attempt) -> Result<(Request<Bytes>, Claims)> {
        let identity = cx.identity(&self.identity, &[AUDIENCE]).await?;
        let secret = self.client_secret.fetch(cx).await?;
        let body = json!({"jwt": identity.value().secret().expose(), "client_secret": secret.value().expose()});
        Ok((self.request(Method::POST, "/keys", None, body.to_string()), identity.value().claims().clone()))
    }

    pub(crate) fn read(&self, answer: &Response<Bytes>) -> Result<(Key, Duration)> {
        let body: Value = serde_json::from_slice(answer.body()).map_err(|_| not_understood())?;
        match (&body["id"], &body["key"], body["expires_in"].as_u64()) {
            (Value::String(id), Value::String(key), Some(seconds)) => {
                Ok((Key { id: id.clone(), secret: key.as_str().into() }, Duration::from_secs(seconds)))
            }
            _ => Err(not_understood()),
        }
    }

    /// What is granted by an answer to a request that was sent then.
    pub(crate) fn granted(&self, answer: &Response<Bytes>, sent: Moment) -> Result<Outcome<Key>> {
        let (key, lifetime) = self.read(answer)?;
        Ok(grant(key, lifetime).counted_from(sent).into())
    }
}

impl Provider for KeyServer {
    type Credential = Key;

    fn name(&self) -> &'static str {
        "key-server"
    }

    fn target(&self) -> Target {
        Target::new(format!("https://{HOST}"))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Key>> {
        let (request, claims) = self.login(cx).await?;
        let sent = cx.moment();
        let answer = cx.send(request).await?;
        check(&answer, cx, Some(&claims))?;
        let (key, lifetime) = self.read(&answer)?;
        let id = key.id.clone();
        Ok(grant(key, lifetime).counted_from(sent).fingerprint(id).into())
    }

    async fn renew(&self, held: &Issued<Key>, cx: &Attempt) -> Result<Renewal> {
        let sent = cx.moment();
        let path = format!("/keys/{}/renew", held.id);
        let answer = cx.send(self.request(Method::POST, &path, Some(held), String::new())).await?;
        check(&answer, cx, None)?;
        let body: Value = serde_json::from_slice(answer.body()).map_err(|_| not_understood())?;
        let seconds = body["expires_in"].as_u64().ok_or_else(not_understood)?;
        Ok(Renewal::Extended { lifetime: Duration::from_secs(seconds), counted_from: sent, again: true })
    }

    async fn revoke(&self, held: &Issued<Key>, cx: &Attempt) -> Result<Revocation> {
        let request = self.request(Method::DELETE, &format!("/keys/{}", held.id), Some(held), String::new());
        let answer = cx.send(request).await?;
        // What is gone already is gone.
        if answer.status() != StatusCode::NOT_FOUND {
            check(&answer, cx, None)?;
        }
        Ok(Revocation::Accepted)
    }
}

pub(crate) fn grant(key: Key, lifetime: Duration) -> Grant<Key> {
    Grant::new(key).lifetime(lifetime).renewable().revocable()
}

pub(crate) fn not_understood() -> Error {
    Error::new(ErrorKind::Protocol, "the answer of the key server is not understood")
}

/// What a refusal means.
pub(crate) fn check(answer: &Response<Bytes>, cx: &Attempt, shown: Option<&Claims>) -> Result<()> {
    let status = answer.status();
    let kind = match status.as_u16() {
        200..=299 => return Ok(()),
        400 | 401 => ErrorKind::Trust,
        403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::Throttled,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    };
    let mut error = Error::new(kind, "the key server refuses").with_status(status);
    if let Some(wait) = cx.retry_after(answer.headers()) {
        error = error.with_retry_after(wait);
    }
    Err(match shown {
        Some(claims) if kind == ErrorKind::Trust => error.with_presented(claims),
        _ => error,
    })
}

/// The target. Clones are the same.
#[derive(Clone)]
pub(crate) struct Twin(Arc<State>);

struct State {
    issuer: IssuerKeys,
    client_secret: String,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    trusts_nobody: bool,
    made: usize,
    keys: HashMap<String, (String, SystemTime)>,
}

impl Twin {
    pub(crate) fn knows(&self, key: &Key) -> bool {
        let now = (self.0.now)();
        self.book().keys.get(&key.id).is_some_and(|(secret, ends)| secret == key.secret.expose() && *ends > now)
    }

    pub(crate) fn trust_nobody(&self) {
        self.book().trusts_nobody = true;
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["keys"]) => self.login(request.body()),
            (&Method::POST, ["keys", id, "renew"]) => self.with_key(request, id, |entry, now| {
                entry.1 = now + LIFETIME;
                reply(200, json!({"expires_in": LIFETIME.as_secs()}))
            }),
            (&Method::DELETE, ["keys", id]) => {
                let answer = self.with_key(request, id, |_, _| reply(204, Value::Null));
                if answer.status() == StatusCode::NO_CONTENT {
                    self.book().keys.remove(*id);
                }
                answer
            }
            _ => reply(404, json!({"error": "not_found"})),
        }
    }

    fn login(&self, body: &Bytes) -> Response<Bytes> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let claims = self.0.issuer.verify(body["jwt"].as_str().unwrap_or_default()).unwrap_or_default();
        let mut book = self.book();
        let known = claims["aud"] == AUDIENCE && body["client_secret"] == self.0.client_secret.as_str();
        if !known || book.trusts_nobody {
            return reply(401, json!({"error": "invalid_client", "error_description": "nobody that is known here"}));
        }
        book.made += 1;
        let (id, key) = (format!("key-{}", book.made), format!("{:032x}", fastrand::u128(..)));
        book.keys.insert(id.clone(), (key.clone(), (self.0.now)() + LIFETIME));
        reply(200, json!({"id": id, "key": key, "expires_in": LIFETIME.as_secs()}))
    }

    fn with_key(
        &self,
        request: &Request<Bytes>,
        id: &str,
        act: impl FnOnce(&mut (String, SystemTime), SystemTime) -> Response<Bytes>,
    ) -> Response<Bytes> {
        let now = (self.0.now)();
        let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match self.book().keys.get_mut(id) {
            Some(entry) if entry.1 > now && bearer == format!("Bearer {}", entry.0) => act(entry, now),
            _ => reply(404, json!({"error": "no_such_key"})),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap()
    }
}

pub(crate) fn reply(status: u16, body: Value) -> Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Response::builder().status(status).body(body).unwrap()
}

/// The twin in its place, and a provider for it.
pub(crate) fn set_up(world: &World) -> (KeyServer, Twin) {
    let client_secret = world.secret_source("client secret");
    let twin = Twin(Arc::new(State {
        issuer: world.issuer().clone(),
        client_secret: client_secret.expose().to_owned(),
        now: Box::new(world.target_clock()),
        book: Mutex::default(),
    }));
    let serving = twin.clone();
    world.network().route(HOST, move |request| std::future::ready(serving.answer(&request)));
    let server =
        KeyServer { identity: AnyTokenSource::new(world.identity()), client_secret: AnySource::new(client_secret) };
    (server, twin)
}

/// Says everything that the suite can be told about a provider of keys.
pub(crate) fn fixture<P: Provider<Credential = Key>>(provider: P, twin: &Twin) -> Fixture<P> {
    let (asked, refusing) = (twin.clone(), twin.clone());
    Fixture::new(provider)
        .secrets(|key| vec![key.secret.expose().to_owned()])
        .works(move |key| asked.knows(key))
        .refused_by(move || refusing.trust_nobody())
}

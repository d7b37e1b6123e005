//! A provider, whole, before a server that answers what the input says.
//!
//! It runs as programs run it: in a scheduler, with its renewal and its revocation, so that what a target says about time goes
//! through the engine too. There is no socket, and time is moved by hand.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use tokenex::core::sources::{Closure, StaticText};
use tokenex::core::time::TimeSource as _;
use tokenex::core::{
    AnyTransport, Attempt, BoxFuture, Clock, Credential, Handle, Issued, Provider, Result, Scheduler, Secret, Source,
    TokenRequest, TokenSource, Transport,
};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::clock::TestClock;
use tokio::runtime::Runtime;

use crate::answers;
use crate::oracle::{self, SIGNATURE};

/// No exchange of one attempt has more requests than this.
const REQUESTS_MAX: usize = 16;

/// No attempt takes longer, by the clock that is moved by hand.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far into the life of a credential to look, for its renewal: so far in seconds, or so many requests.
const LATER: u64 = 4096;
const LATER_REQUESTS: usize = 6;

/// Whether the protocol says when its credentials end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Always,
    /// As [`Always`](Self::Always), of a credential that has a key of its own. Making keys takes long, so its life is not looked at.
    AlwaysWithKey,
    /// As with a secret that is stored, or a token without an end.
    Perhaps,
}

/// A server that gives the answers of an input. Clones are the same.
#[derive(Clone)]
pub struct Server(Arc<Mutex<State>>);

struct State {
    answers: Vec<Response<Bytes>>,
    requests: usize,
}

impl Server {
    fn new(data: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(State { answers: answers::read(data), requests: 0 })))
    }

    fn requests(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests
    }
}

impl Transport for Server {
    fn send(&self, _: Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = state.requests.min(state.answers.len() - 1);
        state.requests += 1;
        let answer = state.answers[at].clone();
        Box::pin(async { Ok(answer) })
    }
}

thread_local!(static CURRENT: RefCell<Option<Server>> = const { RefCell::new(None) });

/// The way to the server of the input at hand, for a provider that has a way of its own and outlives the input.
pub struct Route;

impl Transport for Route {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        let server = CURRENT.with_borrow(Clone::clone).expect("an input is at hand");
        Box::pin(async move { server.send(request, limit).await })
    }
}

/// What a target gets to make its provider with.
pub struct Place {
    pub scheduler: Scheduler,
    server: Server,
    clock: Clock,
}

impl Place {
    /// One attempt by hand.
    pub fn attempt(&self) -> Attempt {
        Attempt::detached(self.clock.clone(), AnyTransport::new(self.server.clone()), Duration::from_secs(30))
    }
}

/// Issues a credential, holds it for an hour and gives it up, before the answers of `data`.
pub fn exchange<P: Provider<Credential: fmt::Debug>>(
    data: &[u8],
    ends: Ends,
    provider: impl FnOnce(&Place) -> Result<P>,
) {
    held(data, data, ends, |place| Ok(place.scheduler.keep(provider(place)?)));
}

/// As [`exchange`], of a credential that somebody keeps, before a server with `answers` of its own: for an input that is not what
/// servers answer.
pub fn held<C: Credential + fmt::Debug>(
    answers: &[u8],
    data: &[u8],
    ends: Ends,
    handle: impl FnOnce(&Place) -> Result<Handle<C>>,
) {
    at_a_place(answers, async |place, time| {
        let handle = match handle(place) {
            Ok(handle) => handle,
            Err(error) => {
                oracle::error(&error);
                return Shown::Nothing;
            }
        };
        let begun = time.monotonic();
        let first = handle.get().await;
        assert!(time.monotonic() - begun <= PATIENCE, "the first attempt takes {:?}", time.monotonic() - begun);
        assert!(place.server.requests() <= REQUESTS_MAX, "{} requests of one attempt", place.server.requests());
        match &first {
            Err(error) => oracle::error(error),
            Ok(issued) => {
                check(issued, ends, time, data);
                let (first, mut step) = (place.server.requests(), 1);
                while ends != Ends::AlwaysWithKey && step <= LATER && place.server.requests() < first + LATER_REQUESTS {
                    time.advance(Duration::from_secs(step)).await;
                    time.settle().await;
                    step *= 2;
                }
            }
        }
        let status = format!("{}\n{:?}\n{handle:?}", handle.status(), handle.status());
        oracle::said_of_success("status", &status, data);
        let report = handle.close(Duration::from_secs(5)).await;
        oracle::said_of_success("report", &format!("{report}\n{report:?}"), data);
        if first.is_ok() { Shown::Names } else { Shown::Nothing }
    });
}

/// Asks a token source once.
pub fn identity<S: TokenSource>(data: &[u8], source: impl FnOnce(&Place) -> Result<S>) {
    at_a_place(data, async |place, _| {
        let source = match source(place) {
            Ok(source) => source,
            Err(error) => {
                oracle::error(&error);
                return Shown::Nothing;
            }
        };
        let cx = place.attempt();
        match source.token(&TokenRequest::new(&cx).audience("audience")).await {
            Ok(input) => {
                oracle::well();
                oracle::said_of_success("claims", &format!("{:?}", input.value()), data);
                Shown::Names
            }
            Err(error) => {
                oracle::error(&error);
                Shown::Nothing
            }
        }
    });
}

/// What of an answer may show in the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Names that the target gives: a lease id, an accessor. An answer can have any text in their place.
    Names,
    Nothing,
}

/// Runs on paused time, records everything that is logged, and judges the log at the end.
pub fn at_a_place(answers: &[u8], work: impl AsyncFnOnce(&Place, &TestClock) -> Shown) {
    oracle::begin();
    thread_local!(static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) });
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime.get_or_insert_with(|| {
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
        });
        let canary = Canary::new();
        let recording = canary.record();
        let shown = runtime.block_on(async {
            let time = TestClock::new();
            let server = Server::new(answers);
            CURRENT.set(Some(server.clone()));
            let builder = Scheduler::builder(tokio::runtime::Handle::current());
            let scheduler = builder.clock(time.clock()).transport(server.clone()).seed(7).start();
            let place = Place { scheduler, server, clock: time.clock() };
            let shown = work(&place, &time).await;
            place.scheduler.shutdown(Duration::from_secs(5)).await;
            shown
        });
        drop(recording);
        let text = String::from_utf8_lossy(answers);
        let named = shown == Shown::Names;
        for (label, secret) in oracle::sent().filter(|(_, secret)| !(named && text.contains(secret))) {
            canary.watch(label, secret);
        }
        let leaks = canary.findings().leaks;
        assert!(leaks.is_empty(), "in the log: {leaks:?}");
    });
}

fn check<C: Credential + fmt::Debug>(issued: &Issued<C>, ends: Ends, time: &TestClock, data: &[u8]) {
    if ends != Ends::Perhaps {
        assert!(issued.expires_at().is_some(), "a credential without an end");
    }
    if let Some(at) = issued.expires_at() {
        assert!(at > time.wall(), "a credential that has ended");
    }
    oracle::well();
    oracle::said_of_success("credential", &format!("{issued:?}\n{:?}", issued.credential()), data);
}

/// The identity token of the workload, for whatever audience is asked for. It ends in an hour, and its signature is secret.
pub fn workload() -> impl TokenSource {
    Closure::plain(|audience| Ok(jwt(&audience.unwrap_or_else(|| "audience".to_owned()))))
}

/// As [`workload`], of one text.
pub fn jwt(audience: &str) -> String {
    // What a `TestClock` shows at its start is the first second of 2026.
    let claims = json!({"iss": "https://issuer.test", "sub": "workload", "aud": audience, "iat": 1_767_225_600_u64,
        "exp": 1_767_229_200_u64 + 86_400});
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"1"}"#);
    format!("{header}.{}.{SIGNATURE}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The password of the workload, for those who want one.
pub fn password() -> impl Source<Secret> {
    StaticText::new(oracle::password())
}

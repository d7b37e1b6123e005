//! Test tools for tokenex: everything around a credential, made by hand and broken on purpose.
//!
//! For programs that use tokenex, and for [providers and sources of your own](conformance). Add it to the
//! `dev-dependencies`; tests that move time also need tokio's feature `test-util`.
//!
//! | module | what it stands in for |
//! |---|---|
//! | [`world`] | all of the following around one provider, put together |
//! | [`conformance`] | the contract: its laws, tried on any provider or source |
//! | [`issuer`] | the OIDC issuer: discovery, keys, rotation, tokens with any claims, token files |
//! | [`twins`] | the providers' own endpoints, which verify and refuse as the real ones do |
//! | [`transport`] | the network, in memory: hosts are closures, latency and faults on the virtual clock |
//! | [`clock`] | time: advanced, stepped, suspended |
//! | [`web`] | a web server on a bad day: HTML, half a body, 100 MB, silence, redirects |
//! | [`proxy`] | the network cable: cut, black hole, delay, bandwidth |
//! | [`tls`] | a CA nobody trusts, with leaves good, expired and for another name |
//! | [`canary`] | the auditor: searches logs, errors and `Debug` for marked secrets |
//! | `servers` | (feature `servers`) real servers, started and stopped: OpenBao, PostgreSQL, moto, Azurite |
//!
//! Two guides in the repository go with it: `docs/testing.md` for your own program, `docs/writing-a-provider.md` from the
//! trait to the passing suite.
//!
//! A test of a whole program, without sockets and without waiting. [`World`](world::World) puts the same together in one
//! line; these are the parts:
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use tokenex_core::time::TimeSource as _;
//! use tokenex_core::Transport as _;
//! use tokenex_testkit::{clock::TestClock, issuer::IssuerKeys, issuer::PooledKeys, transport::InMemory};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! // #[tokio::test(start_paused = true)]
//! let time = TestClock::new();
//! let issuer = IssuerKeys::with("https://issuer.test", PooledKeys, {
//!     let time = time.clone();
//!     move || time.wall()
//! });
//!
//! // The target's twin: it verifies the token as the real endpoint does.
//! let network = InMemory::new();
//! let keys = issuer.clone();
//! network.route("target.test", move |request: http::Request<Bytes>| {
//!     let known = std::str::from_utf8(request.body()).is_ok_and(|jwt| keys.verify(jwt).is_ok());
//!     let status = if known { 200 } else { 403 };
//!     async move { http::Response::builder().status(status).body(Bytes::new()).unwrap() }
//! });
//!
//! // The program under test gets `time.clock()`, `network.transport()` and a token.
//! let jwt = issuer.token().audience("target").lifetime(Duration::from_secs(60)).sign();
//! let request = http::Request::post("https://target.test/login").body(Bytes::from(jwt)).unwrap();
//! let answer = network.transport().send(request, Duration::from_secs(5)).await.unwrap();
//! assert_eq!(answer.status(), 200);
//! # });
//! ```
//!
//! Everything on a socket listens on a free loopback port, needs a tokio runtime, and stops when it is dropped. Do not
//! pause tokio's time around real sockets: it jumps whenever the program waits for one.

pub mod canary;
pub mod clock;
pub mod conformance;
pub mod issuer;
mod pem;
pub mod proxy;
#[cfg(feature = "servers")]
pub mod servers;
pub mod tls;
pub mod transport;
pub mod twins;
pub mod web;
pub mod world;

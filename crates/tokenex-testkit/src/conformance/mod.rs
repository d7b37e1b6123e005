//! The laws of the contract, tried on any [`Provider`], [`TokenSource`] or [`Source`].
//!
//! A fixture makes the thing under test out of what the suite hands it: a [`World`] with a network in memory, an issuer,
//! marked secrets and a clock moved by hand. Each law is tried in worlds of its own, and the [`Report`] names each law with
//! what was seen:
//!
//! ```
//! use bytes::Bytes;
//! use tokenex_core::sources::Url;
//! use tokenex_testkit::conformance::{self, SourceFixture};
//!
//! // #[test]
//! conformance::token_source(|world| {
//!     let issuer = world.issuer().clone();
//!     world.network().route("ci.test", move |_| {
//!         let jwt = issuer.token().audience("https://api.test").sign();
//!         async move { http::Response::new(Bytes::from(jwt)) }
//!     });
//!     SourceFixture::new(Url::new("https://ci.test/token").unwrap())
//! })
//! .run()
//! .assert_all();
//! ```
//!
//! A provider has more to say, since the suite cannot know what the target thinks of a credential, or what in it is secret.
//! See [`Fixture`], and `docs/writing-a-provider.md` in the repository for a whole one:
//!
//! ```text
//! conformance::provider(|world| {
//!     let twin = KeyServerTwin::new(world.issuer(), world.target_clock());
//!     world.network().route("keys.test", twin.handler());
//!     let provider = KeyServer::new("https://keys.test", world.identity());
//!     Fixture::new(provider).secrets(|key| vec![key.expose().to_owned()]).works(move |key| twin.knows(key))
//! })
//! .run()
//! .assert_all();
//! ```
//!
//! # What it can see, and what it cannot
//!
//! The suite sees what goes through the attempt: its transport, its clock, its sources. It takes a poll of more than 100 ms
//! of real time, five times in a row, for one that blocks; a shorter block, or one that only a real socket brings about,
//! escapes it. It searches what is printed on the thread of the trial; what another thread prints it does not hear. A law
//! that needs something which the fixture does not say is reported as not run, and [`Report::assert_all`] takes that for a
//! failure: nothing is skipped in silence.

mod asked;
mod bench;
mod counted;
mod drive;
mod fixture;
mod law;
mod laws;
mod life;
mod report;
mod runs;
mod slips;
mod suite;
mod troubles;
mod works;

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use tokenex_core::{IdentityToken, Provider, Source, TokenSource};

use asked::{Asked, OfTokens, OfValues, Value};
pub use fixture::{Fixture, SourceFixture};
pub use law::{LAWS, Law, Subject};
pub use report::{Finding, Report, Verdict};
pub use suite::Suite;

use crate::world::World;

/// The laws of a provider. `fixture` is called in each trial, in a world of its own.
pub fn provider<P>(fixture: impl Fn(&World) -> Fixture<P> + Send + Sync + 'static) -> Suite
where
    P: Provider + Debug,
    P::Credential: Debug,
{
    Suite::new(Subject::Provider, Arc::new(fixture), laws::judge)
}

/// The laws of a token source. `fixture` is called in each trial, in a world of its own.
pub fn token_source<S>(fixture: impl Fn(&World) -> SourceFixture<S, IdentityToken> + Send + Sync + 'static) -> Suite
where
    S: TokenSource + Debug,
{
    let make = Arc::new(move |world: &World| {
        let SourceFixture { source, next, offline, .. } = fixture(world);
        let mut made = Fixture::new(Asked::new(OfTokens(source))).secrets(laws::texts_of_token);
        made.hooks.next = next;
        made.hooks.offline = offline;
        made
    });
    Suite::new(Subject::TokenSource, make, laws::judge_token_source)
}

/// The laws of a source of anything else. `fixture` is called in each trial, in a world of its own.
pub fn source<S, T>(fixture: impl Fn(&World) -> SourceFixture<S, T> + Send + Sync + 'static) -> Suite
where
    S: Source<T> + Debug,
    T: Send + Sync + Debug + 'static,
{
    let make = Arc::new(move |world: &World| {
        let SourceFixture { source, secrets, next, offline } = fixture(world);
        let mut made = Fixture::new(Asked::new(OfValues(source, PhantomData)));
        if let Some(secrets) = secrets {
            made = made.secrets(move |value: &Value<T>| secrets(&value.0));
        }
        made.hooks.next = next;
        made.hooks.offline = offline;
        made
    });
    Suite::new(Subject::Source, make, laws::judge_source)
}

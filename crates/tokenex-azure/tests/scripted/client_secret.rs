//! A secret that some engine makes becomes access tokens, while it spreads in Entra and while it is replaced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_azure::{AccessToken, ClientSecret, Entra};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{
    Attempt, Credential, Error, ErrorKind, Grant, Handle, Issued, Outcome, Provider, Result, Revocation, Secret,
    Source, Target,
};
use tokenex_testkit::twins::azure::SecretKey;

use crate::world::{ARM, GRAPH, VAULT, World, field, minutes};

/// What an engine hands out: a client, and a secret made for this one reader.
struct Lease {
    client_id: String,
    secret: Secret,
}

impl Credential for Lease {
    fn same_as(&self, other: &Self) -> bool {
        self.secret.same_as(&other.secret)
    }
}

/// Makes a new secret of the application each time, as Vault's Azure engine does, and deletes it when the lease is over.
/// Entra knows each only after a while.
struct Engine {
    app: tokenex_testkit::twins::azure::App,
    time: tokenex_testkit::clock::TestClock,
    life: Duration,
    spreads_in: Duration,
    made: Arc<Mutex<Vec<SecretKey>>>,
}

impl Provider for Engine {
    type Credential = Lease;

    fn name(&self) -> &'static str {
        "engine"
    }

    fn target(&self) -> Target {
        Target::new("engine")
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<Lease>> {
        let key = self.app.add_secret();
        key.known_from(self.time.wall() + self.spreads_in);
        let lease = Lease { client_id: self.app.client_id().to_owned(), secret: key.value().into() };
        self.made.lock().unwrap().push(key);
        Ok(Grant::new(lease).lifetime(self.life).revocable().into())
    }

    async fn revoke(&self, held: &Issued<Lease>, _: &Attempt) -> Result<Revocation> {
        let made = self.made.lock().unwrap();
        made.iter().filter(|key| key.value() == held.secret.expose()).for_each(SecretKey::revoke);
        Ok(Revocation::Accepted)
    }
}

struct Chain {
    world: World,
    engine: Handle<Lease>,
    made: Arc<Mutex<Vec<SecretKey>>>,
    entra: Entra,
}

impl Chain {
    fn new(life: Duration, spreads_in: Duration) -> Self {
        let world = World::new();
        let made: Arc<Mutex<Vec<SecretKey>>> = Arc::default();
        let engine = world.scheduler.keep(Engine {
            app: world.app.clone(),
            time: world.time.clone(),
            life,
            spreads_in,
            made: made.clone(),
        });
        let secret = engine.map(|lease| Ok(ClientSecret::new(&lease.client_id, lease.secret.clone())));
        let entra = Entra::client_secret(world.tenant.id(), secret).build().unwrap();
        Self { world, engine, made, entra }
    }

    fn keep(&self, scope: &str) -> Handle<AccessToken> {
        self.world.keep(&self.entra, scope)
    }
}

fn fixed(world: &World, secret: impl Source<ClientSecret>) -> Entra {
    Entra::client_secret(world.tenant.id(), secret).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_secret_travels_in_the_body_and_stands_for_the_client() {
    let world = World::new();
    let (id, key) = (world.app.client_id().to_owned(), world.app.add_secret());
    let value = key.value().to_owned();
    let entra = fixed(&world, Closure::plain(move |_| Ok(ClientSecret::new(&id, value.as_str()))));
    world.keep(&entra, ARM).get().await.unwrap();
    let requests = world.network.requests();
    assert_eq!(field(&requests[0], "client_secret").as_deref(), Some(key.value()));
    assert_eq!(field(&requests[0], "client_id").as_deref(), Some(world.app.client_id()));
    assert_eq!(field(&requests[0], "client_assertion"), None);
    assert_eq!(requests[0].query(), "");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_has_not_spread_yet_is_a_passing_failure() {
    let chain = Chain::new(minutes(60), minutes(4));
    let arm = chain.keep(ARM);
    let error = arm.get().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), (Some("AADSTS7000215"), true));
    assert!(error.to_string().contains("minutes to spread"), "{error}");
    arm.ready(minutes(6)).await.unwrap();
    assert_eq!(chain.made.lock().unwrap().len(), 1, "no second secret was made for it");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_not_spread_yet_is_one_too() {
    let chain = Chain::new(minutes(60), Duration::ZERO);
    chain.world.app.known_from(chain.world.time.wall() + minutes(2));
    let arm = chain.keep(ARM);
    let error = arm.get().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), (Some("AADSTS700016"), true));
    arm.ready(minutes(4)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_old_secret_that_is_refused_is_wrong() {
    let chain = Chain::new(minutes(60 * 24), minutes(60 * 48));
    let arm = chain.keep(ARM);
    assert!(arm.get().await.unwrap_err().is_transient());
    chain.world.seconds(9 * 60).await;
    assert!(arm.status().failing.unwrap().last.is_transient());
    chain.world.seconds(3 * 60).await;
    let error = arm.status().failing.unwrap().last.clone();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Trust, Some("AADSTS7000215"), false));
    assert!(error.to_string().contains("not its id"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_unknown_age_that_is_refused_is_wrong() {
    let world = World::new();
    let id = world.app.client_id().to_owned();
    let entra = fixed(&world, Closure::plain(move |_| Ok(ClientSecret::new(&id, "wrong"))));
    let error = world.keep(&entra, ARM).get().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), (Some("AADSTS7000215"), false));
}

#[tokio::test(start_paused = true)]
async fn while_a_new_secret_spreads_the_old_token_stays_in_use_in_every_scope() {
    let chain = Chain::new(minutes(60), minutes(4));
    let handles = [ARM, VAULT, GRAPH].map(|scope| chain.keep(scope));
    for handle in &handles {
        handle.ready(minutes(6)).await.unwrap();
    }
    let saw_trouble = AtomicBool::new(false);
    for minute in 0..60 * 6 {
        chain.world.seconds(60).await;
        for handle in &handles {
            let token = handle.get().await.unwrap_or_else(|error| panic!("minute {minute}: {error}"));
            assert_eq!(token.bonds().len(), 1, "the token dies with the secret");
            saw_trouble.fetch_or(handle.status().failing.is_some(), Ordering::Relaxed);
        }
    }
    assert!(saw_trouble.into_inner(), "no new secret was ever refused, so nothing was shown");
    let made = chain.made.lock().unwrap().len();
    assert!((6..=14).contains(&made), "{made} secrets in six hours of one hour each");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_handed_out_beyond_the_end_of_its_secret() {
    let chain = Chain::new(minutes(20), Duration::ZERO);
    chain.world.twin.token_lifetime(minutes(60));
    let arm = chain.keep(ARM);
    let (token, lease) = (arm.get().await.unwrap(), chain.engine.get().await.unwrap());
    assert_eq!(token.expires_at(), lease.expires_at());
}

#[tokio::test(start_paused = true)]
async fn a_source_without_a_secret_and_a_client_id_with_blanks_are_errors_before_anything_is_sent() {
    let world = World::new();
    let none = Closure::plain(|_| Err::<ClientSecret, _>(Error::new(ErrorKind::Identity, "the engine is down")));
    let error = world.keep(&fixed(&world, none), ARM).get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Identity, Some("azure")));
    let blanks = Closure::plain(|_| Ok(ClientSecret::new("an id ", "secret")));
    let error = world.keep(&fixed(&world, blanks), ARM).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("client_id")));
    assert_eq!(world.count(), 0);
}

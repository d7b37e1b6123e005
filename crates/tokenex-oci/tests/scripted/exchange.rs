//! Exchanges: what is sent, in which order, and what comes of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{ErrorKind, Input, Secret, Source};
use tokenex_oci::{Domain, KeySize, SessionKey};
use tokenex_testkit::transport::Fault;
use tokio::sync::Barrier;

use crate::world::{HOST, SUBJECT, World, field, minutes};

#[tokio::test(start_paused = true)]
async fn an_identity_token_becomes_the_service_users_session_token() {
    let world = World::new();
    let token = world.session().get().await.unwrap();
    assert_eq!((token.claims().subject(), token.tenancy()), (Some(world.user.ocid()), Some(&*world.oci.tenancy())));
    assert_eq!(token.expires_at().unwrap().duration_since(world.wall()).unwrap().as_secs(), 3600);
    assert_eq!(world.call(&token), 200);

    let request = &world.requests()[0];
    assert_eq!((request.method().as_str(), request.path(), request.query()), ("POST", "/oauth2/v1/token", ""));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let basic = STANDARD.encode(format!("{}:{}", world.app.client_id(), world.app.secret()));
    assert_eq!(request.header("authorization"), format!("Basic {basic}"));
    for (name, value) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", "urn:oci:token-type:oci-upst"),
        ("subject_token_type", "jwt"),
        ("public_key", &STANDARD.encode(token.key().public_der())),
    ] {
        assert_eq!(field(request, name).as_deref(), Some(value));
    }
    assert_eq!((field(request, "res_type"), field(request, "rpst_exp")), (None, None));
    assert_eq!(world.domain.exchanges()[0].subject, SUBJECT);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_for_the_client_id_or_for_the_audience_that_was_named() {
    let world = World::new();
    world.trust.audience("oci-workloads").audience("old-name");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let source = |answer: Option<&'static str>| {
        let (jwt, seen) = (world.jwt(), asked.clone());
        Closure::plain(move |audience: Option<String>| {
            seen.lock().unwrap().push(audience.clone().unwrap());
            Ok(jwt.clone().audience(answer.map_or_else(|| audience.unwrap(), str::to_owned)).sign())
        })
    };
    let client_id = world.app.client_id();
    world.keep(world.builder_with(source(None)).build().unwrap().user_token()).get().await.unwrap();
    let named = world.builder_with(source(None)).audience("oci-workloads").build().unwrap();
    world.keep(named.user_token()).get().await.unwrap();
    let added = world.builder_with(source(Some("old-name"))).accept_audience("old-name").build().unwrap();
    world.keep(added.user_token()).get().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [client_id, "oci-workloads", client_id]);

    // The client id is no longer one where another audience is named.
    let named = world.builder_with(world.fixed(&world.jwt())).audience("oci-workloads").build().unwrap();
    let before = world.count();
    let error = world.keep(named.user_token()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("wrong_audience")));
    assert_eq!((error.provider(), error.step()), (Some("oci"), Some("exchange")));
    assert_eq!(world.count(), before, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn id_and_secret_are_sent_as_they_are() {
    let world = World::new();
    for secret in ["se:cr:et", "100%", "a+b/c=", "a%2Bb", " blanks inside ", "Schlüssel"] {
        let app = world.domain.app_with(&format!("app-{}", secret.len()), secret);
        world.trust.oauth_client(&app).audience(app.client_id());
        let domain = Domain::builder(world.domain.url(), world.identity())
            .client(app.client_id(), Closure::plain(move |_| Ok(Secret::new(secret))))
            .build()
            .unwrap();
        world.keep(domain.user_token()).get().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_address_is_taken_with_and_without_slash_and_port() {
    let world = World::new();
    for url in [
        format!("https://{HOST}"),
        format!("https://{HOST}/"),
        format!("https://{HOST}:443"),
        format!("https://{HOST}:443/"),
    ] {
        let secret = StaticText::new(world.app.secret());
        let domain = Domain::builder(url, world.identity()).client(world.app.client_id(), secret).build().unwrap();
        world.keep(domain.user_token()).get().await.unwrap();
    }
    assert!(world.requests().iter().all(|request| request.path() == "/oauth2/v1/token"));
    assert_eq!(world.count(), 4);
}

/// A secret that takes long to come, as one from another service may.
struct SlowSecret(Secret);

impl Source<Secret> for SlowSecret {
    async fn fetch(&self, cx: &tokenex_core::Attempt) -> tokenex_core::Result<Input<Secret>> {
        cx.sleep(Duration::from_secs(5)).await;
        Ok(Input::new(self.0.clone()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_identity_token_is_asked_for_last_so_that_it_is_young() {
    let world = World::new();
    let asked_at = Arc::new(Mutex::new(None));
    let (jwt, seen, time) = (world.jwt(), asked_at.clone(), world.time.clock());
    let source = Closure::plain(move |audience: Option<String>| {
        *seen.lock().unwrap() = Some(time.wall());
        Ok(jwt.clone().audience(audience.unwrap()).sign())
    });
    let domain = Domain::builder(world.domain.url(), source)
        .client(world.app.client_id(), SlowSecret(world.app.secret().into()))
        .build()
        .unwrap();
    world.keep(domain.user_token()).ready(minutes(1)).await.unwrap();
    let exchanges = world.domain.exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(*asked_at.lock().unwrap(), Some(exchanges[0].at));
}

#[tokio::test(start_paused = true)]
async fn each_exchange_has_a_new_key_of_the_size_that_was_chosen() {
    let world = World::new();
    let long = world.builder().key_size(KeySize::Rsa3072).build().unwrap();
    assert_eq!(world.keep(long.user_token()).get().await.unwrap().key().size(), 3072);

    let session = world.session();
    for _ in 0..3 {
        let generation = session.get().await.unwrap().generation();
        session.rejected(generation).await.unwrap();
        world.seconds(10).await;
    }
    let mut keys: Vec<String> = world.domain.exchanges().into_iter().map(|exchange| exchange.public_key).collect();
    assert_eq!(keys.len(), 5);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5, "a key was used twice");
}

/// Keys that were made ahead.
struct Keys(Mutex<Vec<SessionKey>>);

impl Source<SessionKey> for Keys {
    async fn fetch(&self, _: &tokenex_core::Attempt) -> tokenex_core::Result<Input<SessionKey>> {
        let none_left = || tokenex_core::Error::new(ErrorKind::Other, "no key is left");
        self.0.lock().unwrap().pop().map(Input::new).ok_or_else(none_left)
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_the_program_brings_serve_one_token_each_and_again_when_there_was_no_token() {
    let world = World::new();
    let (first, second) = (SessionKey::generate(KeySize::Rsa2048).await, SessionKey::generate(KeySize::Rsa2048).await);
    let (first, second) = (first.unwrap(), second.unwrap());
    let keys = Keys(Mutex::new(vec![second.clone(), first.clone()]));
    let session = world.keep(world.builder().session_keys(keys).build().unwrap().user_token());
    let token = session.get().await.unwrap();
    assert_eq!(token.key().public_der(), first.public_der());
    assert_eq!(world.call(&token), 200);

    world.domain.fault(1, tokenex_testkit::twins::Fault::Empty(500));
    session.rejected(token.generation()).await.unwrap_err();
    world.seconds(60).await;
    let token = session.get().await.unwrap();
    assert_eq!(token.key().public_der(), second.public_der());

    // The source has no other, and what it says about that is what is told.
    world.seconds(60).await;
    let error = session.rejected(token.generation()).await.unwrap_err();
    assert!(error.to_string().contains("no key is left"), "{error}");
    assert_eq!(world.call(&session.get().await.unwrap()), 200);
}

#[tokio::test(start_paused = true)]
async fn a_resource_token_is_asked_for_by_type_and_lives_as_long_as_was_asked() {
    let world = World::new();
    world.trust.impersonating_resource("githubactions").propagate("repository");
    let jwt = world.jwt().claim("repository", "org/app");
    let domain = world.builder_with(world.fixed(&jwt)).build().unwrap();

    let plain = world.keep(domain.resource_token("githubactions").unwrap()).get().await.unwrap();
    let chosen = domain.resource_token("githubactions").unwrap().lifetime(minutes(180)).unwrap();
    let chosen = world.keep(chosen).get().await.unwrap();
    for (token, life, asked) in [(&plain, 1200, None), (&chosen, 3 * 3600, Some("10800"))] {
        assert_eq!(token.expires_at().unwrap().duration_since(world.wall()).unwrap().as_secs(), life);
        assert_eq!(token.tenancy(), Some(&*world.oci.tenancy()));
        let claims = world.oci.claims(token.secret().expose()).unwrap();
        assert_eq!((&claims["ttype"], &claims["ext_repository"]), (&"rpst".into(), &"org/app".into()));
        assert_eq!(world.call(token), 200);
        let request = &world.requests()[usize::from(asked.is_some())];
        assert_eq!(field(request, "requested_token_type").as_deref(), Some("urn:oci:token-type:oci-rpst"));
        assert_eq!(field(request, "res_type").as_deref(), Some("githubactions"));
        assert_eq!(field(request, "rpst_exp").as_deref(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_at_a_cold_start_is_one_key_and_one_exchange() {
    const CROWD: usize = 1000;
    let world = World::new();
    world.network.latency(Duration::from_millis(200));
    let session = world.session();
    let barrier = Arc::new(Barrier::new(CROWD));
    let callers: Vec<_> = (0..CROWD)
        .map(|_| {
            let (session, barrier) = (session.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                session.get().await.unwrap().secret().clone()
            })
        })
        .collect();
    let mut secrets = Vec::new();
    for caller in callers {
        secrets.push(caller.await.unwrap());
    }
    assert!(secrets.windows(2).all(|pair| pair[0].same_as(&pair[1])));
    assert_eq!((world.count(), world.domain.issued()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn many_domains_tokens_are_made_though_keys_are_made_one_at_a_time() {
    let world = World::new();
    let domain = world.builder().build().unwrap();
    let sessions: Vec<_> = (0..8).map(|_| world.keep(domain.user_token())).collect();
    for session in &sessions {
        assert_eq!(world.call(&session.get().await.unwrap()), 200);
    }
    assert_eq!(world.domain.issued(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_identity_token_that_is_too_old_for_the_domain_is_replaced_once_in_the_same_attempt() {
    // Oracle's clock is ahead by more than the token has left.
    let world = World::with_twin_ahead(Duration::from_secs(120));
    let (jwt, asked) = (world.jwt().audience(world.app.client_id()), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let source = Closure::plain(move |_| {
        let seconds = if count.fetch_add(1, Ordering::Relaxed) == 0 { 60 } else { 600 };
        Ok(jwt.clone().lifetime(Duration::from_secs(seconds)).sign())
    });
    let token = world.session_with(source).get().await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), world.count()), (2, 2));
    assert_eq!(world.call(&token), 200);
    let keys: Vec<_> = world.domain.exchanges().into_iter().map(|exchange| exchange.public_key).collect();
    assert_eq!(keys[0], keys[1], "no token was made for the key before");
}

#[tokio::test(start_paused = true)]
async fn the_same_old_identity_token_is_not_sent_twice() {
    let world = World::with_twin_ahead(Duration::from_secs(120));
    let session = world.session_with(world.fixed(&world.jwt().lifetime(Duration::from_secs(60))));
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient(), world.count()), (ErrorKind::Identity, true, 1));
    assert!(error.presented().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_exchanged_is_bound_to_nothing() {
    let world = World::new();
    // A handle as the identity, and another as the secret: as from Vault, or from another cloud.
    let identity =
        world.scheduler.keep(tokenex_core::Passthrough::new(world.identity()).audience(world.app.client_id()));
    let domain = Domain::builder(world.domain.url(), identity.clone())
        .client(world.app.client_id(), StaticText::new(world.app.secret()))
        .build()
        .unwrap();
    let token = world.keep(domain.user_token()).get().await.unwrap();
    assert!(token.bonds().is_empty());
    identity.close(minutes(1)).await;
    assert_eq!(world.call(&token), 200);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_leaves_its_key_to_the_next_one_and_each_token_has_its_own() {
    for hangs in [false, true] {
        let world = World::new();
        match hangs {
            true => world.network.fault(HOST, Fault::Hang),
            false => {
                world.trust.active(false);
            }
        }
        let session = world.session();
        session.get().await.unwrap_err();
        world.seconds(400).await;
        let failed = world.count();
        assert!(failed >= 3, "{failed} attempts");
        world.network.heal(HOST);
        world.trust.active(true);
        session.ready(minutes(2)).await.unwrap();
        let generation = session.get().await.unwrap().generation();
        session.rejected(generation).await.unwrap();

        let keys: Vec<_> = world.requests().iter().map(|request| field(request, "public_key").unwrap()).collect();
        let (last, before) = keys.split_last().unwrap();
        assert!(before.iter().all(|key| *key == before[0]), "a key was thrown away for nothing");
        assert_ne!(*last, before[0], "two tokens have one key");
    }
}

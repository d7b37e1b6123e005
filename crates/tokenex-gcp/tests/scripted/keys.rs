//! Tokens for a service account's key.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{
    Attempt, Credential, ErrorKind, Grant, Handle, Input, Outcome, Provider, Result, Secret, Source, Target,
};
use tokenex_gcp::ServiceAccountKey;
use tokenex_testkit::twins::google::ServiceAccountKey as TwinKey;

use crate::world::{OAUTH, STORAGE, World, field, minutes, reply};

const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Hands out a key with an age, as a credential does that another one was made of.
struct Aged {
    text: Secret,
    issued_at: SystemTime,
}

impl Source<Secret> for Aged {
    async fn fetch(&self, _: &Attempt) -> Result<Input<Secret>> {
        Ok(Input::new(self.text.clone()).with_issued_at(self.issued_at))
    }
}

fn source(key: &TwinKey) -> StaticText {
    StaticText::new(key.json(TOKEN_URI))
}

#[tokio::test(start_paused = true)]
async fn a_key_becomes_an_access_token_of_its_account() {
    let world = World::new();
    let key = world.account.key();
    let provider = ServiceAccountKey::new(source(&key)).scopes([STORAGE]).unwrap();
    let token = world.scheduler.keep(provider).get().await.unwrap();
    let access = world.twin.access(token.secret().expose()).unwrap();
    assert_eq!(
        (access.member.as_str(), token.scopes()),
        (world.account.member().as_str(), [STORAGE.to_owned()].as_slice())
    );
    assert_eq!(token.fingerprint(), Some(key.id()));
    let request = &world.network.requests_to(OAUTH)[0];
    assert_eq!(field(request, "grant_type").unwrap(), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(request.path(), "/token");
}

#[tokio::test(start_paused = true)]
async fn a_key_in_base64_is_as_good_as_its_text() {
    let world = World::new();
    let text = STANDARD.encode(world.account.key().json(TOKEN_URI));
    world.scheduler.keep(ServiceAccountKey::new(StaticText::new(text))).get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_young_key_that_google_does_not_know_yet_costs_a_wait_and_an_old_one_is_gone() {
    let world = World::new();
    let key = world.account.key();
    key.known_from(world.time.wall() + minutes(2));
    let issued_at = world.time.wall();
    let young = world.scheduler.keep(ServiceAccountKey::new(Aged { text: key.json(TOKEN_URI).into(), issued_at }));
    let error = young.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, true));
    assert!(error.to_string().contains("takes minutes to spread"), "{error}");
    young.ready(minutes(3)).await.unwrap();

    let old = issued_at - minutes(10);
    key.known_from(world.time.wall() + minutes(2));
    let old = world.scheduler.keep(ServiceAccountKey::new(Aged { text: key.json(TOKEN_URI).into(), issued_at: old }));
    let error = old.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient(), error.code()), (ErrorKind::Trust, false, Some("invalid_grant")));

    // Nor does anybody wait for a key of unknown age, or of an account that is gone.
    world.account.delete();
    let gone = world.scheduler.keep(ServiceAccountKey::new(source(&key)));
    assert!(!gone.get().await.unwrap_err().is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_far_off_is_corrected_after_the_first_refusal() {
    for ahead in [minutes(30), minutes(2 * 60)] {
        let world = World::with_twin_ahead(ahead);
        let token = world.scheduler.keep(ServiceAccountKey::new(source(&world.account.key())));
        if let Err(error) = token.get().await {
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Identity, true), "{error}");
        }
        token.ready(Duration::from_secs(10)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_to_google_alone() {
    let world = World::new();
    let key = world.account.key();
    let at = |uri: &str| ServiceAccountKey::new(StaticText::new(key.json(uri)));
    for uri in [
        "https://oauth2.example/token",
        "http://oauth2.googleapis.com/token",
        "https://storage.googleapis.com/x",
        "hunter22",
    ] {
        let error = world.scheduler.keep(at(uri)).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("token_uri")), "{uri}: {error}");
    }
    assert!(world.network.requests().is_empty());

    // Old keys name old addresses; a program may allow another; a test has its own.
    for host in ["accounts.google.com", "oauth.proxy.test", "127.0.0.1:9"] {
        world.answers(host, |_| {
            reply(200, &json!({"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"}))
        });
    }
    world.scheduler.keep(at("https://accounts.google.com/o/oauth2/token")).get().await.unwrap();
    world.scheduler.keep(at("http://127.0.0.1:9/token")).get().await.unwrap();
    let allowed = at(TOKEN_URI).dangerous_token_url("https://oauth.proxy.test/token").unwrap();
    world.scheduler.keep(allowed).get().await.unwrap();
    assert_eq!(world.count("oauth.proxy.test"), 1);
    assert_eq!(at(TOKEN_URI).dangerous_token_url("oauth.proxy.test").unwrap_err().code(), Some("token_url"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_key_is_refused_before_anything_is_sent() {
    let world = World::new();
    for text in ["hunter22", "{}", r#"{"type":"authorized_user","refresh_token":"hunter22"}"#] {
        let error = world.scheduler.keep(ServiceAccountKey::new(StaticText::new(text))).get().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.step()),
            (ErrorKind::Configuration, Some("key_file"), Some("key grant"))
        );
        assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
    }
    assert!(world.network.requests().is_empty());
}

/// A key with a lease, as Vault's GCP engine makes it.
struct LeasedKey(Secret);

impl Credential for LeasedKey {
    fn same_as(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

struct Engine(Vec<Secret>);

impl Provider for Engine {
    type Credential = LeasedKey;

    fn name(&self) -> &'static str {
        "engine"
    }

    fn target(&self) -> Target {
        Target::new("engine")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<LeasedKey>> {
        let next = usize::try_from(cx.number()).unwrap() - 1;
        Ok(Grant::new(LeasedKey(self.0[next % self.0.len()].clone())).lifetime(minutes(20)).into())
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_follow_the_key_that_they_were_made_with() {
    let world = World::new();
    let keys: Vec<TwinKey> = (0..2).map(|_| world.account.key()).collect();
    let texts = keys.iter().map(|key| Secret::new(key.json(TOKEN_URI))).collect();
    let key: Handle<LeasedKey> = world.scheduler.keep(Engine(texts));
    let token = world.scheduler.keep(ServiceAccountKey::new(key.map(|key: &LeasedKey| Ok(key.0.clone()))));
    let first = token.get().await.unwrap();
    let left = first.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert_eq!((left, first.fingerprint()), (minutes(20), Some(keys[0].id())), "no longer than the key");
    for _ in 0..120 {
        world.seconds(60).await;
        let (token, key) = (token.peek().unwrap(), key.peek().unwrap());
        assert!(token.expires_at() <= key.expires_at());
    }
}

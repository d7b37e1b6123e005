//! Keys of clouds that Vault makes, for as long as they are wanted, become the clouds' own tokens.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokenex_azure::{ClientSecret, Entra};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Credential, Error, ErrorKind, Handle, Keep, Result, Secret};
use tokenex_gcp::ServiceAccountKey;
use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_vault::{Vault, VaultSecret};

use crate::world::{ISSUER, SUBJECT, VAULT, World, minutes};

/// An engine of Vault that makes a key at a cloud for each lease, and deletes it there when the lease is over.
struct Engine {
    path: &'static str,
    made: Arc<Mutex<Vec<TakeBack>>>,
}

type TakeBack = Box<dyn Fn() + Send>;

impl Engine {
    /// `make` makes one key: what Vault answers, and how the key is deleted.
    fn new(world: &World, path: &'static str, make: impl Fn() -> (Value, TakeBack) + Send + Sync + 'static) -> Self {
        let role = world.vault.jwt_auth("jwt", ISSUER).role("app");
        role.audience("vault").subject(SUBJECT).ttl(minutes(60)).max_ttl(minutes(24 * 60));
        role.allow(path).allow("sys/leases/revoke");
        let made: Arc<Mutex<Vec<TakeBack>>> = Arc::default();
        let all = made.clone();
        let read = move || {
            let (data, take_back) = make();
            all.lock().unwrap().push(take_back);
            data
        };
        world.vault.path(path).on_read(read).lease(minutes(30), minutes(90));
        Self { path, made }
    }

    fn keep(&self, world: &World) -> Handle<VaultSecret> {
        let vault = Vault::builder(format!("https://{VAULT}"), "app", world.identity()).audience("vault");
        world.scheduler.keep(Keep::new(vault.build(&world.scheduler).unwrap().read(self.path)).name("key"))
    }

    /// Deletes the keys whose lease is over, and says how many were made.
    fn sweep(&self, world: &World) -> usize {
        let leases = world.vault.leases();
        let reads = world.vault.exchanges().into_iter().filter(|one| one.path == self.path);
        let issued: Vec<_> = reads.filter_map(|one| one.outcome.ok()).collect();
        let made = self.made.lock().unwrap();
        assert_eq!(issued.len(), made.len(), "a lease for each key");
        made.iter().zip(&issued).filter(|(_, lease)| !leases.contains(lease)).for_each(|(take_back, _)| take_back());
        made.len()
    }
}

/// A member of a secret of Vault.
fn member(secret: &VaultSecret, name: &str) -> Result<Secret> {
    secret.data().get(name).ok_or_else(|| Error::new(ErrorKind::Configuration, format!("the secret has no {name}")))
}

/// Reads the token each minute of eight hours. Returns how many keys it took.
async fn for_eight_hours<C: Credential>(
    world: &World,
    engine: &Engine,
    key: &Handle<VaultSecret>,
    token: &Handle<C>,
    is_good: impl Fn(&C) -> bool,
) -> usize {
    for _ in 0..8 * 60 {
        world.seconds(60).await;
        engine.sweep(world);
        let held = token.peek().unwrap_or_else(|| panic!("a gap: {}", token.status()));
        assert!(is_good(&held), "a read of a token that is over");
        assert!(held.expires_at() <= key.peek().unwrap().expires_at(), "a token beyond the end of its key");
    }
    engine.sweep(world)
}

/// With the token everything goes: key, login, lease.
async fn ends<C: Credential>(world: &World, key: Handle<VaultSecret>, token: Handle<C>) {
    drop(key);
    token.close(Duration::from_secs(5)).await;
    drop(token);
    world.seconds(60).await;
    assert!(world.kept().await.is_empty(), "{:?}", world.kept().await);
    assert!(world.vault.leases().is_empty() && world.vault.logins().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_secret_becomes_a_token_of_azure_and_each_new_one_another() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    let (client, time) = (app.clone(), world.time.clone());
    let engine = Engine::new(&world, "azure/creds/app", move || {
        let key = client.add_secret();
        key.known_from(time.wall() + minutes(1)); // it spreads
        let data = json!({"client_id": client.client_id(), "client_secret": key.value()});
        (data, Box::new(move || key.revoke()))
    });
    let key = engine.keep(&world);
    let secret = key.map(|secret| {
        let id = member(secret, "client_id")?;
        Ok(ClientSecret::new(id.expose(), member(secret, "client_secret")?))
    });
    let token = Entra::client_secret(tenant.id(), secret).build().unwrap().token("https://vault.azure.net/.default");
    let token = world.scheduler.keep(Keep::new(token.unwrap()).name("token"));

    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, true), "{error}");
    token.ready(minutes(2)).await.unwrap();
    let (keys, time) = (tenant.jwks(), world.time.clone());
    let good = |token: &tokenex_azure::AccessToken| {
        let claims = verify_with_jwks(&keys, token.secret().expose()).unwrap();
        let now = time.wall().duration_since(UNIX_EPOCH).unwrap().as_secs();
        claims["appid"] == app.client_id() && claims["exp"].as_u64().unwrap() > now
    };
    let made = for_eight_hours(&world, &engine, &key, &token, good).await;
    assert!((6..=12).contains(&made), "{made} client secrets in eight hours");
    assert_eq!(world.entra.issued(), token.get().await.unwrap().generation());
    ends(&world, key, token).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_accounts_key_becomes_a_token_of_google_and_each_new_one_another() {
    let world = World::new();
    let account = world.google.project("acme-prod", 123_456_789_012).service_account("deploy");
    let (owner, time) = (account.clone(), world.time.clone());
    let engine = Engine::new(&world, "gcp/roleset/app/key", move || {
        let key = owner.key();
        key.known_from(time.wall() + minutes(1)); // it spreads
        let file = STANDARD.encode(key.json("https://oauth2.googleapis.com/token"));
        let data = json!({"key_algorithm": "KEY_ALG_RSA_2048", "private_key_data": file});
        (data, Box::new(move || key.delete()))
    });
    let key = engine.keep(&world);
    let provider = ServiceAccountKey::new(key.map(|secret| member(secret, "private_key_data")));
    let token = world.scheduler.keep(Keep::new(provider).name("token"));

    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Trust, true), "{error}");
    token.ready(minutes(2)).await.unwrap();
    let (google, member) = (world.google.clone(), account.member());
    let good = |token: &tokenex_gcp::AccessToken| {
        google.access(token.secret().expose()).is_some_and(|access| access.member == member)
    };
    let made = for_eight_hours(&world, &engine, &key, &token, good).await;
    assert!((6..=12).contains(&made), "{made} keys in eight hours");
    assert_eq!(world.google.issued(), token.get().await.unwrap().generation());
    ends(&world, key, token).await;
}

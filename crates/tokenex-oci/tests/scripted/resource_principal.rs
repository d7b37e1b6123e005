//! Resource principals: files that the platform replaces, and the moments in between.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use tokenex_core::ErrorKind;
use tokenex_core::sources::{File, StaticText};
use tokenex_oci::ResourcePrincipal;
use tokenex_testkit::twins::oci::ResourceSession;

use crate::world::{World, minutes};

/// Two files in a folder of their own, as the platform mounts them. Gone with the value.
struct Mounted(PathBuf);

impl Mounted {
    fn new(session: &ResourceSession) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("tokenex-oci-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let mounted = Self(folder);
        mounted.put(session);
        mounted
    }

    fn token(&self) -> PathBuf {
        self.0.join("rpst")
    }

    fn key(&self) -> PathBuf {
        self.0.join("private.pem")
    }

    /// As the platform does: elsewhere first, then renamed.
    fn put(&self, session: &ResourceSession) {
        self.replace(&self.key(), &session.private_pem());
        self.replace(&self.token(), session.token());
    }

    fn replace(&self, path: &PathBuf, text: &str) {
        let new = self.0.join("new");
        fs::write(&new, format!("{text}\n")).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn provider(&self) -> ResourcePrincipal {
        ResourcePrincipal::new(File::new(self.token()), File::new(self.key()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_followed_without_an_expired_read_and_the_same_token_is_no_news() {
    let world = World::new();
    let function = world.oci.resource_principal("fnfunc");
    let mounted = Mounted::new(&function.session(minutes(15)));
    let session = world.keep(mounted.provider());
    for life in 1..=4u64 {
        // The platform writes the next one every 13 minutes, so two minutes before the end.
        for _ in 0..22 {
            world.seconds(30).await;
            let token = session.get().await.unwrap();
            assert_eq!((world.call(&token), token.generation()), (200, life));
        }
        mounted.put(&function.session(minutes(15)));
        world.seconds(60).await;
        let token = session.get().await.unwrap();
        assert_eq!((token.generation(), token.claims().subject()), (life + 1, Some(function.ocid())));
        assert_eq!(token.tenancy(), Some(&*world.oci.tenancy()));
        world.seconds(60).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_read_anew_at_once() {
    let world = World::new();
    let function = world.oci.resource_principal("fnfunc");
    let mounted = Mounted::new(&function.session(minutes(15)));
    let session = world.keep(mounted.provider());
    let first = session.get().await.unwrap();
    world.oci.revoke(first.secret().expose());
    mounted.put(&function.session(minutes(15)));
    assert_eq!(world.call(&first), 401);
    session.rejected(first.generation()).await.unwrap();
    assert_eq!(world.call(&session.get().await.unwrap()), 200);
}

#[tokio::test(start_paused = true)]
async fn texts_serve_for_the_life_of_the_token_and_then_say_why() {
    let world = World::new();
    let resource = world.oci.resource_principal("datasciencejob").session(minutes(15));
    // With both forms of key.
    for pem in [resource.private_pem(), resource.private_pkcs1_pem()] {
        let provider = ResourcePrincipal::new(StaticText::new(resource.token()), StaticText::new(pem));
        let session = world.keep(provider);
        assert_eq!(world.call(&session.get().await.unwrap()), 200);
    }
    let provider = ResourcePrincipal::new(StaticText::new(resource.token()), StaticText::new(resource.private_pem()));
    let session = world.keep(provider);
    session.get().await.unwrap();
    world.seconds(15 * 60 + 1).await;
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("expired")));
    assert!(error.to_string().contains("started anew"), "{error}");
    assert_eq!((error.provider(), error.step()), (Some("oci"), Some("resource principal")));
}

#[tokio::test(start_paused = true)]
async fn an_encrypted_key_wants_its_pass_phrase() {
    let world = World::new();
    let resource = world.oci.resource_principal("fnfunc").session(minutes(15));
    let plain = rsa::RsaPrivateKey::from_pkcs8_pem(&resource.private_pem()).unwrap();
    let encrypted = plain.to_pkcs8_encrypted_pem(&mut rsa::rand_core::OsRng, "hunter22", LineEnding::LF).unwrap();
    let provider = || ResourcePrincipal::new(StaticText::new(resource.token()), StaticText::new(encrypted.as_str()));
    let session = world.keep(provider().passphrase(StaticText::new("hunter22")));
    assert_eq!(world.call(&session.get().await.unwrap()), 200);
    for wrong in [provider(), provider().passphrase(StaticText::new("hunter23"))] {
        let error = world.keep(wrong).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("private_key")));
        assert!(error.to_string().contains("pass phrase"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

/// The public key as tokens claim it.
fn jwk(session: &ResourceSession) -> Value {
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(&session.private_pem()).unwrap();
    json!({"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(key.n().to_bytes_be())})
}

/// Two sessions whose keys differ.
fn two_keys(world: &World) -> (ResourceSession, ResourceSession) {
    let function = world.oci.resource_principal("fnfunc");
    let first = function.session(minutes(15));
    loop {
        let other = function.session(minutes(15));
        if other.private_pem() != first.private_pem() {
            return (first, other);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_beside_the_key_of_another_is_waited_for_while_both_are_replaced() {
    let world = World::new();
    let (old, new) = two_keys(&world);
    let bound = |to: &ResourceSession, as_text: bool| {
        let jwk = jwk(to);
        let jwk = if as_text { json!(jwk.to_string()) } else { jwk };
        world.upst(minutes(15)).claim("jwk", jwk).sign()
    };
    for as_text in [true, false] {
        let mounted = Mounted::new(&old);
        mounted.replace(&mounted.token(), &bound(&new, as_text));
        let session = world.keep(mounted.provider());
        let writer = async {
            world.time.clock().sleep(Duration::from_millis(120)).await;
            mounted.replace(&mounted.key(), &new.private_pem());
        };
        let (got, ()) = tokio::join!(session.get(), writer);
        assert_eq!(got.unwrap().generation(), 1);
        assert!(session.status().failing.is_none(), "it was one attempt");

        mounted.replace(&mounted.key(), &old.private_pem());
        let error = world.keep(mounted.provider()).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("key_mismatch")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_named_and_looked_for_again() {
    let world = World::new();
    let resource = world.oci.resource_principal("fnfunc").session(minutes(15));
    let mounted = Mounted::new(&resource);
    fs::remove_file(mounted.key()).unwrap();
    let session = world.keep(mounted.provider());
    let error = session.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Identity, Some("missing"), true));
    mounted.replace(&mounted.key(), "-----BEGIN PRIVATE KEY-----\nhunter22\n-----END PRIVATE KEY-----");
    let error = world.keep(mounted.provider()).get().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), (Some("private_key"), true));
    assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
    mounted.put(&resource);
    session.ready(minutes(1)).await.unwrap();

    mounted.replace(&mounted.token(), "no.token.atall");
    let error = world.keep(mounted.provider()).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
}

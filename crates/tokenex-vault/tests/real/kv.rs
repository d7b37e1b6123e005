//! Stored secrets: changed, deleted, brought back.

use serde_json::json;
use tokenex_core::{ErrorKind, Removed, State};

use crate::world::{PATIENCE, SECOND, World, eventually, put};

#[tokio::test]
async fn a_change_is_an_event_and_a_look_without_one_is_not() {
    let world = World::new().await;
    put(&world, "app", "one").await;
    let kv = world.scheduler.keep(world.vault().kv2("secret", "app").poll_interval(SECOND / 2));
    let mut listener = kv.listen();
    let first = kv.ready(PATIENCE).await.unwrap();
    assert_eq!((first.version(), first.expires_at()), (Some(1), None));
    assert_eq!(first.fingerprint(), Some("version 1"));
    assert_eq!(first.data().get("value").unwrap().expose(), "one");
    assert!(listener.next().await.unwrap().updated);

    eventually("it was looked at twice more", || async { kv.status().same_credential >= 2 }).await;
    assert_eq!(kv.status().generation, 1);
    put(&world, "app", "two").await;
    let event = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
    let second = event.credential.unwrap();
    assert_eq!((second.version(), second.generation()), (Some(2), 2));
    assert_eq!(second.data().get("value").unwrap().expose(), "two");
}

#[tokio::test]
async fn a_deleted_version_is_withdrawn_and_may_come_back() {
    let world = World::new().await;
    put(&world, "app", "one").await;
    let kv = world.scheduler.keep(world.vault().kv2("secret", "app").poll_interval(SECOND / 2));
    kv.ready(PATIENCE).await.unwrap();
    let mut listener = kv.listen();
    listener.next().await.unwrap();

    let admin = world.bao.admin();
    admin.delete("secret/data/app").await.unwrap();
    let event = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
    assert_eq!(event.removed, Some(Removed::Withdrawn));
    assert!(kv.peek().is_none() && kv.get().await.is_err());
    assert_eq!(kv.status().state, State::Withdrawn);

    admin.write("secret/undelete/app", &json!({"versions": [1]})).await.unwrap();
    eventually("it is back", || async { kv.get().await.is_ok() }).await;
    admin.delete("secret/metadata/app").await.unwrap();
    eventually("it is gone with all its versions", || async { kv.peek().is_none() }).await;
}

#[tokio::test]
async fn version_1_is_read_and_its_own_ttl_is_only_a_note() {
    let world = World::new().await;
    let admin = world.bao.admin();
    admin.mount("kv1", "kv", json!({"version": "1"})).await.unwrap();
    admin.write("kv1/app/db", &json!({"value": "one", "ttl": "1h"})).await.unwrap();
    let vault = world.vault();
    let kv = world.scheduler.keep(vault.kv1("kv1", "app/db").poll_interval(SECOND / 2));
    let raw = world.scheduler.keep(vault.read("kv1/app/db"));
    let secret = kv.ready(PATIENCE).await.unwrap();
    assert_eq!((secret.version(), secret.expires_at(), secret.lease().is_none()), (None, None, true));
    assert_eq!(raw.ready(PATIENCE).await.unwrap().expires_at(), None);

    admin.delete("kv1/app/db").await.unwrap();
    eventually("it is gone", || async { kv.peek().is_none() }).await;
}

#[tokio::test]
async fn a_secret_that_never_was_is_an_error_that_names_the_path_as_the_suspect() {
    let world = World::new().await;
    let kv = world.scheduler.keep(world.vault().kv2("secret", "typo"));
    let error = kv.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("path"), "{error}");
}

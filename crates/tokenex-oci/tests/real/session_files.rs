//! Oracle's SDK for Python reads the files that the crate wrote.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tokenex_core::Secret;
use tokenex_oci::SessionFiles;

use crate::world::{PATIENCE, REGION, SECOND, World, ask, scheduler};

async fn read(world: &World, profile: &str) -> Value {
    let question = json!({
        "config": world.folder.path("oci/config"),
        "profile": profile,
        "api": world.api_served.url(),
    });
    ask("session_files.py", &question, |script| script).await
}

#[tokio::test]
async fn a_profile_that_was_written_makes_signed_calls() {
    let world = World::new().await;
    let scheduler = scheduler();
    let session = world.session(&scheduler);
    let token = session.ready(PATIENCE).await.unwrap();
    let files = SessionFiles::at(world.folder.path("oci")).region(REGION).unwrap();
    files.write(token.credential()).await.unwrap();

    let answer = read(&world, "tokenex").await;
    let expected = json!({
        "namespace": world.oci.namespace(),
        "tenancy": world.oci.tenancy(),
        "region": REGION,
        "fingerprint_is_the_keys": true,
    });
    assert_eq!(answer, expected);
    assert_eq!(world.callers(), [world.user.ocid()]);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn each_new_token_is_written_and_works() {
    let world = World::new().await;
    let scheduler = scheduler();
    let session = world.session(&scheduler);
    let files = SessionFiles::at(world.folder.path("oci")).profile("ci").unwrap().region(REGION).unwrap();
    let first = session.ready(PATIENCE).await.unwrap();
    let keeping = tokio::spawn({
        let (files, session) = (files.clone(), session.clone());
        async move { files.keep_written(&session).await }
    });
    written(&world, first.secret()).await;
    world.oci.revoke(first.secret().expose());
    assert_eq!(read(&world, "ci").await["error"], "401 NotAuthenticated");

    session.rejected(first.generation()).await.unwrap();
    let second = session.get().await.unwrap();
    assert_ne!(first.secret().expose(), second.secret().expose());
    written(&world, second.secret()).await;
    assert_eq!(read(&world, "ci").await["namespace"], world.oci.namespace());
    scheduler.shutdown(SECOND).await;
    tokio::time::timeout(PATIENCE, keeping).await.unwrap().unwrap().unwrap();
}

/// Waits until the configuration names a file with this token; it is written after its files.
async fn written(world: &World, token: &Secret) {
    let config = world.folder.path("oci/config");
    let named = || {
        let config = fs::read_to_string(&config).ok()?;
        let mut lines = config.lines().filter_map(|line| line.split_once('='));
        let (_, path) = lines.find(|(name, _)| name.trim() == "security_token_file")?;
        fs::read_to_string(path.trim()).ok()
    };
    let wait = async {
        while named().is_none_or(|text| text != token.expose()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the token is written");
}

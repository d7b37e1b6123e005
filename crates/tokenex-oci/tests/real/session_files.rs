//! Oracle's SDK for Python reads the files that the crate wrote.

use std::time::Duration;

use serde_json::{Value, json};
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
    world.domain.longest_life(Duration::from_secs(60));
    let scheduler = scheduler();
    let session = world.session(&scheduler);
    let files = SessionFiles::at(world.folder.path("oci")).profile("ci").unwrap().region(REGION).unwrap();
    let first = session.ready(PATIENCE).await.unwrap();
    let keeping = tokio::spawn({
        let (files, session) = (files.clone(), session.clone());
        async move { files.keep_written(&session).await }
    });
    let written = async |token: &str| {
        let folder = world.folder.path("oci/sessions/ci");
        let has = |name: &std::ffi::OsStr| std::fs::read_to_string(folder.join(name)).is_ok_and(|text| text == token);
        let found = || {
            std::fs::read_dir(&folder)
                .is_ok_and(|mut found| found.any(|entry| entry.is_ok_and(|e| has(&e.file_name()))))
        };
        tokio::time::timeout(PATIENCE, async {
            while !found() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("the token is written");
    };
    written(first.secret().expose()).await;
    world.oci.revoke(first.secret().expose());
    assert_eq!(read(&world, "ci").await["error"], "401 NotAuthenticated");
    session.rejected(first.generation()).await.unwrap();
    let second = session.get().await.unwrap();
    assert_ne!(first.secret().expose(), second.secret().expose());
    written(second.secret().expose()).await;
    // The configuration follows its files.
    let answer = async {
        loop {
            let answer = read(&world, "ci").await;
            if answer["error"].is_null() {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap();
    assert_eq!(answer["namespace"], world.oci.namespace());
    scheduler.shutdown(SECOND).await;
    tokio::time::timeout(PATIENCE, keeping).await.unwrap().unwrap().unwrap();
}

//! What is started, what is not, and what is told.

use std::time::Duration;

use tokenex::core::time::TimeSource as _;
use tokenex::core::{ErrorKind, State};
use tokenex_testkit::transport::Fault;

use super::world::{World, config, minutes, ready};
use crate::catalog::{Catalog, rehearse};
use crate::config::report;

const TOKENS: &str = r#"
    [credential.b]
    provider = "passthrough"
    identity = "job"
    audience = "one"

    [credential.a]
    provider = "passthrough"
    identity = "job"
    audience = "two"
"#;

#[tokio::test(start_paused = true)]
async fn only_what_is_asked_for_is_started_and_in_the_files_order() {
    let world = World::new();
    let catalog = world.open_some(TOKENS, &["a"]).await;
    ready(&catalog, "a").await;
    assert_eq!(catalog.scheduler().status().await.len(), 1);
    assert!(catalog.get("b").is_none());
    let catalog = world.open_some(TOKENS, &["a", "b", "a"]).await;
    assert_eq!(catalog.iter().map(|managed| managed.name()).collect::<Vec<_>>(), ["b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_refused_with_the_nearest() {
    let world = World::new();
    let file = "[credential.database]\nprovider = \"passthrough\"\nidentity = \"job\"";
    for (name, help) in [("databse", "did you mean `database`?"), ("zzz", "it has: database")] {
        let opened = Catalog::open_in(&config(file), &[name.to_owned()], world.surroundings()).await;
        let failure = opened.unwrap_err().to_string();
        assert!(failure.contains(&format!("no credential {name:?}")) && failure.contains(help), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_without_the_type() {
    let world = World::new();
    let catalog = world.open_some(TOKENS, &["a"]).await;
    let managed = catalog.get("a").unwrap();
    let mut changes = managed.listen();
    let first = changes.next().await.unwrap();
    let held = first.credential.unwrap();
    assert!(first.updated && !first.renewed && first.failing.is_none() && held.generation == 1);
    assert_eq!(first.at, world.time.wall());
    assert!(held.refresh_at.unwrap() < held.expires_at.unwrap() && held.fingerprint.is_some());

    world.network.fault("issuer.test", Fault::Unreachable);
    let failing = changes.next().await.unwrap();
    let why = failing.failing.unwrap();
    assert_eq!(why.last.kind(), ErrorKind::Unavailable);
    assert!(why.next_attempt_at.is_some() && !failing.updated && failing.credential.is_some());
    assert_eq!(managed.status().state, State::Degraded);

    world.network.heal("issuer.test");
    let recovered = loop {
        let change = changes.next().await.unwrap();
        if change.recovered {
            break change;
        }
    };
    assert!(recovered.updated && recovered.previous_until.is_some());
    assert_eq!(recovered.credential.unwrap().generation, 2);

    let report = catalog.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.closed, 1);
    let mut last = None;
    while let Some(change) = changes.next().await {
        last = Some(change);
    }
    assert!(last.unwrap().credential.is_none(), "the end is told");
}

#[tokio::test(start_paused = true)]
async fn a_longer_life_can_be_asked_for() {
    let world = World::new();
    let catalog = world.open_some(TOKENS, &["a"]).await;
    let managed = catalog.get("a").unwrap();
    let held = managed.valid_for(minutes(60), minutes(1)).await.unwrap();
    assert_eq!(held.generation, 1);
    let error = managed.valid_for(minutes(600), minutes(1)).await.unwrap_err();
    assert_eq!(error.code(), Some("lifetime_too_short"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_the_file_is_that_of_the_scheduler() {
    let world = World::new();
    world.network.fault("issuer.test", Fault::Unreachable);
    let catalog = world
        .open_some(
            &format!("{TOKENS}\n[policy]\nterminal_is_final = true\nbackoff_base = \"5m\"\nbackoff_max = \"5m\""),
            &["a"],
        )
        .await;
    let managed = catalog.get("a").unwrap();
    assert!(managed.get().await.is_err());
    world.network.heal("issuer.test");
    // The first wait is a random part of five minutes, where the default would be a part of a second.
    world.seconds(2).await;
    assert!(managed.current().is_none(), "{}", managed.status());
    assert!(managed.ready(minutes(6)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_finds_what_the_library_refuses_and_sends_nothing() {
    let world = World::new();
    let file = config(
        r#"
        [credential.good]
        provider = "passthrough"
        identity = "job"

        [credential.azure]
        provider = "azure"
        identity = "job"
        tenant_id = "contoso.example/x"
        client_id = "99999999-8888-7777-6666-555555555555"
        scope = "https://graph.microsoft.com/.default"

        [credential.aws]
        provider = "aws"
        identity = "job"
        role_arn = "arn:aws:iam::123456789012:user/deploy"
        region = "eu-central-1"

        [credential.long]
        provider = "aws"
        identity = "job"
        role_arn = "arn:aws:iam::123456789012:role/deploy"
        region = "eu-central-1"
        duration = "13h"

        [credential.gcp]
        provider = "gcp"
        identity = "job"
        audience = "somewhere"

        [credential.vault]
        provider = "vault"
        identity = "job"
        address = "https://vault.test:8200/v1"
        role = "app"
        path = "secret/data/app"
        mount = "../jwt"
        "#,
    );
    let problems = rehearse(&file);
    let report = report(&problems, &file.text, false);
    for key in ["tenant_id", "role_arn", "duration", "audience"] {
        assert!(report.lines().any(|line| line.contains(&format!("|         {key} = "))), "{key}: {report}");
    }
    assert_eq!(problems.len(), 5, "{report}");
    assert!(world.network.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_library_refuses_is_told_with_its_line_when_it_is_opened() {
    let world = World::new();
    let file = config(
        "[credential.aws]\nprovider = \"aws\"\nidentity = \"job\"\nregion = \"eu-central-1\"\nrole_arn = \"nonsense\"",
    );
    let failure = Catalog::open_in(&file, &[], world.surroundings()).await.unwrap_err().to_string();
    assert!(failure.contains("aws") && failure.contains("ARN") && failure.contains("see line 12 of"), "{failure}");
}

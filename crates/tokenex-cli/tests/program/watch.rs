//! `tokenex watch`.

use serde_json::{Value, json};

use crate::program::Running;
use crate::terminal::Terminal;
use crate::world::{SECOND, World, eventually};

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Waits for this event of this credential.
async fn event(running: &mut Running, name: &str, event: &str) -> Value {
    parse(&running.line_with(&format!("\"name\":\"{name}\",\"event\":\"{event}\"")).await)
}

#[tokio::test]
async fn each_event_is_an_object_a_line_and_the_end_takes_everything_back() {
    let world = World::new().await;
    world.database_role.ttl(3 * SECOND).max_ttl(6 * SECOND);
    let mut watch = world.tokenex(&["watch", "db", "--format", "jsonl", "--reveal"]).start();
    let first = event(&mut watch, "db", "updated").await;
    let credential = &first["credential"];
    let (user, password) = (credential["username"].as_str().unwrap(), credential["password"].as_str().unwrap());
    assert!(world.database.accepts(user, password));
    let renewed = event(&mut watch, "db", "updated").await;
    assert_eq!(renewed["generation"], 1, "a renewal extends the same generation");
    let next = loop {
        let next = event(&mut watch, "db", "updated").await;
        if next["generation"] != json!(1) {
            break next;
        }
    };
    assert!(next["previous_until"].is_string() && next["credential"]["username"] != credential["username"], "{next}");

    watch.signal("INT");
    let end = watch.end().await.expect(0).says("accepted");
    let last = parse(end.stdout.lines().last().unwrap());
    assert_eq!((&last["event"], &last["credential"]), (&json!("removed"), &Value::Null));
    assert_eq!((world.users(), world.vault.logins().len()), (Vec::new(), 0));
}

#[tokio::test]
async fn secrets_are_shown_only_when_that_is_asked_for() {
    let world = World::new().await;
    let mut watch = world.tokenex(&["watch", "db", "deploy", "--format", "jsonl"]).start();
    let lines = [watch.line_with("\"updated\"").await, watch.line_with("\"updated\"").await].map(|line| parse(&line));
    for line in &lines {
        assert!(line.get("credential").is_none() && line["fingerprint"].is_string(), "{line}");
    }
    assert_ne!(lines[0]["name"], lines[1]["name"]);
    watch.signal("TERM");
    let end = watch.end().await.expect(0);
    // The lease and its login; keys of AWS cannot be taken back.
    end.says("2 revocations accepted").says("\"deploy\" lives until").says("cannot be revoked from here");
    world.tokenex(&["watch", "--reveal"]).run().await.expect(2).says("--format jsonl");
}

#[tokio::test]
async fn it_ends_by_itself_after_the_time_given_with_all_credentials_of_the_file() {
    let world = World::new().await;
    let end = world.tokenex(&["watch", "--for", "4s", "--format", "jsonl"]).run().await.expect(0);
    for name in ["db", "kv", "deploy", "pool", "robot", "jwt"] {
        assert!(end.stdout.contains(&format!("\"name\":\"{name}\",\"event\":\"updated\"")), "{name}: {}", end.stdout);
    }
    world.tokenex(&["watch", "--for", "0s"]).run().await.expect(2).says("no time at all");
    world.tokenex(&["watch", "--for", "soon"]).run().await.expect(2).says("90s");
    world.tokenex(&["watch", "dp"]).run().await.expect(2).says("it has: db");
}

#[tokio::test]
async fn elsewhere_than_on_a_terminal_the_table_is_a_line_for_each_event() {
    let world = World::new().await;
    let mut watch = world.tokenex(&["watch", "db"]).start();
    let line = watch.line_with("updated: generation 1").await;
    assert!(line.contains("db") && line.contains("valid until"), "{line}");
    watch.signal("INT");
    watch.end().await.expect(0);
    assert_eq!(world.users(), Vec::<String>::new());
}

#[tokio::test]
async fn an_outage_is_told_survived_and_its_end_told_too() {
    let world = World::new().await;
    world.database_role.ttl(4 * SECOND).max_ttl(600 * SECOND);
    let mut watch = world.tokenex(&["watch", "db", "--format", "jsonl"]).start();
    event(&mut watch, "db", "updated").await;
    world.vault.seal();
    let failing = event(&mut watch, "db", "failing").await;
    assert_eq!(failing["error"]["kind"], "unavailable", "{failing}");
    assert!(failing["error"]["message"].as_str().unwrap().contains("sealed"), "{failing}");
    assert!(failing["error"].as_object().unwrap().contains_key("retry_at") && failing["expires_at"].is_string());
    world.vault.unseal();
    event(&mut watch, "db", "updated").await;
    watch.signal("TERM");
    watch.end().await.expect(0);
}

#[tokio::test]
async fn it_ends_with_the_exit_code_of_what_it_ended_with() {
    let world = World::new().await;
    world.present("repo:acme/other");
    let mut watch = world.tokenex(&["watch", "deploy", "--format", "jsonl"]).start();
    let failing = event(&mut watch, "deploy", "failing").await;
    assert_eq!((&failing["error"]["kind"], &failing["generation"]), (&json!("trust"), &Value::Null));
    assert!(failing["error"]["request_id"].is_string(), "{failing}");
    watch.signal("INT");
    let end = watch.end().await.expect(4).says("repo:acme/other");
    assert_eq!(end.stdout, "", "the end is no failed attempt");
    assert!(!end.stderr.contains("next attempt"), "{end:?}");
}

#[tokio::test]
async fn everything_that_fails_at_the_end_is_told_and_the_worst_decides() {
    let world = World::new().await;
    world.vault.seal();
    std::fs::remove_file(world.folder.path("aws.jwt")).unwrap();
    let mut watch = world.tokenex(&["watch", "db", "deploy", "jwt", "--format", "jsonl"]).start();
    let mut missing = vec![("db", "failing"), ("deploy", "failing"), ("jwt", "updated")];
    while !missing.is_empty() {
        let line = parse(&watch.line_with("\"name\"").await);
        missing.retain(|(name, event)| line["name"] != *name || line["event"] != *event);
    }
    watch.signal("INT");
    let end = watch.end().await.expect(3).says("db: ").says("sealed").says("deploy: ").says("aws.jwt");
    assert!(end.stderr.trim_end().lines().last().unwrap().contains("aws.jwt"), "the worst is the last word: {end:?}");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_and_everything_is_taken_back() {
    let world = World::new().await;
    // Nothing is to be printed for longer than anybody waits.
    world.database_role.ttl(3600 * SECOND).max_ttl(3600 * SECOND);
    world.login.ttl(3600 * SECOND).max_ttl(3600 * SECOND);
    let mut watch = world.tokenex(&["watch", "db", "--format", "jsonl"]).start();
    event(&mut watch, "db", "updated").await;
    watch.close_stdout();
    let end = watch.end().await.expect(0);
    assert!(!end.stderr.contains("fault"), "{end:?}");
    eventually("the user is gone", || world.users().is_empty()).await;
}

#[tokio::test]
async fn on_a_terminal_it_is_one_table_and_ctrl_c_says_what_became_of_everything() {
    let world = World::new().await;
    world.database_role.ttl(4 * SECOND).max_ttl(600 * SECOND);
    let file = world.folder.path("tokenex.toml");
    let mut terminal = Terminal::start(["-c", file.to_str().unwrap(), "watch", "db", "deploy"], (24, 100), &[]);
    for part in ["db", "deploy", "renewed"] {
        terminal.shows(part).await;
    }
    assert_eq!(terminal.contents().matches("deploy").count(), 1, "{}", terminal.contents());
    terminal.types("\x03").await;
    let left = terminal.end().await.expect(0);
    assert_eq!((left.count("revocations accepted"), left.count("\"deploy\" lives until")), (1, 1), "{:#?}", left.rows);
    assert_eq!(world.users(), Vec::<String>::new());
}

//! `--listen`: what a running `watch` or `exec` tells whoever asks.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokenex_testkit::twins::{Fault, RetryAfter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::program::{PATIENCE, Running, tokenex};
use crate::world::{SECOND, World};

/// What came back: status, headers and body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Asks by hand, so that nothing of a client's habits is in the way; `None` when it was hung up on.
async fn ask(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("it answers or hangs up");
    if let Err(error) = read {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n")).await.expect("an answer")
}

/// Asks until the answer has this status.
async fn until(address: SocketAddr, path: &str, status: u16) -> Answer {
    let asking = async {
        loop {
            let answer = get(address, path).await;
            if answer.status == status {
                return answer;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{path} is never {status}"))
}

/// A `watch` that listens on a free port, and its address.
async fn watch(world: &World, names: &[&str]) -> (Running, SocketAddr) {
    let arguments = [&["watch", "--format", "jsonl", "--listen", "127.0.0.1:0"], names].concat();
    let mut running = world.tokenex(&arguments).start();
    let line = running.error_line_with("tokenex: listening on http://").await;
    let address = line.rsplit('/').next().unwrap().parse().unwrap();
    (running, address)
}

#[tokio::test]
async fn ready_is_when_all_are_there_and_degraded_is_ready_and_ended_is_not() {
    let world = World::new().await;
    // From the first request on: nothing can be had yet.
    world.vault.seal();
    world.database_role.ttl(6 * SECOND).max_ttl(6 * SECOND);
    let (running, address) = watch(&world, &["db", "deploy"]).await;

    let alive = until(address, "/livez", 200).await;
    assert_eq!(alive.body, "alive\n");
    let not_ready = until(address, "/readyz", 503).await.json();
    assert_eq!((&not_ready["ready"], &not_ready["not_ready"][0]), (&false.into(), &"db".into()), "{not_ready}");

    world.vault.unseal();
    let ready = until(address, "/readyz", 200).await.json();
    assert_eq!((&ready["ready"], ready["credentials"].as_array().unwrap().len()), (&true.into(), 2), "{ready}");

    // Every attempt fails from here on: degraded while the user lives, not ready afterwards.
    world.vault.seal();
    let mut states = Vec::new();
    let states_of = |answer: &Answer| answer.json()["credentials"][0]["state"].as_str().unwrap_or_default().to_owned();
    let watching = async {
        loop {
            let answer = get(address, "/readyz").await;
            let state = states_of(&answer);
            assert_eq!(answer.status, if state == "failing" { 503 } else { 200 }, "{}", answer.body);
            if states.last() != Some(&state) {
                states.push(state);
            }
            if answer.status == 503 {
                return answer.json();
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let gone = timeout(PATIENCE, watching).await.expect("it ends when its life does");
    assert_eq!(gone["not_ready"], serde_json::json!(["db"]));
    assert_eq!(states, ["ready", "degraded", "failing"]);
    assert_eq!(get(address, "/livez").await.status, 200, "a credential that is not there is no reason to start again");

    world.vault.unseal();
    until(address, "/readyz", 200).await;
    running.signal("TERM");
    running.end().await.expect(0);
}

#[tokio::test]
async fn metrics_are_told_in_the_form_of_prometheus_and_hold_no_secret() {
    let world = World::new().await;
    world.sts.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    let (running, address) = watch(&world, &["db", "deploy"]).await;
    until(address, "/readyz", 200).await;
    let answer = get(address, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{}", answer.head);
    for part in [
        "# TYPE tokenex_credential_expires_at_seconds gauge",
        "# TYPE tokenex_attempts_total counter",
        "# TYPE tokenex_attempt_duration_seconds histogram",
        "tokenex_credential_last_success_seconds{name=\"db\",provider=\"vault\"}",
        "tokenex_credential_consecutive_failures{name=\"deploy\",provider=\"aws\"} 0",
    ] {
        assert!(answer.body.contains(part), "no {part:?}: {}", answer.body);
    }
    let counted = |outcome: &str, value: &str| {
        let mut lines = answer.body.lines().filter(|line| line.starts_with("tokenex_attempts_total{"));
        lines.any(|line| {
            line.contains("name=\"deploy\"")
                && line.contains(&format!("outcome=\"{outcome}\""))
                && line.ends_with(value)
        })
    };
    assert!(counted("failed", " 1") && counted("issued", " 1"), "{}", answer.body);
    for secret in ["eyJ", "hvs.", "ASIA", "IQoJb3JpZ2lu"] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
    }
    running.signal("INT");
    running.end().await.expect(0);
}

#[tokio::test]
async fn a_command_runs_behind_the_same_door() {
    let world = World::new().await;
    let arguments = ["exec", "--listen", "127.0.0.1:0", "--env", "USER=db.username", "--", "sh", "-c", "read line"];
    let mut running = world.tokenex(&arguments).open_stdin().start();
    let line = running.error_line_with("tokenex: listening on http://").await;
    let address: SocketAddr = line.rsplit('/').next().unwrap().parse().unwrap();
    until(address, "/readyz", 200).await;
    assert!(get(address, "/metrics").await.body.contains("name=\"db\""));
    drop(running.stdin());
    running.end().await.expect(1);
    assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
}

#[tokio::test]
async fn whoever_asks_wrongly_slowly_or_too_often_is_turned_away_and_others_are_not() {
    let world = World::new().await;
    let (running, address) = watch(&world, &["db"]).await;
    until(address, "/readyz", 200).await;

    let head = ask(address, &format!("HEAD /metrics HTTP/1.1\r\nhost: {address}\r\n\r\n")).await.unwrap();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let post = ask(address, "POST /readyz HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await.unwrap();
    assert_eq!(post.status, 405);
    assert!(post.head.contains("allow: get, head"), "{}", post.head);
    assert_eq!(get(address, "/").await.status, 404);
    // Not HTTP at all, and headers without an end: hung up on, or told so.
    assert!(ask(address, "\x16\x03\x01\r\n\r\n").await.is_none_or(|answer| answer.status == 400));
    let huge = format!("GET /livez HTTP/1.1\r\nx-padding: {}", "x".repeat(100_000));
    assert!(ask_in_vain(address, &huge).await.is_none_or(|answer| answer.status == 431));

    // More connections than there are places, which say nothing: they are hung up on, and then it is our turn.
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(timeout(PATIENCE, get(address, "/livez")).await.expect("a place gets free").status, 200);
    running.signal("TERM");
    running.end().await.expect(0);
}

/// As [`ask`], of a server that may hang up before everything is written.
async fn ask_in_vain(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("it hangs up");
    let text = String::from_utf8_lossy(&text);
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: String::new(), body: String::new() })
}

#[tokio::test]
async fn a_port_that_is_taken_or_that_others_reach_is_refused_before_anything_is_asked_for() {
    let world = World::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let end = world.tokenex(&["watch", "--listen", &address]).run().await.expect(2);
    assert!(end.stderr.contains(&format!("--listen {address}: ")) && end.stderr.contains("port 0"), "{end:?}");
    let end = world.tokenex(&["watch", "--listen", "0.0.0.0:0"]).run().await.expect(2);
    end.says("other machines reach this address").says("--dangerous-listen-anywhere");
    tokenex(["watch", "--listen", "9090"]).run().await.expect(2).says("--listen");
    tokenex(["watch", "--dangerous-listen-anywhere"]).run().await.expect(2).says("--listen");
    assert!(world.vault.exchanges().is_empty() && world.sts.exchanges().is_empty());

    let mut running = world
        .tokenex(&["watch", "kv", "--format", "jsonl", "--listen", "0.0.0.0:0", "--dangerous-listen-anywhere"])
        .start();
    running.error_line_with("tokenex: listening on http://0.0.0.0:").await;
    running.signal("TERM");
    running.end().await;
}

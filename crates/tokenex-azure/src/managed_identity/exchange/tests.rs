//! Arc's two requests, with keys in a folder of the test's own.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex_core::{Clock, ErrorKind};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::transport::{Fault, InMemory};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{EntraTwin, PlatformTwin};

use super::super::scratch::Scratch;
use super::super::variables::variables;
use super::*;

const HOST: &str = "127.0.0.1:40342";

/// An agent that wants the contents of a file in its folder, and makes a new file for each challenge, as the real one does.
struct Agent {
    network: InMemory,
    folder: Scratch,
    exchange: Exchange,
}

impl Agent {
    fn new(token: &str, key: &str) -> Self {
        let agent = Self {
            network: InMemory::new(),
            folder: Scratch::new(),
            exchange: Exchange::new(Platform::Arc, None, variables(&[])).unwrap(),
        };
        let (token, key) = (token.to_owned(), key.to_owned());
        let folder = agent.folder.path("");
        let awaited = Arc::new(Mutex::new((0, String::new())));
        agent.on(move |request| {
            let mut awaited = awaited.lock().unwrap();
            let shown = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            if shown.is_some_and(|shown| shown == format!("Basic {}", awaited.1)) {
                return reply(200, &format!(r#"{{"access_token":"{token}","expires_in":"3600"}}"#), None);
            }
            let number = awaited.0 + 1;
            *awaited = (number, format!("{key}{number}"));
            let file = folder.join(format!("{number}.key"));
            fs::write(&file, &awaited.1).unwrap();
            reply(401, "", Some(&file.display().to_string()))
        });
        let folder = agent.folder.path("");
        Self { exchange: Exchange { key_folder: Some(folder), ..agent.exchange }, ..agent }
    }

    fn on(&self, answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) {
        let answer = Arc::new(answer);
        self.network.route(HOST, move |request| {
            let answer = answer.clone();
            async move { answer(request) }
        });
    }

    async fn ask(&self) -> Result<String> {
        let cx = Attempt::detached(Clock::system(), self.network.transport(), Duration::from_secs(30));
        self.exchange.ask("https://vault.azure.net", &cx).await.map(|(answer, _)| answer.token().expose().to_owned())
    }
}

fn reply(status: u16, body: &str, realm: Option<&str>) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    if let Some(realm) = realm {
        response = response.header("www-authenticate", format!("Basic realm={realm}"));
    }
    response.body(Bytes::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn the_agents_challenge_is_met_with_the_contents_of_its_file() {
    let agent = Agent::new("the token", "key");
    for asked in 1..=3 {
        assert_eq!(agent.ask().await.unwrap(), "the token");
        assert_eq!(agent.network.count(HOST), 2 * asked, "one question, and one answer to its challenge");
    }
    let requests = agent.network.requests();
    assert_eq!(requests[1].header("authorization"), "Basic key1");
    assert!(requests[1].headers()["authorization"].is_sensitive());
    assert!(requests.iter().all(|request| request.header("metadata") == "true"));
}

#[tokio::test]
async fn the_twin_of_the_agent_is_content_with_the_key_and_with_nothing_else() {
    let agent = Agent::new("t", "key");
    let (entra, file) = (EntraTwin::new(), agent.folder.path("twin.key"));
    let twin = PlatformTwin::arc(&entra, &file);
    twin.assign(&entra.tenant("contoso.example").system_assigned_identity("machine"));
    twin.route(&agent.network, HOST);
    fs::write(&file, twin.secret()).unwrap();
    agent.ask().await.unwrap();
    assert_eq!((twin.asked().len(), agent.network.count(HOST)), (1, 2));
    twin.rotate_secret();
    let error = agent.ask().await.unwrap_err();
    assert_eq!((error.kind(), agent.network.count(HOST)), (ErrorKind::Denied, 4), "{error}");
}

#[tokio::test]
async fn an_agent_that_is_never_content_is_asked_twice_and_no_more() {
    let agent = Agent::new("t", "key");
    let file = agent.folder.path("a.key");
    fs::write(&file, "key").unwrap();
    agent.on(move |_| reply(401, "", Some(&file.display().to_string())));
    let error = agent.ask().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient(), agent.network.count(HOST)),
        (ErrorKind::Denied, true, 2),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_not_the_agents_is_never_sent() {
    let agent = Agent::new("t", "key");
    let elsewhere = Scratch::new();
    fs::write(elsewhere.path("id.key"), "hunter22").unwrap();
    let folder = agent.folder.path("");
    fs::write(folder.join("long.key"), "hunter22".repeat(513)).unwrap();
    fs::write(folder.join("a.pem"), "hunter22").unwrap();
    for named in [elsewhere.path("id.key"), folder.join("long.key"), folder.join("a.pem"), "/etc/passwd".into()] {
        let before = agent.network.count(HOST);
        let realm = named.display().to_string();
        agent.on(move |_| reply(401, "", Some(&realm)));
        let error = agent.ask().await.unwrap_err();
        assert_eq!((error.code(), error.is_transient()), (Some("challenge_file"), false), "{error}");
        assert_eq!(agent.network.count(HOST), before + 1, "nothing was sent after {}", named.display());
        assert!(!format!("{error:?}").contains("hunter22"));
    }
    let sent = agent.network.requests();
    assert!(sent.iter().all(|request| !request.headers().contains_key("authorization")));
}

#[tokio::test]
async fn an_agent_without_a_challenge_is_taken_at_its_word_and_its_refusal_too() {
    let agent = Agent::new("t", "key");
    agent.on(|_| reply(200, r#"{"access_token":"at once","expires_in":60}"#, None));
    assert_eq!(agent.ask().await.unwrap(), "at once");
    agent.on(|_| reply(401, "", None));
    assert_eq!(agent.ask().await.unwrap_err().code(), Some("challenge"));
    agent.on(|_| reply(500, "", None));
    assert_eq!(agent.ask().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_agent_that_does_not_run_is_named() {
    let agent = Agent::new("t", "key");
    agent.network.fault(HOST, Fault::Unreachable);
    let error = agent.ask().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Unavailable, Some("managed identity (Azure Arc)")));
    assert!(error.to_string().contains("azcmagent show"), "{error}");
}

#[tokio::test]
async fn neither_key_nor_token_shows_anywhere() {
    let canary = Canary::new();
    let recording = canary.record();
    let (token, key) = (canary.secret("access token"), canary.secret("key file"));
    let agent = Agent::new(&token, &key);
    assert_eq!(agent.ask().await.unwrap(), *token);
    // An agent that repeats what it was sent.
    let file = agent.folder.path("a.key");
    fs::write(&file, &*key).unwrap();
    agent.on(move |request| match request.headers().get("authorization") {
        None => reply(401, "", Some(&file.display().to_string())),
        Some(shown) => {
            let text = format!("bad {}", shown.to_str().unwrap());
            reply(400, &serde_json::json!({"error": "invalid_request", "error_description": text}).to_string(), None)
        }
    });
    let error = agent.ask().await.unwrap_err();
    assert!(error.said().is_some_and(|said| said.contains("bad Basic ***")), "{error}");
    canary.search_error("a refusal", &error);
    drop(recording);
    canary.assert_clean();
}

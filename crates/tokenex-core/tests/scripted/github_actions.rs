//! The token service of an Actions job, before its twin.

use std::time::Duration;

use tokenex_core::sources::GitHubActions;
use tokenex_core::{Attempt, ErrorKind, Passthrough, Result, Scheduler, TokenRequest, TokenSource as _};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::transport::{self, InMemory};
use tokenex_testkit::twins::github::Job;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

const HOST: &str = "pipelines.test";

/// A job, its way to the service, and the clock of both.
struct World {
    job: Job,
    network: InMemory,
    time: TestClock,
}

impl World {
    fn new() -> Self {
        let time = TestClock::new();
        let clock = time.clock();
        let job = Job::with_clock("octo-org", "octo-repo", move || clock.wall());
        let network = InMemory::new();
        job.route(&network, HOST);
        Self { job, network, time }
    }

    fn source(&self) -> GitHubActions {
        GitHubActions::new(&self.job.request_url(&format!("https://{HOST}")), self.job.request_token()).unwrap()
    }

    /// One attempt at a token for this audience.
    async fn ask(&self, audience: Option<&str>) -> Result<String> {
        let cx = Attempt::detached(self.time.clock(), self.network.transport(), Duration::from_secs(30));
        let mut request = TokenRequest::new(&cx);
        if let Some(audience) = audience {
            request = request.audience(audience);
        }
        self.source().token(&request).await.map(|input| input.value().secret().expose().to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_for_any_audience_can_be_had_and_each_is_new() {
    let world = World::new();
    let mut ids = Vec::new();
    for (asked, audience) in [
        (Some("https://vault.test"), "https://vault.test"),
        (Some("api://x y&z=%?#"), "api://x y&z=%?#"),
        (Some("api://x y&z=%?#"), "api://x y&z=%?#"),
        (None, "https://github.com/octo-org"),
    ] {
        let claims = world.job.issuer().verify(&world.ask(asked).await.unwrap()).unwrap();
        assert_eq!(claims["aud"], audience);
        ids.push(claims["jti"].as_str().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let queries: Vec<_> = world.network.requests().iter().map(|request| request.query().to_owned()).collect();
    assert_eq!(queries[0], "api-version=2.0&audience=https%3A%2F%2Fvault.test");
    assert_eq!(queries[3], "api-version=2.0");
}

/// Forgejo's address has another query, and an address without any is no reason to fail.
#[tokio::test(start_paused = true)]
async fn the_audience_joins_whatever_query_there_is() {
    let world = World::new();
    for (address, query) in [
        ("https://forgejo.test/idtoken?placeholder=true", "placeholder=true&audience=vault"),
        ("https://forgejo.test/idtoken", "audience=vault"),
    ] {
        let source = GitHubActions::new(address, "t").unwrap();
        let cx = Attempt::detached(world.time.clock(), world.network.transport(), Duration::from_secs(30));
        source.token(&TokenRequest::new(&cx).audience("vault")).await.unwrap_err();
        assert_eq!(world.network.requests().last().unwrap().query(), query);
    }
}

#[tokio::test(start_paused = true)]
async fn hiccups_are_transient_and_their_wish_is_kept() {
    let world = World::new();
    for status in [500, 502, 503, 504] {
        world.job.fault(1, Fault::OutOfOrder(status, RetryAfter::Seconds(7)));
        let error = world.ask(Some("vault")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    }
    world.job.fault(1, Fault::Throttled(RetryAfter::Absent));
    assert_eq!(world.ask(Some("vault")).await.unwrap_err().kind(), ErrorKind::Throttled);
    world.network.fault(HOST, transport::Fault::Cut);
    let error = world.ask(Some("vault")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    for fault in [Fault::Html(200), Fault::Empty(200), Fault::HalfBody] {
        world.network.heal(HOST);
        world.job.fault(1, fault);
        let error = world.ask(Some("vault")).await.unwrap_err();
        assert!(error.is_transient() && error.kind() == ErrorKind::Identity, "{error}");
    }
    world.ask(Some("vault")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refusal_needs_a_person_and_says_what_to_look_at() {
    let world = World::new();
    world.job.end();
    let error = world.ask(Some("vault")).await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Identity, Some("refused"), false));
    let text = error.to_string();
    assert!(text.contains("Actions job at pipelines.test") && text.contains("id-token: write"), "{text}");
    assert_eq!(error.status().unwrap(), 401);
}

/// A job of six hours, in which the service has a bad quarter of an hour.
#[tokio::test(start_paused = true)]
async fn a_token_is_at_hand_throughout_the_job() {
    let world = World::new();
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
        .clock(world.time.clock())
        .transport(world.network.clone())
        .seed(7)
        .start();
    let handle = scheduler.keep(Passthrough::new(world.source()).audience("vault"));
    handle.ready(Duration::from_secs(60)).await.unwrap();
    let mut missed = Vec::new();
    for minute in 0..360 {
        match minute {
            // Every other request, for a while: what the service is known for.
            100..115 => world.job.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent)),
            _ => world.job.heal(),
        }
        world.time.advance(Duration::from_secs(60)).await;
        match handle.get().await {
            Ok(held) => assert_eq!(held.claims().audiences(), ["vault"]),
            Err(error) => missed.push((minute, error.to_string())),
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
    let issued = world.job.issued();
    assert!((100..150).contains(&issued), "{issued} tokens of five minutes in six hours");
}

#[tokio::test(start_paused = true)]
async fn the_request_token_is_nowhere_to_be_seen() {
    let canary = Canary::new();
    let recording = canary.record();
    let world = World::new();
    canary.watch("the request token", world.job.request_token());
    let token = world.ask(Some("vault")).await.unwrap();
    canary.watch("the identity token", &token);
    world.job.end();
    let error = world.ask(Some("vault")).await.unwrap_err();
    canary.search_debug("the source", &world.source());
    canary.search_debug("the error", &error);
    canary.search("the error in words", error.to_string());
    let requests = world.network.requests();
    for request in &requests {
        canary.search("the address", format!("{} {}", request.path(), request.query()));
    }
    drop(recording);
    canary.assert_clean();
    assert_eq!(requests.len(), 2);
}

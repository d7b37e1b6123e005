//! Answers that are not what the API promises, and what every request carries.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::StaticText;
use tokenex_core::{ErrorKind, Policy, Scheduler};
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};
use tokenex_testkit::web::{Reply, WebServer};
use tokenex_vault::Vault;

use crate::world::{CREDS, LOGIN, World, login, refuse, reply, user, with_headers};

#[tokio::test(start_paused = true)]
async fn every_request_says_that_it_is_one_and_hides_its_token_from_logs() {
    let world = World::new();
    let vault = world.builder().namespace("team/a").build(&world.scheduler).unwrap();
    world.scheduler.keep(vault.database("app")).get().await.unwrap();
    for request in world.network.requests() {
        assert_eq!((request.header("x-vault-request"), request.header("x-vault-namespace")), ("true", "team/a"));
    }
    let read = &world.asked(CREDS)[0];
    assert!(read.headers()["x-vault-token"].is_sensitive());
    assert!(world.asked(LOGIN)[0].headers().get("x-vault-token").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_login_at_a_node_that_lags_is_told_what_to_wait_for() {
    let world = World::new();
    let twin = world.twin.clone();
    world.on(LOGIN, move |login| with_headers(twin.answer(login), &[("x-vault-index", "aW5kZXg=")]));
    let (mut lags, twin) = (1, world.twin.clone());
    world.on(CREDS, move |read| {
        lags -= 1;
        if lags == 0 { refuse(412, "required index state not present") } else { twin.answer(read) }
    });
    let db = world.scheduler.keep(world.vault().database("app"));
    assert!(db.get().await.unwrap_err().is_transient());
    db.ready(Duration::from_secs(10)).await.unwrap();
    assert!(world.asked(CREDS).iter().all(|read| read.header("x-vault-index") == "aW5kZXg="));
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_waited_for_as_long_as_the_server_asks() {
    let world = World::new();
    world.twin.fault_at(CREDS, 2, Fault::Throttled(RetryAfter::Seconds(40)));
    let db = world.scheduler.keep(world.vault().database("app"));
    let error = db.get().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(Duration::from_secs(40))));
    world.seconds(38).await;
    assert_eq!(world.count(CREDS), 1);
    world.seconds(5).await;
    assert_eq!(world.count(CREDS), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_in_place_of_an_answer_takes_nothing_away() {
    let world = World::new();
    let kv = world.scheduler.keep(world.vault().kv2("secret", "a").poll_interval(Duration::from_secs(10)));
    let path = "secret/data/a";
    assert!(kv.get().await.is_err());
    world.twin.kv2("secret").put("a", json!({"k": "v"}));
    kv.ready(Duration::from_secs(60)).await.unwrap();
    let pages: [fn() -> http::Response<Bytes>; 5] = [
        || http::Response::new(Bytes::from("<html>log in to the guest network</html>")),
        || http::Response::new(Bytes::from("{\"data\":{\"data\":{\"k\"")),
        || http::Response::builder().status(404).body(Bytes::from("<html>no such page</html>")).unwrap(),
        || http::Response::builder().status(204).body(Bytes::new()).unwrap(),
        || reply(200, json!({"data": {"k": "v"}})),
    ];
    for page in pages {
        world.on(path, move |_| page());
        let before = world.count(path);
        while world.count(path) == before {
            world.seconds(5).await;
        }
        assert!(kv.peek().is_some() && kv.status().failing.is_some(), "{}", kv.status());
    }
}

/// Over real sockets: what the transport makes of them, seen from here.
#[tokio::test]
async fn silence_cuts_floods_and_pages_are_errors_that_say_what_to_do() {
    let server = WebServer::start().await.unwrap();
    server.on(&format!("/v1/{LOGIN}"), Reply::json(200, &login("hvs.1", 3600)));
    let policy = Policy::default().with_attempt_deadline(Duration::from_secs(1));
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
        .transport(HttpTransport::new().unwrap())
        .policy(policy)
        .start();
    let vault = Vault::builder(server.url(), "app", StaticText::new("e30.e30.c2ln")).build(&scheduler).unwrap();
    let login = vault.login();
    login.ready(Duration::from_secs(10)).await.unwrap();
    let body = user("l", 60).to_string();
    for (name, reply, kind) in [
        ("silent", Reply::silence(), ErrorKind::Timeout),
        ("page", Reply::html(200, "<html>hello</html>"), ErrorKind::Protocol),
        ("broken", Reply::html(502, "<html>bad gateway</html>"), ErrorKind::Unavailable),
        ("half", Reply::text(200, body).cut_after(20), ErrorKind::Unavailable),
        ("flood", Reply::huge(200, 100_000_000), ErrorKind::Protocol),
        ("moved", Reply::redirect(302, "https://other.test/login"), ErrorKind::Configuration),
    ] {
        server.on(&format!("/v1/secret/{name}"), reply);
        let error = scheduler.keep(vault.read(&format!("secret/{name}"))).get().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.advice().is_some(), "{name}: {error}");
    }
    assert!(login.get().await.is_ok());
}

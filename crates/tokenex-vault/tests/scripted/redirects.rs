//! Standby servers send clients to the leader, and the token must not go elsewhere.

use tokenex_core::ErrorKind;

use crate::world::{CREDS, HOST, LOGIN, World, reply, with_headers};

/// A server that sends every read of a user there.
fn redirecting(to: &'static str) -> World {
    let world = World::new();
    world.on(CREDS, move |_| with_headers(reply(307, serde_json::Value::Null), &[("location", to)]));
    world
}

#[tokio::test(start_paused = true)]
async fn one_redirect_is_followed_to_a_named_host_with_method_body_and_token() {
    let world = World::new();
    world.serve("leader.test:8200");
    world.network.route(HOST, |request: http::Request<bytes::Bytes>| {
        let to = format!("https://leader.test:8200{}", request.uri().path());
        std::future::ready(with_headers(reply(307, serde_json::Value::Null), &[("location", to.as_str())]))
    });
    let vault = world.builder().redirect_hosts(["leader.test"]).build(&world.scheduler).unwrap();
    let db = world.scheduler.keep(vault.database("app"));
    db.get().await.unwrap();
    let logins = world.asked(LOGIN);
    assert_eq!((logins.len(), logins[0].body()), (2, logins[1].body()));
    let (reads, login) = (world.asked(CREDS), vault.login().get().await.unwrap());
    assert_eq!((reads.len(), reads[1].header("x-vault-token")), (2, login.secret().expose()));
    assert!(reads[1].is_for("leader.test:8200"));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_another_host_is_an_error_that_names_it_and_the_option() {
    let world = redirecting("https://elsewhere.test/v1/database/creds/app");
    let error = world.scheduler.keep(world.vault().database("app")).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let text = error.to_string();
    assert!(text.contains("elsewhere.test") && text.contains("redirect_hosts"), "{text}");
    assert_eq!(world.network.count("elsewhere.test"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_plain_http_and_a_second_redirect_are_errors() {
    for to in ["http://vault.test:8200/v1/database/creds/app", "https://vault.test:8200/v1/database/creds/app", ""] {
        let world = redirecting(to);
        let error = world.scheduler.keep(world.vault().database("app")).get().await.unwrap_err();
        assert_eq!(error.code(), Some("redirect"), "{to}: {error}");
        assert!(world.count(CREDS) <= 2);
    }
}

//! The managed identity as an identity for somebody else's exchange.

use tokenex_core::{ErrorKind, Passthrough};

use crate::managed_identity::machine::{HOUR, Machine, imds, now, reply};

/// A JWT that claims `{"aud":"api://audit"}`.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJhcGk6Ly9hdWRpdCJ9.c2ln";

#[tokio::test(start_paused = true)]
async fn the_audience_asked_for_is_the_resource() {
    let machine = Machine::new();
    let clock = machine.time.clone();
    machine.on(move |_| reply(200, imds(JWT, now(&clock) + HOUR, &clock)));
    let handle = machine.scheduler.keep(Passthrough::new(machine.identity()).audience("api://audit"));
    assert_eq!(handle.get().await.unwrap().secret().expose(), JWT);
    let request = machine.network.requests().pop().unwrap();
    assert_eq!(request.query(), "api-version=2018-02-01&resource=api%3A%2F%2Faudit");
}

#[tokio::test(start_paused = true)]
async fn an_identity_for_nobody_is_an_error_before_anything_is_sent() {
    let machine = Machine::new();
    let error = machine.scheduler.keep(Passthrough::new(machine.identity())).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("no_audience")));
    assert!(error.to_string().contains("App ID URI"), "{error}");
    assert_eq!(machine.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_no_jwt_is_no_identity() {
    let machine = Machine::new();
    let error =
        machine.scheduler.keep(Passthrough::new(machine.identity()).audience("api://audit")).get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Identity, Some("azure")), "{error}");
}

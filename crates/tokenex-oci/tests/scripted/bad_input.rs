//! What is pasted wrong, and answers that are not as documented.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{Error, ErrorKind, Secret};
use tokenex_oci::Domain;

use crate::world::{HOST, World, minutes, token};

#[tokio::test(start_paused = true)]
async fn options_that_cannot_be_are_refused_by_build_with_what_to_do() {
    let world = World::new();
    let domain = |url: &str| Domain::builder(url, world.identity());
    let secret = || StaticText::new("s");
    let url = world.domain.url();
    let built = world.builder().build().unwrap();
    for (error, code) in [
        (domain("idcs-1.identity.oraclecloud.com").client("id", secret()).build().unwrap_err(), "domain_url"),
        (domain("http://idcs-1.identity.oraclecloud.com").client("id", secret()).build().unwrap_err(), "domain_url"),
        (domain(&format!("{url}/oauth2/v1/token")).client("id", secret()).build().unwrap_err(), "domain_url"),
        (domain(&url).build().unwrap_err(), "client"),
        (domain(&url).client("", secret()).build().unwrap_err(), "client_id"),
        (domain(&url).client(" id", secret()).build().unwrap_err(), "client_id"),
        (domain(&url).client("i:d", secret()).build().unwrap_err(), "client_id"),
        (domain(&url).client("i\nd", secret()).build().unwrap_err(), "client_id"),
        (world.builder().audience(" ").build().unwrap_err(), "audience"),
        (world.builder().accept_audience("").build().unwrap_err(), "audience"),
        (built.resource_token("").unwrap_err(), "res_type"),
        (built.resource_token(" githubactions").unwrap_err(), "res_type"),
        (built.resource_token("r").unwrap().lifetime(Duration::ZERO).unwrap_err(), "lifetime"),
        (built.resource_token("r").unwrap().lifetime(Duration::from_millis(1500)).unwrap_err(), "lifetime"),
        (built.resource_token("r").unwrap().lifetime(minutes(721)).unwrap_err(), "lifetime"),
        (built.user_token().lifetime(minutes(5)).unwrap_err(), "lifetime"),
    ] {
        assert_eq!((error.kind(), error.code(), error.provider()), (ErrorKind::Configuration, Some(code), Some("oci")));
        assert!(error.advice().is_some(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_cut_out_wrong_is_told_before_anything_is_sent() {
    let world = World::new();
    for secret in ["", "hunter22\n", "hunter\u{0}22"] {
        let domain = Domain::builder(world.domain.url(), world.identity())
            .client("id", Closure::plain(move |_| Ok(Secret::new(secret))))
            .build()
            .unwrap();
        let error = world.keep(domain.user_token()).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("client_secret")));
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
    assert_eq!(world.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_is_no_jwt_is_not_sent() {
    let world = World::new();
    for text in ["hunter22".to_owned(), format!("e30.{}.c2ln", "A".repeat(70_000))] {
        let error = world.session_with(StaticText::new(text)).get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Identity);
        assert!(!format!("{error:?}").contains("hunter22"));
    }
    assert_eq!(world.count(), 0);
}

async fn answered(world: &World, body: &serde_json::Value) -> Error {
    world.answers(HOST, 200, body);
    let session = world.session();
    let error = session.get().await.unwrap_err();
    session.close(minutes(1)).await;
    error
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_as_documented_is_told_and_not_repeated() {
    let world = World::new();
    let jwt = world.upst(minutes(60)).sign();
    let open_ended = world.upst(minutes(60)).without("exp").sign();
    for (body, word) in [
        (json!({"access_token": jwt, "token_type": "Bearer", "expires_in": 3600}), "another grant"),
        (json!({"expires_in": 3600}), "no token"),
        (json!([jwt]), "not a JSON object"),
        (token(7), "no text"),
        (token(""), "empty"),
        (token("hunter22"), "not a JWT"),
        (token("hunter22.hunter22.hunter22"), "not a JWT"),
        (token(format!("{jwt}\" x=\"")), "characters"),
        (token(open_ended.as_str()), "does not say when it ends"),
    ] {
        let error = answered(&world, &body).await;
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Protocol, true), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!((error.provider(), error.step()), (Some("oci"), Some("exchange")));
        let printed = format!("{error:?}");
        assert!(!printed.contains("hunter22") && !printed.contains(&jwt) && !printed.contains(&open_ended));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_expired_is_not_handed_out() {
    let world = World::new();
    let old = world.issuer.token().subject("s").expired_since(minutes(1)).sign();
    let error = answered(&world, &token(old)).await;
    assert!(error.is_transient(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn members_and_claims_that_nobody_knows_do_no_harm() {
    let world = World::new();
    let jwt = world.upst(minutes(10)).claim("jwk", "odd").claim("tenant", json!({"odd": 1})).without("iat").sign();
    world.answers(
        HOST,
        200,
        &json!({"token": format!(" {jwt}\n"), "expires_in": "never", "later": [1, {"than": null}]}),
    );
    let session = world.session().get().await.unwrap();
    assert_eq!((session.secret().expose(), session.tenancy()), (&*jwt, None));
    assert_eq!(session.expires_at().unwrap().duration_since(world.wall()).unwrap(), minutes(10));
}

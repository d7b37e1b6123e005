//! Workforce pools: people's identity providers, which a few programs stand in for.

use tokenex_core::ErrorKind;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_gcp::{WorkloadIdentity, WorkloadIdentityBuilder};

use crate::world::{ISSUER, STS, World, field};

const CLIENT_ID: &str = "the-client-id";

fn builder(world: &World) -> WorkloadIdentityBuilder {
    let provider = world.twin.workforce_provider("people", "idp", ISSUER);
    provider.allow_audience(CLIENT_ID);
    let jwt = world.jwt();
    let source = Closure::plain(move |audience: Option<String>| {
        Ok(jwt.clone().audience(audience.unwrap_or_else(|| CLIENT_ID.to_owned())).sign())
    });
    WorkloadIdentity::builder(provider.audience(), source)
}

#[tokio::test(start_paused = true)]
async fn quota_is_counted_for_a_project_where_no_client_says_which() {
    let world = World::new();
    let provider = builder(&world).user_project("acme-prod").build().unwrap();
    world.scheduler.keep(provider).get().await.unwrap();
    let request = &world.network.requests_to(STS)[0];
    assert_eq!(field(request, "options").unwrap(), r#"{"userProject":"acme-prod"}"#);

    let error = world.scheduler.keep(builder(&world).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("invalid_request")));
}

#[tokio::test(start_paused = true)]
async fn an_oauth_client_shows_itself_as_rfc_7617_says() {
    let world = World::new();
    let provider = builder(&world).client_auth("id", StaticText::new("s>cr?t")).build().unwrap();
    world.scheduler.keep(provider).get().await.unwrap();
    let request = &world.network.requests_to(STS)[0];
    // The standard alphabet with padding.
    assert_eq!(request.header("authorization"), "Basic aWQ6cz5jcj90");
    assert!(request.headers()["authorization"].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn the_audience_is_whatever_the_source_has_until_one_is_named() {
    let world = World::new();
    let named = builder(&world).user_project("acme-prod").accept_audience("another").build().unwrap();
    let error = world.scheduler.keep(named).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("invalid_grant")));
    let named = builder(&world).user_project("acme-prod").accept_audience(CLIENT_ID).build().unwrap();
    world.scheduler.keep(named).get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn options_that_do_not_go_together_are_refused() {
    let world = World::new();
    let error = builder(&world).user_project("a").client_auth("id", StaticText::new("s")).build().unwrap_err();
    assert_eq!(error.code(), Some("user_project"));
    for project in ["", "a b", &"a".repeat(33)] {
        let error = builder(&world).user_project(project).build().unwrap_err();
        assert_eq!(error.code(), Some("user_project"));
    }
    for id in ["", "a:b", "a\nb"] {
        let error = builder(&world).client_auth(id, StaticText::new("s")).build().unwrap_err();
        assert_eq!(error.code(), Some("client_auth"));
    }
}

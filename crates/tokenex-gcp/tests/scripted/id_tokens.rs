//! ID tokens of a service account, as a source and as a credential.

use std::time::Duration;

use serde_json::json;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{AnyTokenSource, AsIdentity as _, ErrorKind, TokenRequest, TokenSource as _};
use tokenex_gcp::{ImpersonatedIdToken, ImpersonatedIdTokenBuilder};

use crate::world::{IAM, STS, World, minutes, reply};

fn builder(world: &World) -> ImpersonatedIdTokenBuilder {
    ImpersonatedIdToken::builder(world.account.email(), world.federated())
}

#[tokio::test(start_paused = true)]
async fn as_a_source_it_gets_a_token_for_whatever_audience_is_wanted() {
    let world = World::new();
    let source = AnyTokenSource::new(builder(&world).audience("by default").build().unwrap());
    let cx = world.attempt();
    for (wanted, audience) in [(Some("vault"), "vault"), (Some("api://x"), "api://x"), (None, "by default")] {
        let mut request = TokenRequest::new(&cx);
        if let Some(wanted) = wanted {
            request = request.audience(wanted);
        }
        let input = source.token(&request).await.unwrap();
        let claims = world.twin.id_token_keys().verify(input.value().secret().expose()).unwrap();
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!(audience), &json!(world.account.unique_id())));
        assert_eq!(claims["iss"], "https://accounts.google.com");
        assert!(claims.get("email").is_none());
        assert_eq!(input.issued_at(), Some(world.time.wall()));
    }
    assert_eq!((world.count(STS), world.count(IAM)), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn as_a_credential_it_is_kept_fresh_for_one_audience() {
    let world = World::new();
    let kept = world.scheduler.keep(builder(&world).audience("https://app.run.app").include_email().build().unwrap());
    let token = kept.get().await.unwrap();
    assert_eq!(token.expires_at().unwrap().duration_since(world.time.wall()).unwrap(), minutes(60));
    assert_eq!(token.claims().audiences(), ["https://app.run.app"]);
    assert!(token.authorization().is_sensitive() && token.authorization().to_str().unwrap().starts_with("Bearer ey"));
    assert!(token.as_identity().unwrap().secret().same_as(token.secret()));
    let claims = world.twin.id_token_keys().verify(token.secret().expose()).unwrap();
    assert_eq!(claims["email"], world.account.email());
    for _ in 0..180 {
        world.seconds(60).await;
        assert!(kept.peek().is_some());
    }
    assert!(kept.get().await.unwrap().generation() >= 4);
}

#[tokio::test(start_paused = true)]
async fn without_any_audience_nothing_is_asked() {
    let world = World::new();
    let error = world.scheduler.keep(builder(&world).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), world.count(IAM)), (ErrorKind::Configuration, Some("audience"), 0));
    assert_eq!(builder(&world).audience(" ").build().unwrap_err().code(), Some("audience"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_that_of_an_id_token() {
    let world = World::new();
    world.binding.remove();
    let error = world.scheduler.keep(builder(&world).audience("a").build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Denied, Some("ID token")));
    assert!(error.said().unwrap().contains("getOpenIdToken"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_delegate_stands_between() {
    let world = World::new();
    let end = world.project.service_account("end");
    end.bind(&world.account.member());
    let source = ImpersonatedIdToken::builder(end.email(), world.federated())
        .delegate(world.account.email())
        .audience("a")
        .build()
        .unwrap();
    let token = world.scheduler.keep(source).get().await.unwrap();
    assert_eq!(token.claims().subject(), Some(end.unique_id().as_str()));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_id_token_is_an_error() {
    for (token, kind) in
        [("ya29.opaque", ErrorKind::Identity), ("e30.e30.c2ln", ErrorKind::Protocol), ("", ErrorKind::Protocol)]
    {
        let world = World::new();
        world.answers(IAM, move |_| reply(200, &json!({ "token": token })));
        let kept = world.scheduler.keep(builder(&world).audience("a").build().unwrap());
        let error = kept.ready(Duration::from_secs(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{error}");
    }
}

//! The credentials of Google's client crates.

use google_cloud_auth::credentials::{CacheableResource, Credentials, EntityTag};
use http::{Extensions, HeaderMap};
use tokenex_core::{ErrorKind, Rejection};
use tokenex_gcp::IntoSdk as _;

use crate::world::{IAM, STS, World, federated_token, minutes, reply};

async fn headers(credentials: &Credentials, tag: Option<&EntityTag>) -> CacheableResource<HeaderMap> {
    let mut extensions = Extensions::new();
    if let Some(tag) = tag {
        extensions.insert(tag.clone());
    }
    credentials.headers(extensions).await.unwrap()
}

fn new(resource: CacheableResource<HeaderMap>) -> (EntityTag, HeaderMap) {
    match resource {
        CacheableResource::New { entity_tag, data } => (entity_tag, data),
        CacheableResource::NotModified => panic!("the headers are not the ones that the tag is of"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_gets_the_current_token_and_is_told_when_it_is_the_one_it_has() {
    let world = World::new();
    let token = world.impersonated();
    let credentials = Credentials::from(token.clone().into_sdk());
    let (tag, first) = new(headers(&credentials, None).await);
    assert_eq!(first["authorization"], token.get().await.unwrap().authorization());
    assert!(first["authorization"].is_sensitive());
    assert!(first.get("x-goog-user-project").is_none());
    assert_eq!(headers(&credentials, Some(&tag)).await, CacheableResource::NotModified);
    assert_eq!(new(headers(&credentials, None).await).0, tag, "the same token has the same tag");
    assert_eq!(new(headers(&credentials, Some(&EntityTag::new())).await).0, tag);

    while token.get().await.unwrap().generation() == 1 {
        world.seconds(60).await;
    }
    let (other, second) = new(headers(&credentials, Some(&tag)).await);
    assert!(other != tag && first != second);
    assert_eq!(headers(&credentials, Some(&other)).await, CacheableResource::NotModified);
}

#[tokio::test(start_paused = true)]
async fn handing_out_headers_sends_nothing() {
    let world = World::new();
    let credentials = Credentials::from(world.impersonated().into_sdk());
    for _ in 0..1000 {
        new(headers(&credentials, None).await);
    }
    assert_eq!((world.count(STS), world.count(IAM)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_replaced_for_the_next_request() {
    let world = World::new();
    let token = world.impersonated();
    let sdk = token.clone().into_sdk();
    assert_eq!(sdk.rejected().await.unwrap_err().code(), Some("not_in_use"));
    let credentials = Credentials::from(sdk.clone());
    let (tag, _) = new(headers(&credentials, None).await);
    assert_eq!(sdk.rejected().await.unwrap(), Rejection::Replaced { generation: 2 });
    assert!(new(headers(&credentials, Some(&tag)).await).0 != tag);
}

#[tokio::test(start_paused = true)]
async fn a_quota_project_travels_along() {
    let world = World::new();
    let sdk = world.federated().into_sdk().with_quota_project("billed").unwrap();
    let (_, headers) = new(headers(&Credentials::from(sdk), None).await);
    assert_eq!(headers["x-goog-user-project"], "billed");
    for bad in ["", "a\nb"] {
        assert_eq!(world.federated().into_sdk().with_quota_project(bad).unwrap_err().code(), Some("quota_project"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_universe_is_that_of_the_token() {
    let world = World::new();
    assert_eq!(
        Credentials::from(world.federated().into_sdk()).universe_domain().await.as_deref(),
        Some("googleapis.com")
    );
    world.answers("sts.apis.example", |_| reply(200, &federated_token("ya29.x", 3600)));
    let other = world.scheduler.keep(world.builder().universe_domain("apis.example").build().unwrap());
    assert_eq!(Credentials::from(other.into_sdk()).universe_domain().await.as_deref(), Some("apis.example"));
}

#[tokio::test(start_paused = true)]
async fn an_error_says_whether_it_passes_and_holds_ours() {
    let world = World::new();
    world.provider.enabled(false);
    let credentials = Credentials::from(world.federated().into_sdk());
    let error = credentials.headers(Extensions::new()).await.unwrap_err();
    assert!(!error.is_transient());
    let ours = std::error::Error::source(&error).unwrap().downcast_ref::<tokenex_core::Error>().unwrap();
    assert_eq!((ours.kind(), ours.code()), (ErrorKind::Trust, Some("invalid_target")));
    assert!(credentials.universe_domain().await.is_none());

    // What ends google-cloud-auth's own refresh for good does not end ours.
    world.provider.enabled(true);
    world.seconds(120).await;
    new(headers(&credentials, None).await);
    world.time.advance(minutes(180)).await;
    new(headers(&credentials, None).await);
}

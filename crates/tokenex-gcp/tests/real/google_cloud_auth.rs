//! Google's own crate for Rust takes the twin for Google, and our adapter for credentials of its own.

use google_cloud_auth::credentials::{AccessTokenCredentials, CacheableResource, Credentials, external_account};
use http::Extensions;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tokenex_core::sources::Closure;
use tokenex_gcp::{IntoSdk as _, WorkloadIdentity};
use tokenex_testkit::web::{Reply, WebServer};

use crate::world::{CLOUD_PLATFORM, PATIENCE, SECOND, STRANGER, SUBJECT, World, scheduler};

/// The crate's credentials for this file. It asks at once, and in the background from then on.
fn built(file: Value) -> AccessTokenCredentials {
    // Without its default features it uses the process's own provider of cryptography, and a test program has none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = external_account::Builder::new(file).with_scopes([CLOUD_PLATFORM]);
    builder.build_access_token_credentials().unwrap()
}

async fn token(file: Value) -> Result<String, String> {
    let token = tokio::time::timeout(PATIENCE, built(file).access_token()).await.expect("it hangs");
    token.map(|token| token.token).map_err(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_a_token_from_a_file_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let federated = token(world.federated(world.file_source(SUBJECT))).await.unwrap();
    assert_eq!(world.holder(&federated), world.provider.principal(SUBJECT));
    let impersonated = token(world.impersonated(world.file_source(SUBJECT))).await.unwrap();
    assert_eq!(world.holder(&impersonated), world.account.member());

    let refused = token(world.impersonated(world.file_source(STRANGER))).await.unwrap_err();
    assert!(refused.contains("403"), "{refused}");
    world.provider.only_subject(SUBJECT);
    let refused = token(world.federated(world.file_source(STRANGER))).await.unwrap_err();
    assert!(refused.contains("unauthorized_client"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_a_token_from_an_address_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let platform = WebServer::start().await.unwrap();
    for (path, subject) in [("/token", SUBJECT), ("/strange", STRANGER)] {
        platform.on(path, Reply::text(200, world.jwt(subject)));
    }
    let source = |path: &str| json!({ "url": format!("{}{path}", platform.url()), "format": { "type": "text" } });
    let impersonated = token(world.impersonated(source("/token"))).await.unwrap();
    assert_eq!(world.holder(&impersonated), world.account.member());
    assert!(token(world.impersonated(source("/strange"))).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_adapter_is_credentials_of_its_own() {
    let world = World::new().await;
    let scheduler = scheduler();
    let jwt = world.token(SUBJECT);
    let federated = WorkloadIdentity::builder(world.provider.audience(), Closure::plain(move |_| Ok(jwt.sign())))
        .token_url(format!("{}/v1/token", world.served.url()));
    let federated = scheduler.keep(federated.build().unwrap());
    federated.ready(PATIENCE).await.unwrap();
    let credentials = Credentials::from(federated.into_sdk());

    let CacheableResource::New { entity_tag, data } = credentials.headers(Extensions::new()).await.unwrap() else {
        panic!("there is nothing yet that could be unchanged");
    };
    let bearer = data[AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(world.holder(bearer), world.provider.principal(SUBJECT));
    let mut known = Extensions::new();
    known.insert(entity_tag);
    assert!(matches!(credentials.headers(known).await.unwrap(), CacheableResource::NotModified));
    scheduler.shutdown(SECOND).await;
}

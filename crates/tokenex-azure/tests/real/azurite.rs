//! The official client for blobs, given our credential, before Azurite: the adapter and the claims are right. (Azurite
//! reads issuer, audience and times, and no signature.)

use std::sync::Arc;

use azure_core::Bytes;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Url};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use tokenex_azure::IntoSdk as _;
use tokenex_testkit::servers::Azurite;

use crate::azure_identity::sdk_options;
use crate::world::{PATIENCE, SECOND, STORAGE, World, eventually, scheduler};

/// The official client before this storage.
fn blobs(azurite: &Azurite, credential: Arc<dyn TokenCredential>, client_options: ClientOptions) -> BlobServiceClient {
    let options = BlobServiceClientOptions { client_options, ..Default::default() };
    BlobServiceClient::new(Url::parse(&azurite.endpoint()).unwrap(), Some(credential), Some(options)).unwrap()
}

async fn write(blobs: &BlobServiceClient, text: &'static str) {
    let blob = blobs.blob_client("box", "note");
    blob.upload(Bytes::from_static(text.as_bytes()).into(), None).await.unwrap();
}

async fn read(blobs: &BlobServiceClient) -> azure_core::Result<Bytes> {
    blobs.blob_client("box", "note").download(None).await?.body.collect().await
}

#[tokio::test]
async fn the_official_client_writes_and_reads_a_blob_while_its_token_is_replaced() {
    let world = World::new().await;
    let (azurite, app) = (Azurite::start(&world.certificates).await.unwrap(), world.app());
    world.entra.token_lifetime(6 * SECOND);
    let scheduler = scheduler();
    let token = scheduler.keep(world.client(&app).token(STORAGE).unwrap());
    let blobs = blobs(&azurite, token.clone().into_sdk(), sdk_options(&world));

    let first = token.ready(PATIENCE).await.unwrap();
    blobs.blob_container_client("box").create(None).await.unwrap();
    write(&blobs, "hello").await;
    assert_eq!(read(&blobs).await.unwrap(), "hello");

    // Until the storage takes the first token no longer.
    let probe = probe(&world);
    let list = format!("{}?comp=list", azurite.endpoint());
    let refused = || async {
        let request =
            probe.get(&list).header("authorization", first.authorization()).header("x-ms-version", "2023-11-03");
        request.send().await.unwrap().status() == 403
    };
    assert!(!refused().await, "it works at first");
    eventually("the first token is refused", refused).await;
    assert_eq!(read(&blobs).await.unwrap(), "hello");
    assert!(token.get().await.unwrap().generation() > 1);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_official_client_takes_the_token_of_its_scope_from_several() {
    let world = World::new().await;
    let (azurite, app) = (Azurite::start(&world.certificates).await.unwrap(), world.app());
    let scheduler = scheduler();
    let tokens = world.client(&app).tokens(&scheduler);
    tokens.handle("https://management.azure.com/.default").unwrap().ready(PATIENCE).await.unwrap();

    let blobs = blobs(&azurite, tokens.into_sdk(), sdk_options(&world));
    blobs.blob_container_client("box").create(None).await.unwrap();
    write(&blobs, "hello").await;
    assert_eq!(read(&blobs).await.unwrap(), "hello");

    let scopes: Vec<_> = world.entra.exchanges().into_iter().map(|exchange| exchange.scope).collect();
    assert_eq!(scopes, ["https://management.azure.com/.default", STORAGE]);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_official_client_says_it_when_the_credential_is_for_something_else() {
    let world = World::new().await;
    let (azurite, app) = (Azurite::start(&world.certificates).await.unwrap(), world.app());
    let scheduler = scheduler();
    let vault = scheduler.keep(world.client(&app).token("https://vault.azure.net/.default").unwrap());

    let error = read(&blobs(&azurite, vault.into_sdk(), sdk_options(&world))).await.unwrap_err();

    assert!(matches!(error.kind(), azure_core::error::ErrorKind::Credential), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(STORAGE) && text.contains("vault.azure.net"), "{text}");
    scheduler.shutdown(SECOND).await;
}

/// A bare client, to show one token to the storage.
fn probe(world: &World) -> reqwest::Client {
    let tls = world.certificates.client_config().as_ref().clone();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE).build().unwrap()
}

//! The `vaultrs` crate with our login.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::world::{PATIENCE, World, put};

fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_vaultrs_client_follows_the_login() {
    let world = World::new().await;
    put(&world, "a", "1").await;
    let vault = world.vault();
    let clients = vault.vaultrs(http()).unwrap();
    let login = vault.login();
    let first = login.ready(PATIENCE).await.unwrap();

    let secret: Value = vaultrs::kv2::read(&clients.client().await.unwrap(), "secret", "a").await.unwrap();
    assert_eq!(secret["value"], "1");
    login.rejected(first.generation()).await.unwrap();
    let client = clients.client().await.unwrap();
    let looked_up = vaultrs::token::lookup_self(&client).await.unwrap();
    let second = login.get().await.unwrap();
    assert_eq!((second.generation(), Some(looked_up.accessor.as_str())), (2, second.accessor()));
    assert!(!format!("{clients:?}").contains(second.secret().expose()));
    drop((login, clients, vault));
    world.shut_down().await;
}

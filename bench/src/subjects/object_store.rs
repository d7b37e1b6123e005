//! `object_store`: workload identity behind its token cache.

use object_store::azure::{AzureConfigKey, AzureCredential, AzureCredentialProvider, MicrosoftAzureBuilder};

use super::{CLIENT, Held, Library, TENANT, identity_file, install_crypto};
use crate::server::Endpoint;

/// It makes an HTTP client for each store, and another one for the credentials of the store.
pub struct ObjectStore;

impl Library for ObjectStore {
    const NAME: &'static str = "object_store";
    type Held = AzureCredentialProvider;

    fn new() -> Self {
        install_crypto();
        Self
    }

    fn hold(&self, endpoint: &Endpoint) -> Self::Held {
        let store = MicrosoftAzureBuilder::new()
            .with_account("bench")
            .with_container_name("bench")
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT)
            .with_config(AzureConfigKey::FederatedTokenFile, identity_file().display().to_string())
            .with_authority_host(endpoint.url())
            .with_allow_http(true)
            .build()
            .expect("a store");
        store.credentials().clone()
    }
}

impl Held for AzureCredentialProvider {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        match self.get_credential().await {
            Ok(credential) => match credential.as_ref() {
                AzureCredential::BearerToken(token) => Ok(token.len()),
                _ => Err("a credential of another kind".to_owned()),
            },
            Err(error) => Err(error.to_string()),
        }
    }
}

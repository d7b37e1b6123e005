//! The Azure SDK's own federation takes the twin for Entra, and Entra's refusals reach it.

use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientMethodOptions, ClientOptions, RetryOptions, Transport};
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};

use crate::world::{PATIENCE, STORAGE, SUBJECT, World, claims};

/// A client of the Azure SDK that trusts the world's CA. It does not try again, so that a test sees each answer.
pub(crate) fn sdk_options(world: &World) -> ClientOptions {
    let tls = world.certificates.client_config().as_ref().clone();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE).build();
    ClientOptions {
        transport: Some(Transport::new(Arc::new(client.unwrap()))),
        retry: RetryOptions::none(),
        ..ClientOptions::default()
    }
}

#[derive(Debug)]
struct Assertion(String);

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.clone())
    }
}

fn credential(world: &World, client_id: &str, subject: &str) -> Arc<impl TokenCredential> {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = world.served.localhost_url();
    let cloud = CloudConfiguration::Custom(custom);
    let client_options = ClientOptions { cloud: Some(Arc::new(cloud)), ..sdk_options(world) };
    ClientAssertionCredential::new(
        world.tenant.id().to_owned(),
        client_id.to_owned(),
        Assertion(world.assertion(subject)),
        Some(ClientAssertionCredentialOptions { client_options }),
    )
    .unwrap()
}

#[tokio::test]
async fn the_sdks_own_credential_gets_a_token_of_the_twin() {
    let world = World::new().await;
    let app = world.app();
    let credential = credential(&world, app.client_id(), SUBJECT);

    let token = credential.get_token(&[STORAGE], None).await.unwrap();
    credential.get_token(&[STORAGE], None).await.unwrap();

    let claims = claims(token.token.secret());
    assert_eq!((&claims["aud"], &claims["appid"]), (&"https://storage.azure.com".into(), &app.client_id().into()));
    // The SDK counts whole seconds from when it has the answer; the claim is rounded up.
    let later = token.expires_on.unix_timestamp() - claims["exp"].as_i64().unwrap();
    assert!((-1..60).contains(&later), "{later}");
    assert_eq!(world.entra.exchanges().len(), 1, "it kept the first token, so it understood how long that lives");
}

#[tokio::test]
async fn the_sdks_own_credential_is_refused_with_the_wrong_subject() {
    let world = World::new().await;
    let app = world.app();
    let error = credential(&world, app.client_id(), "somebody").get_token(&[STORAGE], None).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("AADSTS700213") && text.contains("somebody"), "{text}");
}

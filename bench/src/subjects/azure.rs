//! `azure_identity`: a client assertion from the program.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{AsyncRawResponse, ClientMethodOptions, ClientOptions, HttpClient, Request, Transport};
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};

use super::{CLIENT, Held, IDENTITY, Library, SCOPE, TENANT, http_client};
use crate::server::Endpoint;

/// One HTTP client for all credentials.
pub struct AzureIdentity(Arc<dyn HttpClient>);

impl Library for AzureIdentity {
    const NAME: &'static str = "azure_identity";
    type Held = Arc<ClientAssertionCredential<Assertion>>;

    fn new() -> Self {
        Self(Arc::new(WithoutTls(http_client())))
    }

    fn hold(&self, endpoint: &Endpoint) -> Self::Held {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = endpoint.https_url();
        let client_options = ClientOptions {
            transport: Some(Transport::new(self.0.clone())),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let options = ClientAssertionCredentialOptions { client_options };
        ClientAssertionCredential::new(TENANT.to_owned(), CLIENT.to_owned(), Assertion, Some(options))
            .expect("a credential")
    }
}

impl Held for Arc<ClientAssertionCredential<Assertion>> {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        match self.get_token(&[SCOPE], None).await {
            Ok(token) => Ok(token.token.secret().len()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The identity token.
#[derive(Debug)]
pub struct Assertion;

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(IDENTITY.to_owned())
    }
}

/// The SDK insists on an authority with https. It gets one, and its request goes out without.
#[derive(Debug)]
struct WithoutTls(reqwest::Client);

#[async_trait]
impl HttpClient for WithoutTls {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut plain = request.clone();
        // From one known scheme to another: it does not fail.
        let _ = plain.url_mut().set_scheme("http");
        self.0.execute_request(&plain).await
    }
}

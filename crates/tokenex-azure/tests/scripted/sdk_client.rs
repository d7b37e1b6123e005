//! A client of the Azure SDK, made of the SDK's own pipeline, before a service that the test scripts.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken as SdkToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::{AUTHORIZATION, Headers};
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    AsyncRawResponse, ClientOptions, Context, HttpClient, Method, Pipeline, RawResponse, Request, StatusCode, Transport,
};
use tokenex_azure::{AccessToken, Entra, SdkCredential};
use tokenex_core::sources::Closure;
use tokenex_core::{Handle, Scheduler};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};

use crate::world::{ARM, HOST, ISSUER, SUBJECT};

/// One client with its own pipeline, as each client of the SDK has.
pub(crate) struct SdkClient {
    pipeline: Pipeline,
    credential: Arc<Counting>,
    service: Arc<Service>,
}

impl SdkClient {
    pub(crate) fn new(credential: Arc<SdkCredential>, scope: &str) -> Self {
        let credential = Arc::new(Counting { inner: credential, asked: AtomicUsize::new(0) });
        let service = Arc::new(Service::default());
        let bearer = BearerTokenAuthorizationPolicy::new(credential.clone(), [scope]);
        let options = ClientOptions { transport: Some(Transport::new(service.clone())), ..ClientOptions::default() };
        let pipeline = Pipeline::new(None, None, options, Vec::new(), vec![Arc::new(bearer)], None);
        Self { pipeline, credential, service }
    }

    /// The service answers the next request with this status, and all others with 200.
    pub(crate) fn service_answers(&self, status: u16) {
        *self.service.next.lock().unwrap() = Some(StatusCode::from(status));
    }

    /// Sends one request and returns the status of its answer.
    pub(crate) async fn request(&self) -> u16 {
        match self.send().await {
            Ok(answer) => answer.status().into(),
            Err(error) => error.http_status().unwrap_or_else(|| panic!("no answer: {error}")).into(),
        }
    }

    pub(crate) async fn send(&self) -> azure_core::Result<RawResponse> {
        let mut request = Request::new("https://service.test/".parse().unwrap(), Method::Get);
        self.pipeline.send(&Context::new(), &mut request, None).await
    }

    /// How often the pipeline asked for a token.
    pub(crate) fn asked(&self) -> usize {
        self.credential.asked.load(Ordering::Relaxed)
    }

    /// The different tokens that came to the service.
    pub(crate) fn tokens_seen(&self) -> HashSet<String> {
        self.service.seen.lock().unwrap().clone()
    }
}

#[derive(Debug)]
struct Counting {
    inner: Arc<SdkCredential>,
    asked: AtomicUsize,
}

#[async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<SdkToken> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.inner.get_token(scopes, options).await
    }
}

#[derive(Debug, Default)]
struct Service {
    next: Mutex<Option<StatusCode>>,
    seen: Mutex<HashSet<String>>,
}

#[async_trait]
impl HttpClient for Service {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let authorization = request.headers().get_str(&AUTHORIZATION)?;
        self.seen.lock().unwrap().insert(authorization.to_owned());
        let status = self.next.lock().unwrap().take().unwrap_or(StatusCode::Ok);
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), azure_core::Bytes::new()))
    }
}

/// A token of this lifetime, from a twin of Entra in memory, on the machine's clock.
pub(crate) async fn real_time_client(lifetime: Duration) -> (EntraTwin, Handle<AccessToken>) {
    let (network, twin, issuer) = (InMemory::new(), EntraTwin::new(), IssuerKeys::new(ISSUER));
    twin.reach(&issuer);
    twin.token_lifetime(lifetime);
    twin.route(&network, HOST);
    let tenant = twin.tenant("contoso.example");
    let app = tenant.app("app");
    app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let identity = Closure::plain(move |audience| {
        Ok(issuer.token().subject(SUBJECT).audience(audience.unwrap_or_default()).sign())
    });
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network).start();
    let client = Entra::federated(tenant.id(), app.client_id(), identity).build().unwrap();
    let handle = scheduler.keep(client.token(ARM).unwrap());
    handle.ready(Duration::from_secs(30)).await.unwrap();
    (twin, handle)
}

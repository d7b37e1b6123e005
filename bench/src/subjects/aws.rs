//! The AWS SDK: `AssumeRoleWithWebIdentity` behind the identity cache that its clients use.

use aws_config::Region;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::{
    ResolveCachedIdentity as _, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use super::{Held, Library, identity_file};
use crate::server::Endpoint;

/// One HTTP client for all credentials.
pub struct Aws(SharedHttpClient);

impl Library for Aws {
    const NAME: &'static str = "AWS SDK";
    type Held = Cached;

    fn new() -> Self {
        Self(aws_smithy_http_client::Builder::new().build_http())
    }

    fn hold(&self, endpoint: &Endpoint) -> Cached {
        let resolver = SharedCredentialsProvider::new(provider(&self.0, endpoint));
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SharedTimeSource::new(SystemTimeSource::new())))
            .with_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())))
            .build()
            .expect("all that it asks for");
        Cached {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(resolver),
            components,
            bag: ConfigBag::base(),
        }
    }
}

/// A cache of one identity, as each client of the SDK has one.
pub struct Cached {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    bag: ConfigBag,
}

impl Held for Cached {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        let identity = self.cache.resolve_cached_identity(self.resolver.clone(), &self.components, &self.bag).await;
        let identity = identity.map_err(|error| error.to_string())?;
        let credentials = identity.data::<Credentials>().ok_or("an identity of another kind")?;
        Ok(credentials.session_token().map_or(0, str::len))
    }
}

/// The provider without the cache, as it is when a program calls it by itself.
pub struct AwsProviderAlone(SharedHttpClient);

impl Library for AwsProviderAlone {
    const NAME: &'static str = "AWS SDK, provider without cache";
    type Held = WebIdentityTokenCredentialsProvider;

    fn new() -> Self {
        Self(Aws::new().0)
    }

    fn hold(&self, endpoint: &Endpoint) -> Self::Held {
        provider(&self.0, endpoint)
    }
}

impl Held for WebIdentityTokenCredentialsProvider {
    async fn read(&self) -> Result<usize, String> {
        match self.provide_credentials().await {
            Ok(credentials) => Ok(credentials.session_token().map_or(0, str::len)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn provider(client: &SharedHttpClient, endpoint: &Endpoint) -> WebIdentityTokenCredentialsProvider {
    let client = Redirected { inner: client.clone(), to: endpoint.aws_url() };
    let config = ProviderConfig::empty()
        .with_region(Some(Region::new("eu-central-1")))
        .with_sleep_impl(TokioSleep::new())
        .with_http_client(client);
    WebIdentityTokenCredentialsProvider::builder()
        .configure(&config)
        .static_configuration(StaticConfiguration {
            web_identity_token_file: identity_file().clone(),
            role_arn: "arn:aws:iam::123456789012:role/bench".to_owned(),
            session_name: "bench".to_owned(),
        })
        .build()
}

/// This provider takes the endpoint of STS from the environment alone, so its requests are turned on their way out.
#[derive(Debug)]
struct Redirected<C> {
    inner: C,
    to: String,
}

impl HttpClient for Redirected<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Redirected { inner, to: self.to.clone() })
    }
}

impl HttpConnector for Redirected<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.set_uri(self.to.as_str()).expect("an address");
        self.inner.call(request)
    }
}

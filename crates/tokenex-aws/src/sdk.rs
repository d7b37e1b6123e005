//! The credentials provider of the AWS SDK for Rust, and options taken from its configuration.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use tokenex_core::{Error, ErrorKind, Handle, Issued, Rejection, Result};

use crate::credentials::AwsCredentials;
use crate::endpoint::EndpointOptions;

/// Makes the credentials provider that clients of the AWS SDK take.
pub trait IntoSdk {
    /// A provider that hands out these credentials.
    fn into_sdk(self) -> SdkCredentials;
}

impl IntoSdk for Handle<AwsCredentials> {
    fn into_sdk(self) -> SdkCredentials {
        SdkCredentials(Arc::new(Inner { handle: self, handed_out: Mutex::default() }))
    }
}

/// A [`ProvideCredentials`] that is always fresh: from [`IntoSdk::into_sdk`]. Cheap to clone; while one lives, so do its
/// credentials.
///
/// Handing out credentials sends nothing: they are the current ones at once, and a refresh goes on in the background. Only
/// before the first ones does a request wait. When there are none the error comes at once, and no chain of providers goes on
/// to the next; its source is a [`tokenex_core::Error`].
///
/// # What the SDK keeps
///
/// Turn the SDK's own cache off, with `IdentityCache::no_cache()` of its `config` module:
///
/// ```
/// # use aws_sdk_sts as aws_sdk_service;
/// use aws_sdk_service::config::{Config, IdentityCache};
/// # use tokenex_aws::{AwsCredentials, IntoSdk};
/// # fn demo(role: tokenex_core::Handle<AwsCredentials>) -> aws_sdk_service::config::Builder {
/// let credentials = role.into_sdk();
/// Config::builder().credentials_provider(credentials.clone()).identity_cache(IdentityCache::no_cache())
/// # }
/// ```
///
/// or the method of the same name on the loader of `aws_config`, for all clients. Then each request asks here, which costs
/// one atomic load and one lock.
///
/// With the SDK's default cache no request waits either, while the credentials in hand are valid. But a client then keeps
/// what it got until ten seconds before the end (`LazyCache` of aws-smithy-runtime 1.16): credentials that a service
/// refuses stay in use until then, whatever [`rejected`](Self::rejected) brings.
#[derive(Clone)]
pub struct SdkCredentials(Arc<Inner>);

struct Inner {
    handle: Handle<AwsCredentials>,
    handed_out: Mutex<Option<HandedOut>>,
}

/// What was handed out last, in the SDK's form: clones of it share one memory.
#[derive(Clone)]
struct HandedOut {
    generation: u64,
    /// Moves where the credentials are bound to others.
    expires_at: Option<SystemTime>,
    credentials: Credentials,
}

impl SdkCredentials {
    /// Reports that a service refused the credentials that were handed out last: see [`Handle::rejected`]. Where they have
    /// been replaced since, that is the answer, and nothing is sent.
    ///
    /// Cancel safe: the refresh goes on.
    ///
    /// # Errors
    /// When the refresh failed. [`ErrorKind::Configuration`] when none were handed out.
    pub async fn rejected(&self) -> Result<Rejection> {
        let last = self.0.last().map(|last| last.generation);
        let Some(generation) = last else {
            return Err(Error::new(ErrorKind::Configuration, "no client has been given these credentials yet")
                .with_provider("aws")
                .with_code("not_in_use")
                .with_advice("report them at the provider that the client was built with, or a clone of it"));
        };
        self.0.handle.rejected(generation).await
    }
}

impl Inner {
    fn convert(&self, issued: &Issued<AwsCredentials>) -> Credentials {
        let (generation, expires_at) = (issued.generation(), issued.expires_at());
        let mut handed_out = self.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        match &*handed_out {
            Some(last) if last.generation == generation && last.expires_at == expires_at => last.credentials.clone(),
            _ => {
                let credentials = to_sdk(issued, expires_at);
                *handed_out = Some(HandedOut { generation, expires_at, credentials: credentials.clone() });
                credentials
            }
        }
    }

    fn last(&self) -> Option<HandedOut> {
        self.handed_out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ProvideCredentials for SdkCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        if let Some(issued) = self.0.handle.peek() {
            return future::ProvideCredentials::ready(Ok(self.0.convert(&issued)));
        }
        future::ProvideCredentials::new(async {
            match self.0.handle.get().await {
                Ok(issued) => Ok(self.0.convert(&issued)),
                // Not "not loaded": a chain would go on to somebody else's credentials.
                Err(error) if error.kind() == ErrorKind::Configuration => {
                    Err(CredentialsError::invalid_configuration(error))
                }
                Err(error) => Err(CredentialsError::provider_error(error)),
            }
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.handle.peek().map(|issued| self.0.convert(&issued))
    }
}

fn to_sdk(credentials: &AwsCredentials, expires_at: Option<SystemTime>) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key().expose())
        .provider_name("tokenex");
    builder.set_session_token(credentials.session_token().map(|token| token.expose().to_owned()));
    builder.set_expiry(expires_at);
    builder.set_account_id(credentials.account_id().map(Into::into));
    builder.build()
}

impl fmt::Debug for SdkCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SdkCredentials").field(&self.0.handle).finish()
    }
}

impl EndpointOptions {
    pub(crate) fn with_sdk_config(mut self, config: &SdkConfig) -> Self {
        if let Some(region) = config.region() {
            self.region = Some(region.as_ref().to_owned());
        }
        // An address for STS alone comes before one for all services.
        let key = ServiceConfigKey::builder().service_id("STS").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let own = config.service_config().zip(key.ok()).and_then(|(settings, key)| settings.load_config(key));
        if let Some(url) = own.or_else(|| config.endpoint_url().map(str::to_owned)) {
            self.url = Some(url);
        }
        self.fips = config.use_fips().unwrap_or(self.fips);
        self.dual_stack = config.use_dual_stack().unwrap_or(self.dual_stack);
        self
    }
}

//! One call of STS, through the client of the AWS SDK.
//!
//! The SDK makes the request and reads the answer; the attempt sends it. Retries, time limits and caches of the SDK are
//! off: those are the engine's.

use aws_sdk_sts::Client;
use aws_sdk_sts::config::StalledStreamProtectionConfig;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Config, Credentials, FrameworkMetadata, IdentityCache, SharedHttpClient};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_async::time::StaticTimeSource;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tokenex_core::{Attempt, Error, ErrorKind, Result, Secret};

use crate::credentials::AwsCredentials;
use crate::endpoint::Endpoint;
use crate::errors::{self, Refused, Step};
use crate::http_client::{Sent, detour};
use crate::wire::sts as wire;

/// One call: what is asked, and what must not turn up in what an error repeats.
pub(crate) struct Call<'a> {
    pub(crate) step: Step,
    /// Signs the request. Without it the request goes out unsigned.
    pub(crate) signer: Option<&'a AwsCredentials>,
    /// Goes into the body, where the input of the operation has [`PLACEHOLDER`](crate::http_client::PLACEHOLDER).
    pub(crate) secret: Option<&'a Secret>,
}

/// What STS answered to a call that it did.
pub(crate) struct Answer<T> {
    pub(crate) output: T,
    step: Step,
    facts: Facts,
}

/// What an answer says beside its body.
struct Facts {
    status: StatusCode,
    headers: HeaderMap,
    request_id: Option<String>,
}

impl Call<'_> {
    /// Does it once. `operation` builds the request.
    ///
    /// # Errors
    /// Those of the transport, and the refusals of STS, classified.
    pub(crate) async fn send<T, E, F>(
        &self,
        endpoint: &Endpoint,
        cx: &Attempt,
        operation: impl FnOnce(Client) -> F,
    ) -> Result<Answer<T>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata,
    {
        let (http_client, outbox) = detour();
        let client = Client::from_conf(self.config(endpoint, cx, http_client));
        let hidden = self.hidden();
        let (outcome, sent) =
            outbox.serve(operation(client), self.secret, &hidden, |request| endpoint.send(cx, request)).await;
        let answered = match sent {
            Sent::Answered(response) => response,
            Sent::Failed(error) => return Err(self.named(error)),
            // What is wrong with a request is checked before it is made; the reason may quote what was to be sent.
            Sent::Nothing => {
                return Err(self.named(
                    Error::new(ErrorKind::Other, "the AWS SDK could not make the request")
                        .with_code("not_sent")
                        .with_advice("the log of aws_smithy_runtime at debug level says why"),
                ));
            }
        };
        let facts = Facts::of(&answered);
        let whole = wire::is_whole(answered.body());
        match outcome {
            Ok(output) if whole => Ok(Answer { output, step: self.step, facts }),
            Ok(_) => Err(self.refusal(cx, &facts, None::<&E>)),
            Err(error) => Err(self.refusal(cx, &facts, error.as_service_error().filter(|_| whole))),
        }
    }

    fn config(&self, endpoint: &Endpoint, cx: &Attempt, http_client: SharedHttpClient) -> Config {
        let mut config = endpoint
            .configure(Config::builder())
            .behavior_version(BehaviorVersion::latest())
            .http_client(http_client)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .disable_clock_skew_correction(true)
            // A signature is good for 15 minutes by AWS's clock, which may not be ours.
            .time_source(StaticTimeSource::new(cx.target_time()));
        if let Ok(name) = FrameworkMetadata::new("tokenex", Some(env!("CARGO_PKG_VERSION"))) {
            config = config.framework_metadata(name);
        }
        match self.signer {
            Some(signer) => config.credentials_provider(to_sdk(signer)).build(),
            None => config.build(),
        }
    }

    /// What was sent and is secret.
    fn hidden(&self) -> Vec<&Secret> {
        let signer = self.signer.into_iter();
        let signer = signer.flat_map(|signer| [signer.secret_access_key()].into_iter().chain(signer.session_token()));
        self.secret.into_iter().chain(signer).collect()
    }

    fn refusal(&self, cx: &Attempt, facts: &Facts, said: Option<&impl ProvideErrorMetadata>) -> Error {
        let refused = Refused {
            status: facts.status,
            code: said.and_then(|said| said.code()).filter(|code| !code.trim().is_empty()),
            message: said.and_then(|said| said.message()).unwrap_or_default(),
        };
        let secrets: Vec<&str> = self.hidden().into_iter().map(Secret::expose).collect();
        let error = facts.add_to(errors::refusal(self.step, &refused, &secrets));
        match errors::retry_after(&facts.headers).or_else(|| cx.retry_after(&facts.headers)) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }

    fn named(&self, error: Error) -> Error {
        error.with_provider("aws").with_step(self.step.name())
    }
}

impl<T> Answer<T> {
    /// Names provider, step and request in an error about this answer.
    pub(crate) fn blame(&self, error: Error) -> Error {
        let error = error.with_provider("aws").with_step(self.step.name()).with_status(self.facts.status);
        self.facts.add_to(error)
    }
}

impl Facts {
    fn of(response: &http::Response<Bytes>) -> Self {
        let in_header = response.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).map(str::to_owned);
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            // The SDK knows the header only.
            request_id: in_header.or_else(|| wire::request_id(response.body()).map(str::to_owned)),
        }
    }

    /// What AWS's support asks for.
    fn add_to(&self, mut error: Error) -> Error {
        if let Some(id) = &self.request_id {
            error = error.with_request_id(id);
        }
        if let Some(date) = self.headers.get(header::DATE).and_then(|date| date.to_str().ok()) {
            error = error.with_time(date);
        }
        error
    }
}

fn to_sdk(credentials: &AwsCredentials) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key().expose())
        .provider_name("tokenex");
    builder.set_session_token(credentials.session_token().map(|token| token.expose().to_owned()));
    builder.build()
}

//! The crate before moto, an emulator by other people: the wire format is AWS's, and the keys that come out work in the
//! official client. (moto takes any identity token for any role: the unhappy paths are the twin's.)

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{
    BehaviorVersion, Credentials, IdentityCache, ProvideCredentials, Region, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use tokenex_aws::{AssumeRole, IntoSdk as _, WebIdentity};
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Closure;
use tokenex_core::{AnyTransport, Transport as _};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::servers::Moto;

use crate::world::{PATIENCE, REGION, SECOND, scheduler};

/// The network for the official client, which brings none in this build.
#[derive(Debug, Clone)]
struct Network(AnyTransport);

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|e| ConnectorError::other(e.into(), None))?;
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let answer = transport.send(request, PATIENCE).await.map_err(|e| ConnectorError::io(e.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

/// The official client before this server.
fn official(moto: &Moto, credentials: impl ProvideCredentials + 'static) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(moto.url())
        .http_client(Network(AnyTransport::new(HttpTransport::new().unwrap())))
        .identity_cache(IdentityCache::no_cache())
        // All three want timers, which this build of it has none of.
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .credentials_provider(credentials);
    aws_sdk_sts::Client::from_conf(config.build())
}

#[tokio::test]
async fn the_keys_of_a_role_and_of_the_next_work_in_the_official_client() {
    let moto = Moto::start().await.unwrap();
    let (deployer, auditor) = (moto.role("deployer").await.unwrap(), moto.role("auditor").await.unwrap());
    let issuer = IssuerKeys::new("https://issuer.test");
    let token = issuer.token().subject("ci").audience("sts.amazonaws.com");
    let identity = Closure::plain(move |_| Ok(token.sign()));
    let scheduler = scheduler();
    let first = WebIdentity::builder(&deployer, identity).region(REGION).endpoint(moto.url()).session_name("ci");
    let first = scheduler.keep(first.build().unwrap());
    let next = AssumeRole::builder(&auditor, first.clone()).region(REGION).endpoint(moto.url()).session_name("audit");
    let next = scheduler.keep(next.build().unwrap());
    let (one, _) = (first.ready(PATIENCE).await.unwrap(), next.ready(PATIENCE).await.unwrap());

    moto.check_signatures().await.unwrap();
    for (handle, arn) in [
        (first.clone(), "arn:aws:sts::123456789012:assumed-role/deployer/ci"),
        (next, "arn:aws:sts::123456789012:assumed-role/auditor/audit"),
    ] {
        let answer = official(&moto, handle.into_sdk()).get_caller_identity().send().await.unwrap();
        assert_eq!(answer.arn(), Some(arn));
    }

    // That the server looks is shown by keys that are nearly right.
    let token = one.session_token().map(|token| token.expose().to_owned());
    let wrong = Credentials::new(one.access_key_id(), "x".repeat(40), token, None, "test");
    let refusal = official(&moto, wrong).get_caller_identity().send().await.unwrap_err();
    // Its refusals are not in the form of STS, so the client does not read the code.
    let said = refusal.raw_response().and_then(|answer| answer.body().bytes()).unwrap();
    assert!(String::from_utf8_lossy(said).contains("<Code>SignatureDoesNotMatch</Code>"), "{refusal:?}");
    scheduler.shutdown(SECOND).await;
}

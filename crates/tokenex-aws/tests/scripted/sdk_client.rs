//! A client of the AWS SDK, before a service that verifies signatures.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Builder, Config, Region, SharedAsyncSleep};
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use tokenex_aws::SdkCredentials;
use tokenex_core::Transport as _;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin as _;

use crate::world::{HOST, REGION, World};

/// A client with the SDK's own defaults, but for network, clock and what `change` says. Its service is the twin, on a
/// network of its own: STS can be slow while the service is not.
pub(crate) fn client(world: &World, credentials: SdkCredentials, change: impl FnOnce(Builder) -> Builder) -> Client {
    let network = InMemory::new();
    world.twin.route(&network, HOST);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .http_client(Network(network))
        .time_source(Clock(world.time.clone()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep))
        .credentials_provider(credentials);
    Client::from_conf(change(config).build())
}

/// Which access key the service sees now, and how long the request took.
pub(crate) async fn call(world: &World, client: &Client) -> (Result<String, String>, Duration) {
    let began = world.time.monotonic();
    let outcome = client.get_caller_identity().send().await;
    let took = world.time.monotonic() - began;
    (outcome.map(|_| world.last().signed_by).map_err(|error| format!("{error:?}")), took)
}

#[derive(Clone)]
struct Network(InMemory);

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let network = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().unwrap();
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap()));
            match network.send(request, Duration::from_secs(30)).await {
                Ok(response) => Ok(HttpResponse::try_from(response.map(SdkBody::from)).unwrap()),
                Err(error) => Err(ConnectorError::io(Box::new(error))),
            }
        })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

#[derive(Debug, Clone)]
struct Clock(TestClock);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.0.wall()
    }
}

#[derive(Debug)]
struct TokioSleep;

impl AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

/// What counts as no waiting at all: timers of the paused clock tick in milliseconds.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(20);

/// The error that tokenex has put into one of the SDK.
pub(crate) fn ours<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a tokenex_core::Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

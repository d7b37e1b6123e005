//! Asking the platform: one request, or for Arc the two of its protocol.

use std::path::PathBuf;

use bytes::Bytes;
use http::{Response, StatusCode};
use tokenex_core::{AnyTransport, Attempt, Error, ErrorKind, Moment, Result, Secret, Target};

use super::answer::Answer;
use super::call::{Call, Endpoint};
use super::platform::Platform;
use super::refusal::Refusal;
use super::selector::Selector;
use super::service_fabric::Pinned;
use super::variables::{Variables, bad};
use super::{app_service, arc, cloud_shell, imds, key_file, machine_learning, service_fabric};

/// Azure's name for one request, which its support asks for.
const REQUEST_ID: &str = "x-ms-request-id";

/// One identity at one platform.
pub(super) struct Exchange {
    pub(super) platform: Platform,
    pub(super) selector: Option<Selector>,
    /// Where requests went first.
    pub(super) target: Target,
    variables: Variables,
    pinned: Pinned,
    /// Another folder of Arc's keys than the one that belongs to its agent.
    #[cfg(test)]
    pub(super) key_folder: Option<PathBuf>,
}

impl Exchange {
    /// Checks that the platform can be asked for this identity.
    pub(super) fn new(platform: Platform, selector: Option<Selector>, variables: Variables) -> Result<Self> {
        let named = |error: Error| error.with_provider("azure").with_step(platform.step());
        let target = Target::new(endpoint(platform, &variables).map_err(named)?.origin());
        let exchange = Self {
            platform,
            selector,
            target,
            variables,
            pinned: Pinned::default(),
            #[cfg(test)]
            key_folder: None,
        };
        // The same as for a request: whatever would make each of them fail is better said now.
        exchange.call("x", None).and_then(|_| exchange.transport()).map_err(named)?;
        Ok(exchange)
    }

    /// Gets a token for this resource, and says when it was asked for.
    pub(super) async fn ask(&self, resource: &str, cx: &Attempt) -> Result<(Answer, Moment)> {
        self.exchange(resource, cx).await.map_err(|error| self.named(error))
    }

    /// Names provider and step.
    pub(super) fn named(&self, error: Error) -> Error {
        error.with_provider("azure").with_step(self.platform.step())
    }

    async fn exchange(&self, resource: &str, cx: &Attempt) -> Result<(Answer, Moment)> {
        let mut received = self.send(self.call(resource, None)?, cx).await?;
        if self.platform == Platform::Arc && received.response.status() == StatusCode::UNAUTHORIZED {
            let key = self.key(arc::challenge(received.response.headers())?).await?;
            received = self.send(self.call(resource, Some(key))?, cx).await?;
        }
        let Received { response, sent, secrets } = received;
        if response.status() == StatusCode::OK {
            let answer = Answer::read(response.body());
            return answer.map(|answer| (answer, sent)).map_err(|error| self.foreign(error));
        }
        Err(Refusal {
            platform: self.platform,
            named: self.selector.is_some(),
            status: response.status(),
            retry_after: cx.retry_after(response.headers()),
            request_id: response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()),
            body: response.body(),
            secrets: &secrets.iter().map(Secret::expose).collect::<Vec<_>>(),
        }
        .error())
    }

    async fn send(&self, call: Call, cx: &Attempt) -> Result<Received> {
        let sent = cx.moment();
        let outcome = match self.transport()? {
            Some(own) => cx.send_through(&own, call.request).await,
            None => cx.send(call.request).await,
        };
        let response = outcome.map_err(|error| match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Timeout => error.with_advice(self.platform.when_silent()),
            _ => error,
        })?;
        Ok(Received { response, sent, secrets: call.secrets })
    }

    fn call(&self, resource: &str, key: Option<Secret>) -> Result<Call> {
        let (variables, selector) = (&self.variables, self.selector.as_ref());
        match self.platform {
            Platform::Imds => imds::call(variables, selector, resource),
            Platform::AppService => app_service::call(variables, selector, resource),
            Platform::Arc => arc::call(variables, selector, resource, key),
            Platform::ServiceFabric => service_fabric::call(variables, selector, resource),
            Platform::CloudShell => cloud_shell::call(variables, selector, resource),
            Platform::MachineLearning => machine_learning::call(variables, selector, resource),
        }
    }

    /// Only where the platform's certificate asks for one of its own.
    fn transport(&self) -> Result<Option<AnyTransport>> {
        match self.platform {
            Platform::ServiceFabric => self.pinned.transport(&self.variables).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads Arc's key off the async threads: the disk may be slow.
    async fn key(&self, named: PathBuf) -> Result<Secret> {
        #[cfg(test)]
        let folder = self.key_folder.clone();
        #[cfg(not(test))]
        let folder = None;
        let folder = folder.map_or_else(|| key_file::folder(&self.variables), Ok)?;
        match tokio::task::spawn_blocking(move || key_file::read(&named, &folder)).await {
            Ok(read) => read,
            Err(_) => Err(bad("the agent's key file was not read, since the runtime is shutting down")),
        }
    }

    /// A 200 that is no token is somebody else's.
    fn foreign(&self, error: Error) -> Error {
        error.with_status(StatusCode::OK).with_code("foreign_answer").with_advice(self.platform.when_foreign())
    }
}

fn endpoint(platform: Platform, variables: &Variables) -> Result<Endpoint> {
    match platform {
        Platform::Imds => imds::endpoint(variables),
        Platform::AppService => app_service::endpoint(variables),
        Platform::Arc => arc::endpoint(variables),
        Platform::ServiceFabric => service_fabric::endpoint(variables),
        Platform::CloudShell => cloud_shell::endpoint(variables),
        Platform::MachineLearning => machine_learning::endpoint(variables),
    }
}

struct Received {
    response: Response<Bytes>,
    /// Just before the request was sent.
    sent: Moment,
    /// What the request held.
    secrets: Vec<Secret>,
}

#[cfg(test)]
mod tests;

//! The container credentials endpoint, of ECS and of whoever speaks its protocol.
//!
//! Source: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::machine::Machine;
use super::role::Role;
use crate::twins::faults::Faults;
use crate::twins::text::{ALPHANUMERIC, guid, random, secret};
use crate::twins::{Fault, Twin};

/// An endpoint that hands out sessions of one role, at one path, to those who know a token. Clones are the same endpoint.
#[derive(Clone)]
pub struct ContainerTwin(Arc<Endpoint>);

struct Endpoint {
    machine: Machine,
    path: String,
    token: Mutex<Option<String>>,
    faults: Faults,
}

impl Role {
    /// The endpoint of a container that runs as this role.
    pub fn container(&self) -> ContainerTwin {
        ContainerTwin(Arc::new(Endpoint {
            machine: Machine::new(self.clone(), &guid().replace('-', "")),
            path: format!("/v2/credentials/{}", guid()),
            token: Mutex::new(Some(secret("token of a container", random(32, ALPHANUMERIC)))),
            faults: Faults::default(),
        }))
    }
}

impl ContainerTwin {
    /// The path to ask at: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What the `Authorization` header must be, as it is: `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub fn token(&self) -> String {
        self.expected().clone().unwrap_or_default()
    }

    /// Another token from now on.
    pub fn rotate_token(&self) -> String {
        let token = secret("token of a container", random(32, ALPHANUMERIC));
        *self.expected() = Some(token.clone());
        token
    }

    /// Asks for no token, as ECS itself.
    pub fn without_token(&self) -> &Self {
        *self.expected() = None;
        self
    }

    /// Sessions last so long from now on. Six hours unless told.
    pub fn lifetime(&self, lifetime: Duration) -> &Self {
        self.0.machine.lifetime(lifetime);
        self
    }

    /// The same session is handed out again while it has so much left. Five minutes unless told.
    pub fn handed_out_until(&self, left: Duration) -> &Self {
        self.0.machine.handed_out_until(left);
        self
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
    }

    /// How many sessions it has begun.
    pub fn issued(&self) -> u64 {
        self.0.machine.issued()
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.method() != Method::GET || request.uri().path() != self.0.path {
            return refused(StatusCode::NOT_FOUND, "ResourceNotFound", "no credentials are registered under this path");
        }
        let sent = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        if self.expected().as_deref().is_some_and(|token| sent != Some(token)) {
            return refused(StatusCode::UNAUTHORIZED, "AccessDenied", "the authorization token is absent or wrong");
        }
        credentials(&self.0.machine)
    }

    fn expected(&self) -> MutexGuard<'_, Option<String>> {
        self.0.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twin for ContainerTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(|| self.judge(request), of_status)
    }
}

impl fmt::Debug for ContainerTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContainerTwin(of {})", self.0.machine.role().arn())
    }
}

/// The answer to a request that is in order.
pub(super) fn credentials(machine: &Machine) -> Response<Bytes> {
    match machine.credentials() {
        Some((mut members, _)) => {
            let role = machine.role().arn();
            members["RoleArn"] = json!(role);
            members["AccountId"] = json!(role.split(':').nth(4));
            super::json(StatusCode::OK, &members)
        }
        None => refused(StatusCode::BAD_REQUEST, "AssumeRoleUnauthorizedAccess", "the role cannot be assumed"),
    }
}

/// The error form of the protocol.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let body: Value = json!({ "Code": code, "Message": message });
    super::json(status, &body)
}

pub(super) fn of_status(status: StatusCode) -> Response<Bytes> {
    match status {
        StatusCode::TOO_MANY_REQUESTS => refused(status, "ThrottlingException", "Rate exceeded"),
        _ => refused(status, "InternalServerError", "Unable to generate credentials"),
    }
}

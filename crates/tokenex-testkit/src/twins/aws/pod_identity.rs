//! The agent of EKS Pod Identity.
//!
//! Source: docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

use super::container::{credentials, of_status, refused};
use super::machine::Machine;
use super::role::Role;
use crate::issuer::IssuerKeys;
use crate::twins::faults::Faults;
use crate::twins::issuers::audiences;
use crate::twins::text::epoch;
use crate::twins::{Fault, Twin};

/// The audience of the tokens that it takes.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// Hands out sessions of one role to pods of one service account, which prove themselves with a projected token of their
/// cluster. Clones are the same agent.
#[derive(Clone)]
pub struct PodIdentityTwin(Arc<Agent>);

struct Agent {
    machine: Machine,
    cluster: IssuerKeys,
    subject: String,
    faults: Faults,
}

impl Role {
    /// The agent on the nodes of a cluster that associates this role with a service account.
    pub fn pod_identity(&self, cluster: &IssuerKeys, namespace: &str, service_account: &str) -> PodIdentityTwin {
        PodIdentityTwin(Arc::new(Agent {
            machine: Machine::new(self.clone(), &format!("eks-{namespace}-{service_account}")),
            cluster: cluster.clone(),
            subject: format!("system:serviceaccount:{namespace}:{service_account}"),
            faults: Faults::default(),
        }))
    }
}

impl PodIdentityTwin {
    /// The path to ask at; the whole address is `http://169.254.170.23/v1/credentials`.
    pub const PATH: &str = "/v1/credentials";

    /// Sessions last so long from now on. Six hours unless told.
    pub fn lifetime(&self, lifetime: Duration) -> &Self {
        self.0.machine.lifetime(lifetime);
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
        if request.method() != Method::GET || request.uri().path() != Self::PATH {
            return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is nothing at this path");
        }
        let Some(token) = request.headers().get("authorization").and_then(|value| value.to_str().ok()) else {
            return refused(
                StatusCode::BAD_REQUEST,
                "InvalidParameterException",
                "Service account token cannot be empty",
            );
        };
        match self.check(token) {
            Ok(()) => credentials(&self.0.machine),
            Err(Refused::Expired) => refused(
                StatusCode::BAD_REQUEST,
                "ExpiredTokenException",
                "The token included in the request is expired",
            ),
            Err(Refused::Token) => refused(
                StatusCode::BAD_REQUEST,
                "InvalidTokenException",
                "The token included in the request is invalid",
            ),
            Err(Refused::Association) => refused(
                StatusCode::NOT_FOUND,
                "ResourceNotFoundException",
                "No association found for the service account of the token in this cluster",
            ),
        }
    }

    fn check(&self, token: &str) -> Result<(), Refused> {
        let claims: Value = self.0.cluster.verify(token).map_err(|_| Refused::Token)?;
        if claims["iss"] != self.0.cluster.issuer() || !audiences(&claims).contains(&AUDIENCE) {
            return Err(Refused::Token);
        }
        if claims["exp"].as_u64().is_none_or(|end| end <= epoch(self.0.machine.now())) {
            return Err(Refused::Expired);
        }
        if claims["sub"] == *self.0.subject { Ok(()) } else { Err(Refused::Association) }
    }
}

enum Refused {
    Token,
    Expired,
    Association,
}

impl Twin for PodIdentityTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(|| self.judge(request), of_status)
    }
}

impl fmt::Debug for PodIdentityTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PodIdentityTwin(of {})", self.0.machine.role().arn())
    }
}

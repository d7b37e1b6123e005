//! Clusters of OKE, which hand session tokens to pods.
//!
//! Oracle does not document this endpoint, which its clients call the proxymux; this is what they send and read.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::answer;
use super::cloud::{OciTwin, ocid};
use super::public_key::PublicKey;
use super::tokens::members;
use crate::issuer::IssuerKeys;
use crate::twins::faults::Faults;
use crate::twins::text::epoch;
use crate::twins::{Fault, Twin};

/// How long the tokens of pods live unless told.
const LIFETIME: Duration = Duration::from_secs(1200);

/// A cluster of OKE. As a [`Twin`] it is port 12250 of the API server, to be [served over https](Twin::serve_tls). Clones
/// are the same cluster.
#[derive(Clone)]
pub struct ClusterTwin {
    oci: OciTwin,
    cluster: Arc<Cluster>,
}

struct Cluster {
    ocid: String,
    service_accounts: IssuerKeys,
    settings: Mutex<Settings>,
    faults: Faults,
}

struct Settings {
    enhanced: bool,
    lifetime: Duration,
    issued: u64,
}

impl OciTwin {
    /// A new, enhanced cluster, whose service accounts have tokens of this issuer.
    pub fn cluster(&self, service_accounts: &IssuerKeys) -> ClusterTwin {
        let cluster = Cluster {
            ocid: ocid("cluster"),
            service_accounts: service_accounts.clone(),
            settings: Mutex::new(Settings { enhanced: true, lifetime: LIFETIME, issued: 0 }),
            faults: Faults::default(),
        };
        ClusterTwin { oci: self.clone(), cluster: Arc::new(cluster) }
    }
}

impl ClusterTwin {
    /// The cluster's OCID: `cluster_id` of its pods' tokens.
    pub fn ocid(&self) -> &str {
        &self.cluster.ocid
    }

    /// Whether it is an enhanced cluster; a basic one refuses. It is unless told.
    pub fn enhanced(&self, enhanced: bool) -> &Self {
        self.settings().enhanced = enhanced;
        self
    }

    /// Session tokens live so long from now on. 20 minutes unless told.
    pub fn token_lifetime(&self, lifetime: Duration) -> &Self {
        self.settings().lifetime = lifetime;
        self
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.cluster.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.cluster.faults.heal();
    }

    /// How many session tokens it has handed out.
    pub fn issued(&self) -> u64 {
        self.settings().issued
    }

    fn judge(&self, request: &Request<Bytes>) -> Result<String, StatusCode> {
        if (request.method(), request.uri().path()) != (&Method::POST, "/resourcePrincipalSessionTokens") {
            return Err(StatusCode::NOT_FOUND);
        }
        let now = self.oci.now();
        let service_account = self.service_account(request, now).ok_or(StatusCode::UNAUTHORIZED)?;
        let (enhanced, lifetime) = {
            let settings = self.settings();
            (settings.enhanced, settings.lifetime)
        };
        if !enhanced {
            return Err(StatusCode::FORBIDDEN);
        }
        let body: Value = serde_json::from_slice(request.body()).map_err(|_| StatusCode::BAD_REQUEST)?;
        let key = body["podKey"].as_str().and_then(PublicKey::from_base64).ok_or(StatusCode::BAD_REQUEST)?;
        let mut state = self.oci.state();
        let (namespace, name) = service_account.split_once(':').ok_or(StatusCode::UNAUTHORIZED)?;
        let claims = json!({
            "sub": self.cluster.ocid,
            "tenant": state.tenancy,
            "res_tenant": state.tenancy,
            "res_type": "workload",
            "ttype": "rpst",
            "cluster_id": self.cluster.ocid,
            "namespace": namespace,
            "service_account": name,
        });
        let token = state.tokens.issue(members(claims), key, now, lifetime);
        self.settings().issued += 1;
        Ok(STANDARD.encode(json!({ "token": format!("ST${token}") }).to_string()))
    }

    /// Namespace and name of the service account whose token the request carries, with a colon between them.
    fn service_account(&self, request: &Request<Bytes>, now: SystemTime) -> Option<String> {
        let jwt = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let claims = self.cluster.service_accounts.verify(jwt).ok()?;
        let good = claims["iss"] == self.cluster.service_accounts.issuer() && claims["exp"].as_u64()? > epoch(now);
        let subject = claims["sub"].as_str()?.strip_prefix("system:serviceaccount:")?;
        good.then(|| subject.to_owned())
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.cluster.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twin for ClusterTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.oci.now();
        let refused = |status| {
            let mut response = answer::bytes(Bytes::new(), "text/plain", now);
            *response.status_mut() = status;
            response
        };
        let truly = || match self.judge(request) {
            Ok(body) => answer::bytes(Bytes::from(body), "text/plain", now),
            Err(status) => refused(status),
        };
        answer::named(self.cluster.faults.answer(truly, refused), &answer::request_id(request))
    }
}

impl fmt::Debug for ClusterTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClusterTwin({})", self.cluster.ocid)
    }
}

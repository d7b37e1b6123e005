//! Compute instances, and their metadata service, version 2.
//!
//! Source: docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::answer;
use super::certificate::Leaf;
use super::cloud::{OciTwin, ocid};
use super::domain::IdentityDomain;
use super::state::{InstanceState, State};
use crate::twins::faults::Faults;
use crate::twins::{Fault, Twin};

/// The life of an instance's certificate unless told.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A compute instance. As a [`Twin`] it is the metadata service at `169.254.169.254`, which hands out a certificate with its
/// key; the [federation endpoint](OciTwin) makes session tokens of them. Clones are the same instance.
#[derive(Clone)]
pub struct InstanceTwin {
    oci: OciTwin,
    ocid: String,
    region: String,
    faults: Arc<Faults>,
}

impl OciTwin {
    /// A new instance in this region, such as `eu-frankfurt-1`.
    pub fn instance(&self, region: &str) -> InstanceTwin {
        let instance = InstanceState {
            ocid: ocid("instance"),
            compartment: ocid("compartment"),
            leaves: Vec::new(),
            certificate_life: CERTIFICATE_LIFE,
            token_lifetime: None,
        };
        let name = instance.ocid.clone();
        self.state().instances.push(instance);
        InstanceTwin { oci: self.clone(), ocid: name, region: region.to_owned(), faults: Arc::default() }
    }
}

impl IdentityDomain {
    /// This instance may ask for tokens in place of an application, by signing the request.
    pub fn allow_instance(&self, instance: &InstanceTwin) -> &Self {
        self.edit(|domain| domain.instances.push(instance.ocid.clone()))
    }
}

impl InstanceTwin {
    /// The instance's OCID: the `sub` of its session tokens.
    pub fn ocid(&self) -> &str {
        &self.ocid
    }

    /// Its session tokens live so long from now on. 20 minutes unless told.
    pub fn token_lifetime(&self, lifetime: Duration) -> &Self {
        self.edit(|_, instance| instance.token_lifetime = Some(lifetime))
    }

    /// Certificates made from now on live so long; a new one is handed out at half of it. A day unless told.
    pub fn certificate_life(&self, lifetime: Duration) -> &Self {
        self.edit(|_, instance| instance.certificate_life = lifetime)
    }

    /// Hands out another certificate from now on. The one before stays good until its end.
    pub fn rotate_certificate(&self) -> &Self {
        let now = self.oci.now();
        self.edit(|state, instance| new_leaf(state, instance, now))
    }

    /// No certificate that was handed out is good from now on.
    pub fn revoke_certificates(&self) -> &Self {
        self.edit(|_, instance| instance.leaves.clear())
    }

    /// What happens to the next requests to the metadata service, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.faults.heal();
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.oci.now();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let path = request.uri().path().trim_end_matches('/');
        let Some(path) = path.strip_prefix("/opc/v2").filter(|_| request.method() == Method::GET) else {
            return refused(StatusCode::NOT_FOUND, now);
        };
        // Version 2 refuses whoever lacks this header, and whoever comes by way of a proxy.
        if header(AUTHORIZATION.as_str()) != Some("Bearer Oracle") || header("x-forwarded-for").is_some() {
            return refused(StatusCode::FORBIDDEN, now);
        }
        let text = |text: String| answer::bytes(Bytes::from(text), "text/plain", now);
        match path {
            "/instance/region" | "/instance/canonicalRegionName" => text(self.region.clone()),
            "/instance/regionInfo" => {
                let info = json!({
                    "realmDomainComponent": "oraclecloud.com",
                    "realmKey": "oc1",
                    "regionIdentifier": self.region,
                    "regionKey": "FRA",
                });
                answer::json(StatusCode::OK, &info, now)
            }
            "/instance/id" => text(self.ocid.clone()),
            "/identity/cert.pem" => text(self.with_leaf(now, |leaf| leaf.pem.clone())),
            "/identity/key.pem" => text(self.with_leaf(now, |leaf| leaf.pair.pkcs1_pem.clone())),
            "/identity/intermediate.pem" => text(self.oci.state().authority().pem.clone()),
            _ => refused(StatusCode::NOT_FOUND, now),
        }
    }

    fn with_leaf<R>(&self, now: SystemTime, look: impl FnOnce(&Leaf) -> R) -> R {
        let mut found = None;
        self.edit(|state, instance| {
            let young =
                |leaf: &&Leaf| now < leaf.made_at + (leaf.ends_at.duration_since(leaf.made_at).unwrap_or_default() / 2);
            if instance.leaves.last().filter(young).is_none() {
                new_leaf(state, instance, now);
            }
            found = instance.leaves.last().map(look);
        });
        found.expect("one was just made")
    }

    fn edit(&self, change: impl FnOnce(&mut State, &mut InstanceState)) -> &Self {
        let mut state = self.oci.state();
        let mut instances = std::mem::take(&mut state.instances);
        let instance = instances.iter_mut().find(|instance| instance.ocid == self.ocid);
        change(&mut state, instance.expect("instances are never taken away"));
        state.instances = instances;
        self
    }
}

/// Keeps those that are still good, and no others.
fn new_leaf(state: &mut State, instance: &mut InstanceState, now: SystemTime) {
    instance.leaves.retain(|leaf| leaf.ends_at > now);
    let tenancy = state.tenancy.clone();
    let leaf = state.authority().leaf(&instance.ocid, &tenancy, now, instance.certificate_life);
    instance.leaves.push(leaf);
}

fn refused(status: StatusCode, now: SystemTime) -> Response<Bytes> {
    let mut response = answer::bytes(Bytes::new(), "text/plain", now);
    *response.status_mut() = status;
    response
}

impl Twin for InstanceTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.faults.answer(|| self.judge(request), |status| refused(status, self.oci.now()))
    }
}

impl fmt::Debug for InstanceTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceTwin({})", self.ocid)
    }
}

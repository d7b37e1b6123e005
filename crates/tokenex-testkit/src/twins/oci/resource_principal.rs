//! Resource principals, version 2.2: a platform hands a function its token and key in variables or files.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::cloud::{OciTwin, ocid};
use super::keys::KeyPair;
use super::tokens::members;

/// A resource with an identity of its own, such as a function, and the platform that gives it tokens. Clones are the same
/// resource.
#[derive(Debug, Clone)]
pub struct ResourcePrincipal {
    oci: OciTwin,
    ocid: String,
    resource_type: String,
    compartment: String,
}

/// What the platform hands out: a session token and the key that it is bound to.
pub struct ResourceSession {
    token: String,
    pair: Arc<KeyPair>,
}

impl OciTwin {
    /// A new resource of this type, such as `fnfunc`, in a compartment of its own.
    pub fn resource_principal(&self, resource_type: &str) -> ResourcePrincipal {
        ResourcePrincipal {
            oci: self.clone(),
            ocid: ocid(resource_type),
            resource_type: resource_type.to_owned(),
            compartment: ocid("compartment"),
        }
    }
}

impl ResourcePrincipal {
    /// The resource's OCID: the `sub` of its session tokens.
    pub fn ocid(&self) -> &str {
        &self.ocid
    }

    /// The OCID of its compartment: the `res_compartment` of its session tokens.
    pub fn compartment(&self) -> &str {
        &self.compartment
    }

    /// A new token with a key, as the platform puts them into `OCI_RESOURCE_PRINCIPAL_RPST` and
    /// `OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM`, or into the files that these name.
    pub fn session(&self, lifetime: Duration) -> ResourceSession {
        let (pair, now) = (KeyPair::pooled(), self.oci.now());
        let mut state = self.oci.state();
        let claims = json!({
            "sub": self.ocid,
            "tenant": state.tenancy,
            "res_tenant": state.tenancy,
            "res_compartment": self.compartment,
            "res_id": self.ocid,
            "res_type": self.resource_type,
            "ttype": "res_sp",
        });
        let token = state.tokens.issue(members(claims), pair.public.clone(), now, lifetime);
        ResourceSession { token, pair }
    }
}

impl ResourceSession {
    /// The session token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The private key, PKCS#8 PEM.
    pub fn private_pem(&self) -> String {
        self.pair.pkcs8_pem()
    }

    /// The same key, PKCS#1 PEM (`-----BEGIN RSA PRIVATE KEY-----`).
    pub fn private_pkcs1_pem(&self) -> String {
        self.pair.pkcs1_pem.clone()
    }
}

impl fmt::Debug for ResourceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceSession")
    }
}

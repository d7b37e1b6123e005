use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Admin;
use crate::servers::ServerError;

/// How the server checks the signature of an identity token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JwtTrust {
    /// It asks the issuer for its keys (OIDC discovery).
    Discovery {
        /// The issuer's URL, exactly as in the `iss` claim.
        url: String,
        /// The authority of an https issuer, as PEM.
        ca_pem: Option<String>,
    },
    /// It knows the keys: no issuer needs to run.
    PublicKeys {
        /// Public keys, as PEM.
        pems: Vec<String>,
    },
}

impl Admin {
    /// Enables JWT auth at a mount such as `jwt`.
    ///
    /// # Errors
    /// If the server refuses. With [`JwtTrust::Discovery`] it asks the issuer at
    /// once and refuses when that does not answer.
    pub async fn enable_jwt(&self, mount: &str, trust: &JwtTrust) -> Result<(), ServerError> {
        self.write(&format!("sys/auth/{mount}"), &json!({"type": "jwt"})).await?;
        self.trust(mount, trust).await
    }

    /// Changes whom an enabled JWT mount trusts.
    ///
    /// # Errors
    /// As [`Admin::enable_jwt`].
    pub async fn trust(&self, mount: &str, trust: &JwtTrust) -> Result<(), ServerError> {
        let config = match trust {
            JwtTrust::Discovery { url, ca_pem } => json!({
                "oidc_discovery_url": url,
                "oidc_discovery_ca_pem": ca_pem.clone().unwrap_or_default(),
                "bound_issuer": url,
            }),
            JwtTrust::PublicKeys { pems } => json!({"jwt_validation_pubkeys": pems}),
        };
        self.write(&format!("auth/{mount}/config"), &config).await.map(drop)
    }

    /// Writes a login role.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn jwt_role(&self, mount: &str, role: &JwtRole) -> Result<(), ServerError> {
        let path = format!("auth/{mount}/role/{}", role.name);
        self.write(&path, &Value::Object(role.body.clone())).await.map(drop)
    }
}

/// Who may log in, and what the login token is like. The token's user is the
/// `sub` claim.
#[derive(Clone, Debug)]
#[must_use]
pub struct JwtRole {
    name: String,
    body: Map<String, Value>,
}

impl JwtRole {
    /// A role for tokens with this audience.
    pub fn new(name: &str, audience: &str) -> Self {
        let mut body = Map::new();
        body.insert("role_type".to_owned(), json!("jwt"));
        body.insert("user_claim".to_owned(), json!("sub"));
        body.insert("bound_audiences".to_owned(), json!([audience]));
        Self { name: name.to_owned(), body }
    }

    /// Only this subject.
    pub fn subject(self, subject: &str) -> Self {
        self.field("bound_subject", json!(subject))
    }

    /// The policies of the login token, besides `default`.
    pub fn policies(self, policies: &[&str]) -> Self {
        self.field("token_policies", json!(policies))
    }

    /// How long a login lasts, and a renewal at most. Renewals alone never end:
    /// set [`JwtRole::token_max_ttl`] to see new logins.
    pub fn token_ttl(self, ttl: Duration) -> Self {
        self.field("token_ttl", json!(seconds(ttl)))
    }

    /// After how long renewals end.
    pub fn token_max_ttl(self, ttl: Duration) -> Self {
        self.field("token_max_ttl", json!(seconds(ttl)))
    }

    /// Batch tokens: not renewable, not revocable.
    pub fn batch(self) -> Self {
        self.field("token_type", json!("batch"))
    }

    /// Any other field of the role, see the server's API documentation.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.body.insert(name.to_owned(), value);
        self
    }
}

/// Durations go as text with a unit; the server's resolution is a second.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

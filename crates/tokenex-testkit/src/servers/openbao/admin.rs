use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Client, Method};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};

use crate::servers::ServerError;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A client with the root token.
///
/// It prepares a server and looks behind the scene; it is no example of how a
/// program should talk to one. Paths come without `/v1/`.
#[derive(Clone)]
pub struct Admin {
    client: Client,
    address: String,
    token: String,
}

impl Admin {
    pub(super) fn new(address: String, token: String, ca_pem: Option<&str>) -> Result<Self, ServerError> {
        let failed = |why: String| ServerError::new(format!("cannot make an HTTP client: {why}"));
        let mut roots = rustls::RootCertStore::empty();
        for certificate in ca_pem.map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes())).into_iter().flatten() {
            roots.add(certificate.map_err(|e| failed(e.to_string()))?).map_err(|e| failed(e.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_WITHIN)
            .build()
            .map_err(|e| failed(e.to_string()))?;
        Ok(Self { client, address, token })
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The root token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Reads a path.
    ///
    /// # Errors
    /// If there is no answer, or the server refuses; the text tells its status
    /// and its own words.
    pub async fn read(&self, path: &str) -> Result<Value, ServerError> {
        self.call(Method::GET, path, None).await
    }

    /// Writes to a path. The answer is null where the server sends none.
    ///
    /// # Errors
    /// As [`Admin::read`].
    pub async fn write(&self, path: &str, body: &Value) -> Result<Value, ServerError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Deletes a path.
    ///
    /// # Errors
    /// As [`Admin::read`].
    pub async fn delete(&self, path: &str) -> Result<Value, ServerError> {
        self.call(Method::DELETE, path, None).await
    }

    /// Lists the keys below a path. An empty list is no error here, although the
    /// server answers 404 for one.
    ///
    /// # Errors
    /// As [`Admin::read`].
    pub async fn list(&self, path: &str) -> Result<Vec<String>, ServerError> {
        let (status, answer) = self.send(Method::GET, &format!("{path}?list=true"), None).await?;
        if status == 404 {
            return Ok(Vec::new());
        }
        let answer = accepted("LIST", path, status, answer)?;
        let keys = answer["data"]["keys"].as_array();
        Ok(keys.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect())
    }

    /// Mounts a secrets engine, for example
    /// `mount("kv1", "kv", json!({"version": "1"}))`.
    ///
    /// # Errors
    /// As [`Admin::read`].
    pub async fn mount(&self, path: &str, kind: &str, options: Value) -> Result<(), ServerError> {
        let body = json!({"type": kind, "options": options});
        self.write(&format!("sys/mounts/{path}"), &body).await.map(drop)
    }

    /// Writes a policy in the server's own language.
    ///
    /// # Errors
    /// As [`Admin::read`].
    pub async fn policy(&self, name: &str, rules: &str) -> Result<(), ServerError> {
        let body = json!({"policy": rules});
        self.write(&format!("sys/policies/acl/{name}"), &body).await.map(drop)
    }

    pub(super) async fn live_token_accessors(&self) -> Result<Vec<String>, ServerError> {
        let own = self.read("auth/token/lookup-self").await?;
        let mut accessors = self.list("auth/token/accessors").await?;
        accessors.retain(|accessor| own["data"]["accessor"] != accessor.as_str());
        Ok(accessors)
    }

    pub(super) async fn is_healthy(&self) -> bool {
        matches!(self.send(Method::GET, "sys/health", None).await, Ok((200, _)))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ServerError> {
        let name = method.to_string();
        let (status, answer) = self.send(method, path, body).await?;
        accepted(&name, path, status, answer)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), ServerError> {
        let unanswered =
            |e: reqwest::Error| ServerError::new(format!("no answer from {}/v1/{path}: {e}", self.address));
        let mut request = self
            .client
            .request(method, format!("{}/v1/{path}", self.address))
            .header("x-vault-token", &self.token)
            .header("x-vault-request", "true");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(unanswered)?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}

fn accepted(method: &str, path: &str, status: u16, answer: Value) -> Result<Value, ServerError> {
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let errors: Vec<_> = answer["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Err(ServerError::new(format!("OpenBao answered {status} to {method} {path}: {}", errors.join("; "))))
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("address", &self.address).finish_non_exhaustive()
    }
}

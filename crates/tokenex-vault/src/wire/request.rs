//! What is sent.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokenex_core::{Error, ErrorKind, IdentityToken, Result};

/// A path below `/v1/`, percent-encoded and without slashes at its ends.
///
/// Names of secrets may hold any character, so each segment is encoded; a `?` in a name can never begin a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(String);

/// The unreserved characters of RFC 3986 section 2.3, and the slash between segments.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

impl Path {
    /// Reads a path as people write it: slashes at the ends do not matter.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let text = text.trim_matches('/');
        if text.is_empty() || text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(Error::new(ErrorKind::Configuration, "the path of a secret or mount is not usable")
                .with_code("path")
                .with_advice(
                    "write it as the command line tools do, such as database/creds/app, without empty or dot segments",
                ));
        }
        Ok(Self(utf8_percent_encode(text, KEPT).to_string()))
    }

    /// This path, and another below it.
    pub(crate) fn join(&self, below: &Path) -> Self {
        Self(format!("{}/{}", self.0, below.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold an identity token or anything that is written.
        write!(f, "{} {}", self.method, self.path)
    }
}

/// One request, without what all requests share (address, namespace, token).
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below `/v1/`, encoded.
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

impl Call {
    fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: Bytes::new() }
    }

    fn post(path: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: Bytes::from(body.to_string()) }
    }

    /// Logs in at `auth/{mount}`. The identity travels in the body; there is no token yet.
    pub(crate) fn login(mount: &Path, role: &str, identity: &IdentityToken) -> Self {
        let body = json!({ "role": role, "jwt": identity.secret().expose() });
        Self::post(format!("auth/{}/login", mount.as_str()), &body)
    }

    /// Without an increment the server goes by the token's own period or TTL, which is what its role asked for.
    pub(crate) fn renew_self() -> Self {
        Self::post("auth/token/renew-self", &json!({}))
    }

    pub(crate) fn revoke_self() -> Self {
        Self::post("auth/token/revoke-self", &json!({}))
    }

    pub(crate) fn lookup_self() -> Self {
        Self::get("auth/token/lookup-self")
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self::get(path.as_str())
    }

    pub(crate) fn write(path: &Path, body: Bytes) -> Self {
        Self { method: Method::POST, path: path.as_str().to_owned(), body }
    }

    /// This request with one more parameter in its query.
    pub(crate) fn with_query(mut self, name: &str, value: &str) -> Self {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&format!("{}={}", encode(name), encode(value)));
        self
    }

    /// The increment is counted from now and can shorten, so the first duration is asked for again.
    pub(crate) fn renew_lease(id: &str, increment: Duration) -> Self {
        Self::post("sys/leases/renew", &json!({ "lease_id": id, "increment": increment.as_secs() }))
    }

    /// `sync` makes the server answer after the work is done: without it, 204 says nothing about the secret.
    pub(crate) fn revoke_lease(id: &str) -> Self {
        Self::post("sys/leases/revoke", &json!({ "lease_id": id, "sync": true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(call: &Call) -> Value {
        serde_json::from_slice(&call.body).unwrap()
    }

    #[test]
    fn the_identity_travels_in_the_body() {
        let identity = IdentityToken::new("e30.e30.c2ln").unwrap();
        let call = Call::login(&Path::new("/jwt/ci/").unwrap(), "app", &identity);
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "auth/jwt/ci/login"));
        assert_eq!(body(&call), json!({"role": "app", "jwt": "e30.e30.c2ln"}));
    }

    #[test]
    fn a_lease_is_named_in_the_body_as_it_came() {
        let call = Call::renew_lease("database/creds/a b/x.ns1", Duration::from_secs(60));
        assert_eq!(call.path, "sys/leases/renew");
        assert_eq!(body(&call), json!({"lease_id": "database/creds/a b/x.ns1", "increment": 60}));
        assert_eq!(body(&Call::revoke_lease("l"))["sync"], json!(true));
    }

    #[test]
    fn a_query_is_encoded() {
        let call = Call::read(&Path::new("a/b").unwrap()).with_query("ttl", "1h").with_query("x&", "=1");
        assert_eq!(call.path, "a/b?ttl=1h&x%26=%3D1");
    }

    #[test]
    fn a_path_cannot_leave_its_place_or_begin_a_query() {
        assert_eq!(Path::new("/secret/data/a b/ü?x#y%").unwrap().as_str(), "secret/data/a%20b/%C3%BC%3Fx%23y%25");
        for bad in ["", "/", "a//b", "a/../b", "./a"] {
            assert_eq!(Path::new(bad).unwrap_err().kind(), ErrorKind::Configuration, "{bad}");
        }
    }
}

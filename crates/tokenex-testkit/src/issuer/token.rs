//! Tokens with any claims, good and bad.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::key::Algorithm;
use super::keys::IssuerKeys;
use crate::canary::whole_run;

/// How long a token lives unless told: as Kubernetes' shortest.
const LIFETIME: Duration = Duration::from_secs(600);

/// A token in the making; [`sign`](Self::sign) ends it. It can be signed any number of times, each with a `jti` of its
/// own, so a builder is also a token source for a closure.
///
/// Unless told otherwise the token has the issuer's `iss`, the subject `workload`, `iat` now, `exp` in 10 minutes, a
/// unique `jti`, no `aud`, and is signed with ES256 by the issuer's current key.
///
/// ```
/// use std::time::Duration;
/// # let issuer = tokenex_testkit::issuer::IssuerKeys::new("https://issuer.test");
/// let token = issuer.token().subject("ci").audience("vault");
/// let good = token.clone().lifetime(Duration::from_secs(60)).claim("project", "tokenex").sign();
/// let endless = token.clone().without("exp").sign();
/// let forged = token.forged().sign();
/// assert!(issuer.verify(&good).is_ok() && issuer.verify(&endless).is_ok() && issuer.verify(&forged).is_err());
/// ```
#[derive(Debug, Clone)]
#[must_use = "a token is made by `sign`"]
pub struct TokenBuilder {
    keys: IssuerKeys,
    algorithm: Algorithm,
    signer: Signer,
    subject: String,
    audiences: Vec<String>,
    issued_at: Option<SystemTime>,
    lifetime: Duration,
    changes: Vec<(String, Option<Value>)>,
    header: Vec<(String, Option<Value>)>,
}

#[derive(Debug, Clone, Copy)]
enum Signer {
    Issuer,
    /// Somebody else who claims the issuer's key id.
    Forger,
    /// Nobody: `alg` is `none` and the signature empty.
    Nobody,
}

impl TokenBuilder {
    pub(super) fn new(keys: IssuerKeys) -> Self {
        Self {
            keys,
            algorithm: Algorithm::Es256,
            signer: Signer::Issuer,
            subject: "workload".to_owned(),
            audiences: Vec::new(),
            issued_at: None,
            lifetime: LIFETIME,
            changes: Vec::new(),
            header: Vec::new(),
        }
    }

    /// The `sub` claim.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Adds to the `aud` claim: one is a text, several are a list.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// From `iat` to `exp`.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The `iat` claim; `exp` follows from the lifetime. In the past it makes an expired token.
    pub fn issued_at(mut self, at: SystemTime) -> Self {
        self.issued_at = Some(at);
        self
    }

    /// A token whose life ended so long ago.
    pub fn expired_since(mut self, ago: Duration) -> Self {
        self.issued_at = Some(self.keys.now() - ago - self.lifetime);
        self
    }

    /// The `nbf` claim.
    pub fn not_before(self, at: SystemTime) -> Self {
        self.claim("nbf", seconds(at))
    }

    /// Sets any claim, the usual ones too. Applied in order, after all else.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.push((name.into(), Some(value.into())));
        self
    }

    /// Leaves a claim out: `without("exp")`.
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.changes.push((name.into(), None));
        self
    }

    /// Sets a member of the header, say an unknown `kid`. Applied after all else.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.push((name.into(), Some(value.into())));
        self
    }

    /// Leaves a member of the header out: `without_header("kid")`.
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.header.push((name.into(), None));
        self
    }

    /// Signs with this algorithm.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Signs with a key that the issuer never published, under the `kid` of one that it did.
    pub fn forged(mut self) -> Self {
        self.signer = Signer::Forger;
        self
    }

    /// Does not sign: `alg` is `none` and the third part is empty (RFC 7519 section 6).
    pub fn unsigned(mut self) -> Self {
        self.signer = Signer::Nobody;
        self
    }

    /// The compact token.
    pub fn sign(&self) -> String {
        let published = self.keys.key(self.algorithm);
        let (algorithm, key) = match self.signer {
            Signer::Issuer => (self.algorithm.name(), Some(published.clone())),
            Signer::Forger => (self.algorithm.name(), Some(self.keys.stranger(self.algorithm))),
            Signer::Nobody => ("none", None),
        };
        let header = changed(json!({"alg": algorithm, "typ": "JWT", "kid": published.kid()}), &self.header);
        let signed = format!("{}.{}", encode(&header), encode(&self.claims()));
        let signature = key.map(|key| key.sign(signed.as_bytes())).unwrap_or_default();
        whole_run::secret("token of an issuer", format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn claims(&self) -> Value {
        let issued_at = self.issued_at.unwrap_or_else(|| self.keys.now());
        let mut claims = json!({
            "iss": self.keys.issuer(),
            "sub": self.subject,
            "iat": seconds(issued_at),
            "exp": seconds(issued_at + self.lifetime),
            "jti": format!("{:032x}", fastrand::u128(..)),
        });
        match self.audiences.as_slice() {
            [] => {}
            [one] => claims["aud"] = json!(one),
            several => claims["aud"] = json!(several),
        }
        changed(claims, &self.changes)
    }
}

fn changed(value: Value, changes: &[(String, Option<Value>)]) -> Value {
    let mut members: Map<String, Value> = match value {
        Value::Object(members) => members,
        _ => unreachable!("headers and claims are objects"),
    };
    for (name, value) in changes {
        match value {
            Some(value) => members.insert(name.clone(), value.clone()),
            None => members.remove(name),
        };
    }
    Value::Object(members)
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A NumericDate (RFC 7519 section 2), in whole seconds; times before 1970 are negative.
fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    }
}

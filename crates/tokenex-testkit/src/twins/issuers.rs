//! The foreign issuers whose published keys a twin can read.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::issuer::{IssuerKeys, VerifyError, verify_with_jwks};

/// The issuers by name. An issuer that nobody named cannot be read, like one that is down.
#[derive(Default)]
pub(super) struct Issuers {
    known: HashMap<String, Published>,
    down: HashSet<String>,
}

enum Published {
    Keys(IssuerKeys),
    Jwks(Value),
}

/// Why the keys of an issuer do not vouch for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotVerified {
    /// Discovery or keys cannot be read.
    IssuerDown,
    Token(VerifyError),
}

impl Issuers {
    pub(super) fn reach(&mut self, issuer: &IssuerKeys) {
        self.known.insert(issuer.issuer().to_owned(), Published::Keys(issuer.clone()));
    }

    pub(super) fn reach_jwks(&mut self, issuer: &str, jwks: Value) {
        self.known.insert(issuer.to_owned(), Published::Jwks(jwks));
    }

    pub(super) fn set_down(&mut self, issuer: &str, down: bool) {
        if down {
            self.down.insert(issuer.to_owned());
        } else {
            self.down.remove(issuer);
        }
    }

    /// Checks the signature with the keys that the issuer publishes, and returns the claims.
    pub(super) fn verify(&self, issuer: &str, jwt: &str) -> Result<Value, NotVerified> {
        let published = self.known.get(issuer).filter(|_| !self.down.contains(issuer));
        match published {
            None => Err(NotVerified::IssuerDown),
            Some(Published::Keys(keys)) => keys.verify(jwt).map_err(NotVerified::Token),
            Some(Published::Jwks(jwks)) => verify_with_jwks(jwks, jwt).map_err(NotVerified::Token),
        }
    }
}

/// Header and claims before anybody has checked them: good for finding out whose keys to ask.
pub(super) fn unverified(jwt: &str) -> Option<(Value, Value)> {
    let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let mut parts = jwt.split('.');
    let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let (header, claims) = (part(header)?, part(claims)?);
    (parts.next().is_none() && header.is_object() && claims.is_object()).then_some((header, claims))
}

/// One text or a list of them (RFC 7519 section 4.1.3).
pub(super) fn audiences(claims: &Value) -> Vec<&str> {
    match &claims["aud"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

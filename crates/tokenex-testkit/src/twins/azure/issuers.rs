//! The foreign issuers whose published keys the twin can read.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::issuer::{IssuerKeys, VerifyError, verify_with_jwks};

use super::refusal::{self, Refusal};

/// How many keys of an issuer Entra looks at.
const KEYS: usize = 100;

#[derive(Default)]
pub(super) struct Issuers {
    known: HashMap<String, Published>,
    down: HashSet<String>,
}

enum Published {
    Keys(IssuerKeys),
    Jwks(Value),
}

impl Issuers {
    pub(super) fn reach(&mut self, issuer: &IssuerKeys) {
        self.known.insert(issuer.issuer().to_owned(), Published::Keys(issuer.clone()));
    }

    pub(super) fn reach_jwks(&mut self, issuer: &str, mut jwks: Value) {
        if let Some(keys) = jwks["keys"].as_array_mut() {
            keys.truncate(KEYS);
        }
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
    pub(super) fn verify(&self, issuer: &str, jwt: &str) -> Result<Value, Refusal> {
        let published = self.known.get(issuer).filter(|_| !self.down.contains(issuer));
        let claims = match published {
            None => return Err(refusal::issuer_down(issuer)),
            Some(Published::Keys(keys)) => keys.verify(jwt),
            Some(Published::Jwks(jwks)) => verify_with_jwks(jwks, jwt),
        };
        claims.map_err(|error| signature_refused(error, issuer))
    }
}

/// Entra's words for a token that does not verify.
pub(super) fn signature_refused(error: VerifyError, issuer: &str) -> Refusal {
    match error {
        VerifyError::Malformed => refusal::malformed_assertion(),
        VerifyError::UnknownKey => refusal::unknown_key(issuer),
        VerifyError::BadSignature => refusal::bad_signature(),
    }
}

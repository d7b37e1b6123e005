//! The foreign issuers whose published keys the twin can read, as Entra speaks of them.

use serde_json::Value;

use super::refusal::{self, Refusal};
use crate::issuer::{IssuerKeys, VerifyError};
use crate::twins::issuers::{self, NotVerified};

/// How many keys of an issuer Entra looks at.
const KEYS: usize = 100;

#[derive(Default)]
pub(super) struct Issuers(issuers::Issuers);

impl Issuers {
    pub(super) fn reach(&mut self, issuer: &IssuerKeys) {
        self.0.reach(issuer);
    }

    pub(super) fn reach_jwks(&mut self, issuer: &str, mut jwks: Value) {
        if let Some(keys) = jwks["keys"].as_array_mut() {
            keys.truncate(KEYS);
        }
        self.0.reach_jwks(issuer, jwks);
    }

    pub(super) fn set_down(&mut self, issuer: &str, down: bool) {
        self.0.set_down(issuer, down);
    }

    /// Checks the signature with the keys that the issuer publishes, and returns the claims.
    pub(super) fn verify(&self, issuer: &str, jwt: &str) -> Result<Value, Refusal> {
        self.0.verify(issuer, jwt).map_err(|not_verified| match not_verified {
            NotVerified::IssuerDown => refusal::issuer_down(issuer),
            NotVerified::Token(error) => signature_refused(error, issuer),
        })
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

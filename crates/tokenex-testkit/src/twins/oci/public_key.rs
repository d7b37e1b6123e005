//! Public RSA keys, as clients send them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::json;

/// The smallest modulus, in bits, that is taken.
const SMALLEST: usize = 2048;

/// What signatures of a token's holder are checked with.
#[derive(Clone)]
pub(super) struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads base64 on one line of a SubjectPublicKeyInfo in DER (RFC 5280 section 4.1): a PEM file without its first line,
    /// its last line and its line ends.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        let key = rsa::RsaPublicKey::from_public_key_der(&STANDARD.decode(text).ok()?).ok()?;
        let (modulus, exponent) = (key.n().to_bytes_be(), key.e().to_bytes_be());
        (key.n().bits() >= SMALLEST).then_some(Self { modulus, exponent })
    }

    /// As a JWK (RFC 7517), in a text.
    pub(super) fn jwk(&self) -> String {
        let [n, e] = [&self.modulus, &self.exponent].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": e }).to_string()
    }

    /// Whether `signature` is the key's over `message`: PKCS#1 v1.5 with SHA-256.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let Self { modulus: n, exponent: e } = self;
        RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

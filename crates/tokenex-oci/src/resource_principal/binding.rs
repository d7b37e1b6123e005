//! Whether a token was made for a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::session_token::SessionToken;

/// What the token's claim `jwk` says about its key: a JWK ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), as an object or
/// as a text. `None` when the token has none, or none that can be read: Oracle documents no such claim, while its client for Java
/// compares it.
pub(super) fn holds(token: &SessionToken) -> Option<bool> {
    let payload = token.secret().expose().split('.').nth(1)?;
    let claims: Value = decoded_json(payload.trim_end_matches('='))?;
    let jwk = match claims.get("jwk")? {
        Value::String(text) => serde_json::from_str(text).ok()?,
        value => value.clone(),
    };
    let modulus = URL_SAFE_NO_PAD.decode(jwk.get("n")?.as_str()?.trim_end_matches('=')).ok()?;
    // Some write it with a zero in front, which keeps it positive in other encodings.
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(&modulus);
    // It stands in the DER form as it is, and 256 bytes are not there by chance.
    let enough = modulus.len() >= 256;
    enough.then(|| token.key().public_der().windows(modulus.len()).any(|part| part == modulus))
}

fn decoded_json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

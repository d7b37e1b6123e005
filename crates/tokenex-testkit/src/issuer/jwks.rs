//! Verification with published keys: what a relying party of any issuer does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use super::keys::VerifyError;

/// Checks the signature of `jwt` with published keys (RFC 7517 section 5) and returns its claims: ES256, ES384 and
/// RS256. Times, issuer and audience are for the caller to judge.
///
/// For an issuer of this test kit, [`IssuerKeys::verify`](super::IssuerKeys::verify) needs no document.
///
/// # Errors
/// What is wrong with it, in the order in which a verifier finds out.
pub fn verify_with_jwks(jwks: &Value, jwt: &str) -> Result<Value, VerifyError> {
    let (signed, signature) = jwt.rsplit_once('.').ok_or(VerifyError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
    let (header, claims) = (decode_json(header)?, decode_json(payload)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| VerifyError::Malformed)?;
    let fits = |key: &&Value| {
        let kid = header.get("kid").is_none_or(|kid| key["kid"] == *kid);
        kid && key.get("alg").is_none_or(|alg| *alg == header["alg"])
    };
    let mut candidates = jwks["keys"].as_array().into_iter().flatten().filter(fits).peekable();
    if candidates.peek().is_none() {
        return Err(VerifyError::UnknownKey);
    }
    let algorithm = header["alg"].as_str().unwrap_or_default();
    if candidates.any(|key| signed_by(key, algorithm, signed.as_bytes(), &signature)) {
        Ok(claims)
    } else {
        Err(VerifyError::BadSignature)
    }
}

pub(super) fn decode_json(part: &str) -> Result<Value, VerifyError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| VerifyError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| VerifyError::Malformed)
}

fn signed_by(key: &Value, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    let member = |name: &str| key[name].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
    let on_curve = |curve: &'static EcdsaVerificationAlgorithm| {
        // An uncompressed point: 4, then x and y (SEC 1 section 2.3.3).
        let point = [vec![4], member("x"), member("y")].concat();
        UnparsedPublicKey::new(curve, point).verify(message, signature).is_ok()
    };
    match (algorithm, key["kty"].as_str()) {
        ("RS256", Some("RSA")) => RsaPublicKeyComponents { n: member("n"), e: member("e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok(),
        ("ES256", Some("EC")) => on_curve(&ECDSA_P256_SHA256_FIXED),
        ("ES384", Some("EC")) => on_curve(&ECDSA_P384_SHA384_FIXED),
        _ => false,
    }
}

//! A JSON Web Token that we sign ourselves.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tokenex_core::{Error, ErrorKind, Result, Secret};

/// The longest life that Google takes
/// ([JWT claim set](https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests)).
const LIFETIME: Duration = Duration::from_secs(3600);

/// Google refuses what was issued in its future, and clocks differ by seconds.
const BACK: Duration = Duration::from_secs(10);

/// The claims by which a service account asks for an access token.
pub(crate) fn claims_of_a_grant(account: &str, scope: &str, token_url: &str, now: SystemTime) -> Value {
    let issued_at = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(BACK).as_secs();
    json!({
        "iss": account,
        "scope": scope,
        "aud": token_url,
        "iat": issued_at,
        "exp": issued_at + LIFETIME.as_secs(),
    })
}

/// A signed token in its compact form
/// ([RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1)), with RS256.
pub(crate) fn jws(key_id: &str, claims: &Value, key: &RsaKeyPair) -> Result<Secret> {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key_id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| Error::new(ErrorKind::Other, "the system has no randomness for a signature"))?;
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_are_as_documented_and_issued_a_little_in_the_past() {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        assert_eq!(
            claims_of_a_grant("app@p.iam.gserviceaccount.com", "a b", "https://oauth2.googleapis.com/token", now),
            json!({"iss": "app@p.iam.gserviceaccount.com", "scope": "a b", "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_767_225_590, "exp": 1_767_229_190})
        );
        assert_eq!(claims_of_a_grant("a", "b", "c", UNIX_EPOCH)["iat"], 0);
    }
}

//! Whether the signature is that of the published key. It is a diagnosis: nothing is let in or kept out by it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::super::finding::{Finding, Step};
use super::super::seen::Seen;
use super::keys::{Jwk, text};

/// A shorter RSA key is not safe, and no cloud takes it.
const RSA_LEAST: usize = 2048 / 8;

pub(super) fn judge(key: &Jwk, seen: &Seen) -> Finding {
    let algorithm = seen.header("alg").unwrap_or_default();
    let finding = match verify(key, algorithm, seen) {
        Verified::Yes => Finding::ok(Step::Signature, "the published key confirms it"),
        Verified::No => Finding::warning(
            Step::Signature,
            "the signature is not that of the published key: the token was changed on its way, or another issuer uses the \
             same key id",
        )
        .contradicting(),
        Verified::BadKey(why) => Finding::warning(Step::Signature, why).contradicting(),
        Verified::NotHere => {
            Finding::skipped(Step::Signature, format!("signatures of {algorithm:?} are not checked here"))
        }
    };
    finding.found("alg", algorithm)
}

enum Verified {
    Yes,
    No,
    BadKey(&'static str),
    NotHere,
}

/// By the algorithm of the header ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)).
fn verify(key: &Jwk, algorithm: &str, seen: &Seen) -> Verified {
    let Some((message, signature)) = seen.signed() else { return Verified::No };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Verified::No };
    let (message, signature) = (message.as_bytes(), signature.as_slice());
    match algorithm {
        "RS256" => rsa(key, &RSA_PKCS1_2048_8192_SHA256, message, signature),
        "RS384" => rsa(key, &RSA_PKCS1_2048_8192_SHA384, message, signature),
        "RS512" => rsa(key, &RSA_PKCS1_2048_8192_SHA512, message, signature),
        "PS256" => rsa(key, &RSA_PSS_2048_8192_SHA256, message, signature),
        "PS384" => rsa(key, &RSA_PSS_2048_8192_SHA384, message, signature),
        "PS512" => rsa(key, &RSA_PSS_2048_8192_SHA512, message, signature),
        "ES256" => curve(key, &ECDSA_P256_SHA256_FIXED, 32, message, signature),
        "ES384" => curve(key, &ECDSA_P384_SHA384_FIXED, 48, message, signature),
        "EdDSA" | "Ed25519" if text(key, "crv") == Some("Ed25519") => match bytes(key, "x") {
            Some(x) => outcome(UnparsedPublicKey::new(&ED25519, x).verify(message, signature)),
            None => Verified::BadKey(INCOMPLETE),
        },
        _ => Verified::NotHere,
    }
}

const INCOMPLETE: &str = "the published key is not complete";

fn rsa(key: &Jwk, how: &'static RsaParameters, message: &[u8], signature: &[u8]) -> Verified {
    let (Some(n), Some(e)) = (bytes(key, "n"), bytes(key, "e")) else { return Verified::BadKey(INCOMPLETE) };
    if n.len() < RSA_LEAST {
        return Verified::BadKey("the published RSA key has less than 2048 bits, and no cloud takes it");
    }
    outcome(RsaPublicKeyComponents { n, e }.verify(how, message, signature))
}

/// The point in uncompressed form (SEC 1 section 2.3.3); numbers are as long as the field
/// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)).
fn curve(
    key: &Jwk,
    how: &'static dyn VerificationAlgorithm,
    size: usize,
    message: &[u8],
    signature: &[u8],
) -> Verified {
    let number = |name| bytes(key, name).filter(|number| number.len() == size);
    let (Some(x), Some(y)) = (number("x"), number("y")) else { return Verified::BadKey(INCOMPLETE) };
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    outcome(UnparsedPublicKey::new(how, point).verify(message, signature))
}

fn outcome(verified: Result<(), ring::error::Unspecified>) -> Verified {
    if verified.is_ok() { Verified::Yes } else { Verified::No }
}

fn bytes(key: &Jwk, name: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text(key, name)?.trim_end_matches('=')).ok()?;
    // Some write a zero in front of a number.
    let zeros = if name == "n" { bytes.iter().take_while(|byte| **byte == 0).count() } else { 0 };
    Some(bytes[zeros..].to_vec())
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::{Value, json};
    use tokenex::core::IdentityToken;

    use super::super::super::finding::Verdict;
    use super::*;

    fn key(value: &Value) -> Jwk {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn signatures_of_ed25519_are_checked_and_unknown_algorithms_are_left_alone() {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let published = key(&json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
        let seen = |algorithm: &str, claims: &str| {
            let header = json!({ "alg": algorithm }).to_string();
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
            let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
            let (header, _) = message.split_once('.').unwrap();
            let text = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims));
            Seen::new(IdentityToken::new(text).unwrap(), None).unwrap()
        };
        assert_eq!(judge(&published, &seen("EdDSA", "{}")).verdict, Verdict::Ok);
        let changed = judge(&published, &seen("EdDSA", r#"{"sub":"other"}"#));
        assert!(changed.contradicts && changed.verdict == Verdict::Warning, "{changed:?}");
        assert_eq!(judge(&published, &seen("ES512", "{}")).verdict, Verdict::Skipped);
        let incomplete = key(&json!({ "kty": "OKP", "crv": "Ed25519" }));
        assert!(judge(&incomplete, &seen("EdDSA", "{}")).meaning.contains("not complete"));
    }
}

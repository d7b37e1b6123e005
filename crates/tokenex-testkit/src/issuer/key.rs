//! One signing key, and who makes it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use rsa::pkcs8::EncodePrivateKey as _;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::canary::whole_run;
use crate::pem::pem;

/// The signature algorithms of the issuer (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256. Its keys are made in microseconds.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSA PKCS#1 v1.5 with SHA-256, 2048 bits. Making a key takes from a tenth of a second to seconds.
    Rs256,
}

impl Algorithm {
    /// The name in the `alg` header of a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
        }
    }
}

/// A private key with its public forms. Its `kid` is the key's thumbprint (RFC 7638).
pub struct SigningKey {
    pair: Pair,
    kid: String,
    public_key_pem: String,
    /// The members of the public JWK that the thumbprint covers.
    public: Value,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl SigningKey {
    /// Makes a new key.
    pub fn generate(algorithm: Algorithm) -> Self {
        let on_curve = |curve| {
            let made = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).expect("the system has randomness");
            made.as_ref().to_vec()
        };
        let made = match algorithm {
            Algorithm::Es256 => on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Rs256 => rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048)
                .expect("the system has randomness")
                .to_pkcs8_der()
                .expect("a new key can be encoded")
                .as_bytes()
                .to_vec(),
        };
        if whole_run::is_on() {
            whole_run::secret("private key", pem("PRIVATE KEY", &made));
        }
        Self::from_pkcs8_der(&made).expect("a new key can be read")
    }

    /// Reads a key of your own, PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`).
    ///
    /// # Errors
    /// When it is neither a P-256 or P-384 nor an RSA key of 2048 to 4096 bits.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, InvalidKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| InvalidKey)?;
        Self::from_pkcs8_der(der.secret_pkcs8_der())
    }

    /// As [`from_pkcs8_pem`](Self::from_pkcs8_pem), from DER.
    ///
    /// # Errors
    /// When it is neither a P-256 or P-384 nor an RSA key of 2048 to 4096 bits.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, InvalidKey> {
        let random = SystemRandom::new();
        let on_curve = |curve| EcdsaKeyPair::from_pkcs8(curve, der, &random).ok();
        let pair = if let Some(pair) = on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING) {
            Pair::Es256(pair)
        } else if let Some(pair) = on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING) {
            Pair::Es384(pair)
        } else {
            Pair::Rs256(RsaKeyPair::from_pkcs8(der).map_err(|_| InvalidKey)?)
        };
        let public = pair.public_jwk();
        // Sorted members without white space are the canonical form of RFC 7638 section 3.
        let thumbprint = ring::digest::digest(&ring::digest::SHA256, public.to_string().as_bytes());
        let der = PrivatePkcs8KeyDer::from(der);
        let public_key_pem = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, pair.certificate_algorithm())
            .map_err(|_| InvalidKey)?
            .public_key_pem();
        Ok(Self { pair, kid: URL_SAFE_NO_PAD.encode(thumbprint), public_key_pem, public })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Es384(_) => Algorithm::Es384,
            Pair::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// The key id: in the header of each token and in the JWKS.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key, SubjectPublicKeyInfo PEM: what `jwt_validation_pubkeys` of Vault takes.
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    /// The public key as in a JWKS (RFC 7517).
    pub fn jwk(&self) -> Value {
        let mut jwk = self.public.clone();
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm().name());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The signature of `message` as a JWS carries it (RFC 7518 sections 3.3 and 3.4).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) | Pair::Es384(pair) => {
                pair.sign(&random, message).expect("the system has randomness").as_ref().to_vec()
            }
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("the system has randomness");
                signature
            }
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        use ring::signature::{
            ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
        };
        match &self.pair {
            Pair::Es256(pair) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).verify(message, signature)
            }
            Pair::Es384(pair) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, pair.public_key()).verify(message, signature)
            }
            Pair::Rs256(pair) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).verify(message, signature)
            }
        }
        .is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {})", self.algorithm().name(), self.kid)
    }
}

impl Pair {
    /// The members in sorted order, also where another crate makes serde_json keep the order of insertion.
    fn public_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // An uncompressed point: 4, then x and y of as many bytes as the curve has (SEC 1 section 2.3.3).
        let point = |curve: &str, pair: &EcdsaKeyPair, bytes: usize| {
            let (x, y) = pair.public_key().as_ref()[1..].split_at(bytes);
            json!({"crv": curve, "kty": "EC", "x": text(x), "y": text(y)})
        };
        match self {
            Self::Es256(pair) => point("P-256", pair, 32),
            Self::Es384(pair) => point("P-384", pair, 48),
            Self::Rs256(pair) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"e": text(&public.e), "kty": "RSA", "n": text(&public.n)})
            }
        }
    }

    fn certificate_algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self {
            Self::Es256(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::Es384(_) => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Rs256(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

/// The text is not a private key that this issuer can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a PKCS#8 private key on P-256 or P-384 or of RSA with 2048 to 4096 bits")
    }
}

impl std::error::Error for InvalidKey {}

/// Makes the keys of an issuer. Closures are makers too.
///
/// It must return a key of the asked algorithm, and another one each time: after a rotation the old key must not
/// come back.
pub trait KeyMaker: Send + Sync + 'static {
    /// A key for `algorithm`.
    fn make(&self, algorithm: Algorithm) -> Arc<SigningKey>;
}

impl<F: Fn(Algorithm) -> Arc<SigningKey> + Send + Sync + 'static> KeyMaker for F {
    fn make(&self, algorithm: Algorithm) -> Arc<SigningKey> {
        self(algorithm)
    }
}

/// The default [`KeyMaker`]: keys on curves are new; RSA keys come from a pool of the process and go back to it with the
/// issuer, so that a hundred tests in a row pay for one. No two issuers ever hold the same key at the same time.
#[derive(Debug, Clone, Copy, Default)]
pub struct PooledKeys;

impl KeyMaker for PooledKeys {
    fn make(&self, algorithm: Algorithm) -> Arc<SigningKey> {
        static RSA: Mutex<Vec<Arc<SigningKey>>> = Mutex::new(Vec::new());
        if algorithm != Algorithm::Rs256 {
            return Arc::new(SigningKey::generate(algorithm));
        }
        let mut pool = RSA.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody but the pool holds a free key, and only the pool, locked, hands it out.
        if let Some(free) = pool.iter().find(|key| Arc::strong_count(key) == 1) {
            return Arc::clone(free);
        }
        let key = Arc::new(SigningKey::generate(algorithm));
        pool.push(Arc::clone(&key));
        key
    }
}

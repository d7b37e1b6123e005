//! The signing half of an issuer, without a network.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::jwks::decode_json;
use super::key::{Algorithm, KeyMaker, PooledKeys, SigningKey};
use super::token::TokenBuilder;
use crate::canary::whole_run;

/// The keys and the name of an issuer: signs tokens and describes itself, without a network.
///
/// [`Issuer`](super::Issuer) puts it on a socket; a world in memory uses it as it is. Clones are the same issuer.
/// A key is made when it is first needed, so an issuer that nobody asks for RS256 never pays for an RSA key.
///
/// ```
/// use tokenex_testkit::issuer::IssuerKeys;
///
/// let keys = IssuerKeys::new("https://issuer.test");
/// let jwt = keys.token().subject("system:serviceaccount:app:default").audience("vault").sign();
/// assert_eq!(keys.verify(&jwt).unwrap()["aud"], "vault");
/// ```
#[derive(Clone)]
pub struct IssuerKeys(Arc<Shared>);

struct Shared {
    issuer: String,
    maker: Box<dyn KeyMaker>,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    /// Newest last. Of each algorithm the newest signs.
    published: Vec<Arc<SigningKey>>,
    /// Held, so that a pool cannot hand out again what this issuer withdrew.
    withdrawn: Vec<Arc<SigningKey>>,
    /// Never published: what a forger would sign with.
    strangers: Vec<Arc<SigningKey>>,
}

/// What a rotation does with the key used until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKey {
    /// It stays in the JWKS, so tokens that it signed stay good: how issuers rotate.
    Kept,
    /// It leaves the JWKS at once, and all its tokens with it: what an issuer does after a leak.
    Dropped,
}

impl IssuerKeys {
    /// An issuer of that name (the `iss` claim) with fresh keys and the system's clock.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::with(issuer, PooledKeys, SystemTime::now)
    }

    /// As [`new`](Self::new), with keys of your own and a clock for the times in the tokens.
    pub fn with(
        issuer: impl Into<String>,
        maker: impl KeyMaker,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        whole_run::listen();
        Self(Arc::new(Shared {
            issuer: issuer.into(),
            maker: Box::new(maker),
            now: Box::new(now),
            ring: Mutex::default(),
        }))
    }

    /// The issuer's name: the `iss` claim.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Begins a token.
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(self.clone())
    }

    /// The key that signs now.
    pub fn key(&self, algorithm: Algorithm) -> Arc<SigningKey> {
        let mut ring = self.ring();
        if let Some(key) = newest(&ring.published, algorithm) {
            return key;
        }
        let key = self.0.maker.make(algorithm);
        ring.published.push(Arc::clone(&key));
        key
    }

    /// The public key that verifies tokens signed now, PEM.
    pub fn public_key_pem(&self, algorithm: Algorithm) -> String {
        self.key(algorithm).public_key_pem().to_owned()
    }

    /// From now on another key signs. Returns its `kid`.
    ///
    /// # Panics
    /// When the key maker returns a key that this issuer has had before: nothing would have changed.
    pub fn rotate(&self, algorithm: Algorithm, old: OldKey) -> String {
        let key = self.0.maker.make(algorithm);
        let mut ring = self.ring();
        let had = ring.published.iter().chain(&ring.withdrawn).any(|known| known.kid() == key.kid());
        assert!(!had, "the key maker returned a key that this issuer has had before");
        if old == OldKey::Dropped {
            let (gone, kept) =
                std::mem::take(&mut ring.published).into_iter().partition(|k| k.algorithm() == algorithm);
            ring.published = kept;
            ring.withdrawn.extend::<Vec<_>>(gone);
        }
        ring.published.push(Arc::clone(&key));
        key.kid().to_owned()
    }

    /// The published keys (RFC 7517 section 5). Holds at least one.
    pub fn jwks(&self) -> Value {
        if self.ring().published.is_empty() {
            self.key(Algorithm::Es256);
        }
        let keys: Vec<Value> = self.ring().published.iter().map(|key| key.jwk()).collect();
        json!({ "keys": keys })
    }

    /// The discovery document (OpenID Connect Discovery 1.0 section 3).
    pub fn discovery(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        })
    }

    /// Checks the signature against the published keys and returns the claims. Times, issuer and audience are for the
    /// caller to judge, in the words of the endpoint that it imitates.
    ///
    /// # Errors
    /// What is wrong with it, in the order in which a verifier finds out.
    pub fn verify(&self, jwt: &str) -> Result<Value, VerifyError> {
        let (signed, signature) = jwt.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
        let (header, claims) = (decode_json(header)?, decode_json(payload)?);
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| VerifyError::Malformed)?;
        let ring = self.ring();
        let kid = header["kid"].as_str();
        let mut candidates = ring
            .published
            .iter()
            .filter(|key| header["alg"] == key.algorithm().name() && kid.is_none_or(|kid| kid == key.kid()))
            .peekable();
        if candidates.peek().is_none() {
            return Err(VerifyError::UnknownKey);
        }
        if candidates.any(|key| key.verify(signed.as_bytes(), &signature)) {
            Ok(claims)
        } else {
            Err(VerifyError::BadSignature)
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0.now)()
    }

    /// A key that this issuer never publishes.
    pub(super) fn stranger(&self, algorithm: Algorithm) -> Arc<SigningKey> {
        let mut ring = self.ring();
        if let Some(key) = newest(&ring.strangers, algorithm) {
            return key;
        }
        // Not from the issuer's own maker, which may know a few keys only: a stranger has another one for certain.
        let key = PooledKeys.make(algorithm);
        ring.strangers.push(Arc::clone(&key));
        key
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKeys({})", self.issuer())
    }
}

/// Why [`IssuerKeys::verify`] refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// Not three parts of base64url with JSON in the first two.
    Malformed,
    /// No published key has this `kid` and `alg`.
    UnknownKey,
    /// The named key did not sign this.
    BadSignature,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a signed JWT",
            Self::UnknownKey => "no published key has this kid and alg",
            Self::BadSignature => "the signature does not match the named key",
        })
    }
}

impl std::error::Error for VerifyError {}

fn newest(keys: &[Arc<SigningKey>], algorithm: Algorithm) -> Option<Arc<SigningKey>> {
    keys.iter().rev().find(|key| key.algorithm() == algorithm).cloned()
}

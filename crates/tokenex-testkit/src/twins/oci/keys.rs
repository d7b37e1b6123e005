//! Private RSA keys that the platform makes and hands out.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};

use super::public_key::PublicKey;
use crate::pem::pem;
use crate::twins::text::secret;

/// A key pair of 2048 bits.
pub(super) struct KeyPair {
    pub(super) pkcs1_pem: String,
    pub(super) pkcs8_der: Vec<u8>,
    pub(super) public: PublicKey,
}

impl KeyPair {
    /// RSA keys take long to make, so they come from a pool of the process and go back to it with their last holder. No key
    /// has two holders at the same time.
    pub(super) fn pooled() -> Arc<Self> {
        static POOL: Mutex<Vec<Arc<KeyPair>>> = Mutex::new(Vec::new());
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = pool.iter().find(|pair| Arc::strong_count(pair) == 1) {
            return Arc::clone(free);
        }
        let pair = Arc::new(Self::make());
        pool.push(Arc::clone(&pair));
        pair
    }

    fn make() -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("the system has randomness");
        let public = key.to_public_key().to_public_key_der().expect("a new key can be encoded");
        let public = PublicKey::from_base64(&STANDARD.encode(public.as_bytes())).expect("a new key can be read");
        let pkcs1 = key.to_pkcs1_der().expect("a new key can be encoded");
        let pkcs8 = key.to_pkcs8_der().expect("a new key can be encoded");
        let pkcs1_pem = secret("private key", pem("RSA PRIVATE KEY", pkcs1.as_bytes()));
        secret("private key", pem("PRIVATE KEY", pkcs8.as_bytes()));
        Self { pkcs1_pem, pkcs8_der: pkcs8.as_bytes().to_vec(), public }
    }

    pub(super) fn pkcs8_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8_der)
    }
}

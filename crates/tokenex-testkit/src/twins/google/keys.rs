//! Service-account keys.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rsa::pkcs8::EncodePrivateKey as _;
use serde_json::json;

use super::directory::KeyState;
use super::service_account::ServiceAccount;
use crate::issuer::SigningKey;
use crate::pem::pem;
use crate::twins::spreading::Spreading;
use crate::twins::text::secret;

/// A key of a service account, to be changed while the program under test runs. Clones are the same key.
#[derive(Clone)]
pub struct ServiceAccountKey {
    account: ServiceAccount,
    pair: Arc<Pair>,
}

/// A key with the text that only its owner has.
struct Pair {
    key: Arc<SigningKey>,
    pem: String,
}

impl ServiceAccount {
    /// A new key, beside those that are there.
    pub fn key(&self) -> ServiceAccountKey {
        let pair = new_pair();
        let key = KeyState { key: Arc::clone(&pair.key), spreading: Spreading::default() };
        self.edit(|account| account.keys.push(key));
        ServiceAccountKey { account: self.clone(), pair }
    }
}

impl ServiceAccountKey {
    /// The key id.
    pub fn id(&self) -> &str {
        self.pair.key.kid()
    }

    /// The key file, JSON, that names this token endpoint: `https://oauth2.googleapis.com/token`, or where the twin is
    /// served.
    pub fn json(&self, token_uri: &str) -> String {
        let email = self.account.email();
        json!({
            "type": "service_account",
            "project_id": email.split('@').nth(1).and_then(|host| host.split('.').next()),
            "private_key_id": self.id(),
            "private_key": self.pair.pem,
            "client_email": email,
            "client_id": self.account.unique_id(),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        })
        .to_string()
    }

    /// The next requests with it, so many, meet a Google that does not know it yet.
    pub fn unknown_for(&self, requests: usize) -> &Self {
        self.edit(|key| key.spreading.steps(std::iter::repeat_n(false, requests)))
    }

    /// No request before this time works with it.
    pub fn known_from(&self, at: SystemTime) -> &Self {
        self.edit(|key| key.spreading.from(at))
    }

    /// Deletes it. Tokens already issued live on.
    pub fn delete(&self) {
        self.account.edit(|account| account.keys.retain(|known| known.key.kid() != self.id()));
    }

    fn edit(&self, change: impl FnOnce(&mut KeyState)) -> &Self {
        self.account.edit(|account| {
            if let Some(key) = account.keys.iter_mut().find(|known| known.key.kid() == self.pair.key.kid()) {
                change(key);
            }
        });
        self
    }
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccountKey(of {})", self.account.email())
    }
}

/// RSA keys take long to make, so they come from a pool of the process and go back to it. No two accounts ever hold the
/// same key at the same time.
fn new_pair() -> Arc<Pair> {
    static POOL: Mutex<Vec<Arc<Pair>>> = Mutex::new(Vec::new());
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody but the pool holds a free key: neither a handle nor a directory.
    let free = |pair: &&Arc<Pair>| Arc::strong_count(pair) == 1 && Arc::strong_count(&pair.key) == 1;
    if let Some(free) = pool.iter().find(free) {
        return Arc::clone(free);
    }
    let made = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("the system has randomness");
    let der = made.to_pkcs8_der().expect("a new key can be encoded");
    let key = SigningKey::from_pkcs8_der(der.as_bytes()).expect("a new key can be read");
    let pair = Arc::new(Pair { key: Arc::new(key), pem: secret("private key", pem("PRIVATE KEY", der.as_bytes())) });
    pool.push(Arc::clone(&pair));
    pair
}

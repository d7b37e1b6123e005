//! Session tokens: signed JWTs, and what the twin knows of each.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::public_key::PublicKey;
use crate::issuer::{Algorithm, IssuerKeys};

/// The `iss` of session tokens. No address: nobody but Oracle can verify them.
pub(super) const ISSUER: &str = "authService.oracle.com";

/// How long a token is remembered after its end, so that the map stays small.
const REMEMBERED: Duration = Duration::from_secs(3600);

pub(super) struct Tokens {
    keys: IssuerKeys,
    known: HashMap<String, Held>,
    issued: u64,
    /// Whether tokens say which key they are bound to.
    pub(super) name_keys: bool,
}

/// A session token's holder.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) claims: Value,
    /// What its requests must be signed with.
    pub(super) key: PublicKey,
    expires_at: SystemTime,
}

impl Held {
    pub(super) fn subject(&self) -> &str {
        self.claims["sub"].as_str().unwrap_or_default()
    }
}

/// The members of claims that stand as a literal.
pub(super) fn members(claims: Value) -> Map<String, Value> {
    match claims {
        Value::Object(members) => members,
        _ => unreachable!("claims are an object"),
    }
}

impl Tokens {
    pub(super) fn new(keys: IssuerKeys) -> Self {
        Self { keys, known: HashMap::new(), issued: 0, name_keys: false }
    }

    /// A token with these claims, bound to this key.
    pub(super) fn issue(
        &mut self,
        mut claims: Map<String, Value>,
        key: PublicKey,
        now: SystemTime,
        lifetime: Duration,
    ) -> String {
        // A simulated month issues more tokens than a test has memory for.
        if self.known.len() % 1024 == 1023 {
            self.known.retain(|_, held| held.expires_at + REMEMBERED > now);
        }
        if self.name_keys {
            claims.insert("jwk".to_owned(), key.jwk().into());
        }
        let token = self.keys.token().algorithm(Algorithm::Rs256).issued_at(now).lifetime(lifetime);
        let token = claims.iter().fold(token, |token, (name, value)| token.claim(name, value.clone())).sign();
        let held = Held { claims: Value::Object(claims), key, expires_at: now + lifetime };
        self.known.insert(token.clone(), held);
        self.issued += 1;
        token
    }

    /// The token's holder, as long as it is good.
    pub(super) fn good(&self, token: &str, now: SystemTime) -> Option<&Held> {
        self.known.get(token).filter(|held| held.expires_at > now)
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.known.remove(token);
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }
}

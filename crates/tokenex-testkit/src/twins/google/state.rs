//! Everything that the twin knows, behind one lock.

use std::time::Duration;

use serde_json::{Value, json};

use super::book::Book;
use super::directory::Directory;
use super::tokens::Tokens;
use crate::issuer::IssuerKeys;
use crate::twins::issuers::Issuers;

pub(super) struct State {
    pub(super) directory: Directory,
    pub(super) issuers: Issuers,
    /// What signs ID tokens.
    pub(super) keys: IssuerKeys,
    pub(super) tokens: Tokens,
    pub(super) settings: Settings,
    pub(super) book: Book,
    ids: u64,
}

/// How tokens are taken and handed out.
pub(super) struct Settings {
    /// Of federated access tokens.
    pub(super) token_lifetime: Duration,
    pub(super) seconds_as_text: bool,
    pub(super) fractional_expire_time: bool,
    /// How long after its end an identity token is still taken.
    pub(super) token_leeway: Duration,
}

impl Settings {
    /// An `expires_in`.
    pub(super) fn seconds(&self, lifetime: Duration) -> Value {
        let seconds = lifetime.as_secs();
        if self.seconds_as_text { json!(seconds.to_string()) } else { json!(seconds) }
    }
}

impl State {
    /// Nothing but the keys that sign ID tokens.
    pub(super) fn new(keys: IssuerKeys) -> Self {
        Self {
            directory: Directory::default(),
            issuers: Issuers::default(),
            keys,
            tokens: Tokens::default(),
            settings: Settings {
                token_lifetime: Duration::from_secs(3600),
                seconds_as_text: false,
                fractional_expire_time: false,
                token_leeway: Duration::ZERO,
            },
            book: Book::default(),
            ids: 0,
        }
    }

    /// A number that was not there before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

//! A source without a network: what is left is the work of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokenex_core::{Attempt, Credential, Grant, Outcome, Provider, Result, Target};

const TOKEN_LENGTH: usize = 900;

/// Makes tokens at once.
#[derive(Debug)]
pub struct Source {
    first: Duration,
    later: Duration,
    issued: AtomicU64,
}

impl Source {
    /// The first token of each credential lives for `first`, all further ones for `later`.
    pub fn new(first: Duration, later: Duration) -> Arc<Self> {
        Arc::new(Self { first, later, issued: AtomicU64::new(0) })
    }

    /// Tokens made so far.
    pub fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// A token and how long it lives. No two are alike.
    pub fn issue(&self, first: bool) -> (Token, Duration) {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        (Token::new(number), if first { self.first } else { self.later })
    }
}

/// As large as an access token of the field, and like one on the heap.
pub struct Token(Box<[u8]>);

impl Token {
    fn new(number: u64) -> Self {
        let mut bytes = vec![b't'; TOKEN_LENGTH].into_boxed_slice();
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Self(bytes)
    }

    /// Its length.
    pub fn length(&self) -> usize {
        self.0.len()
    }
}

impl Credential for Token {
    fn same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// The source behind tokenex's own trait.
pub struct InProcess {
    source: Arc<Source>,
    target: Target,
    asked: AtomicBool,
}

impl InProcess {
    /// One credential from `source`.
    pub fn new(source: Arc<Source>, target: Target) -> Self {
        Self { source, target, asked: AtomicBool::new(false) }
    }
}

impl Provider for InProcess {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "in-process"
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<Token>> {
        let (token, lifetime) = self.source.issue(!self.asked.swap(true, Ordering::Relaxed));
        Ok(Grant::new(token).lifetime(lifetime).into())
    }
}

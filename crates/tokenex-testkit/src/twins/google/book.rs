//! What was asked and how it ended.

use std::collections::VecDeque;
use std::time::SystemTime;

/// How many exchanges are kept to look at. A simulated month makes far more.
const KEPT: usize = 10_000;

/// Which of Google's endpoints a request went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `sts.googleapis.com/v1/token`.
    TokenExchange,
    /// `generateAccessToken` at `iamcredentials.googleapis.com`.
    AccessToken,
    /// `generateIdToken` at `iamcredentials.googleapis.com`.
    IdToken,
    /// `oauth2.googleapis.com/token`: service-account keys.
    KeyGrant,
}

/// One request that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// Where it went.
    pub endpoint: Endpoint,
    /// Who asked: the member whose access token it carried, or the `sub` or `iss` that the presented token claims. Empty
    /// where nobody is named.
    pub caller: String,
    /// What it was for: the provider's resource name, or the e-mail address of the service account.
    pub target: String,
    /// The scopes, or the audience of an ID token.
    pub wanted: Vec<String>,
    /// The lifetime that was asked for, as it was sent.
    pub lifetime: Option<String>,
    /// Nothing, or Google's code: OAuth's `error`, or the `status` of Google's own form.
    pub outcome: Result<(), &'static str>,
}

impl Exchange {
    /// Google's code; `None` where a token was issued.
    pub fn code(&self) -> Option<&'static str> {
        self.outcome.err()
    }
}

#[derive(Default)]
pub(super) struct Book {
    exchanges: VecDeque<Exchange>,
    issued: u64,
}

impl Book {
    pub(super) fn write(&mut self, exchange: Exchange) {
        if self.exchanges.len() == KEPT {
            self.exchanges.pop_front();
        }
        self.issued += u64::from(exchange.outcome.is_ok());
        self.exchanges.push_back(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.iter().cloned().collect()
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }
}

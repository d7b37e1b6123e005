//! What was asked and how it ended.

use std::collections::VecDeque;
use std::time::SystemTime;

/// How many exchanges are kept to look at. A simulated month makes far more.
const KEPT: usize = 10_000;

/// One request to a token endpoint that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// The tenant as the address named it.
    pub tenant: String,
    /// `grant_type`; empty where absent, as are the next two.
    pub grant_type: String,
    /// `client_id`.
    pub client_id: String,
    /// `scope`.
    pub scope: String,
    /// `fmi_path`.
    pub fmi_path: Option<String>,
    /// The user it was for: `username` or `user_id`.
    pub user: Option<String>,
    /// The correlation id, which is the caller's where it sent one.
    pub correlation_id: String,
    /// The `uti` of the token issued, or the number of the AADSTS code.
    pub outcome: Result<String, u32>,
}

impl Exchange {
    /// The number of the AADSTS code; `None` where a token was issued.
    pub fn code(&self) -> Option<u32> {
        self.outcome.as_ref().err().copied()
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

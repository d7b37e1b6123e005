//! What was asked and how it ended.

use std::collections::VecDeque;
use std::time::SystemTime;

use http::Method;

use super::answer::Answer;
use super::call::Call;
use super::refusal::Refusal;

/// How many exchanges are kept to look at. A simulated month makes far more.
const KEPT: usize = 10_000;

/// One request that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// Its method.
    pub method: Method,
    /// Its path below `/v1/`, decoded.
    pub path: String,
    /// The auth role: that of the login that it carried, or the one that a login asks for. Empty where there is none.
    pub role: String,
    /// The accessor of the login that it carried; empty where it carried none that lives, or a batch token.
    pub accessor: String,
    /// Issuer, subject and audiences that the identity token of a login claims, verified or not.
    pub presented: Option<(String, String, Vec<String>)>,
    /// The accessor of the login that was made, or the id of the lease; empty where nothing is made, and for batch tokens.
    /// Or the status of a refusal, since Vault has no codes.
    pub outcome: Result<String, u16>,
}

impl Exchange {
    pub(super) fn new(call: &Call, now: SystemTime) -> Self {
        Self {
            at: now,
            method: call.method.clone(),
            path: call.path.clone(),
            role: String::new(),
            accessor: String::new(),
            presented: None,
            outcome: Ok(String::new()),
        }
    }

    /// The status of a refusal; `None` where it was answered.
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref().err().copied()
    }

    pub(super) fn ended(&mut self, judged: &Result<Answer, Refusal>) {
        self.outcome = match judged {
            Ok(answer) if answer.status.is_success() => Ok(answer.issued.clone()),
            Ok(answer) => Err(answer.status.as_u16()),
            Err(refusal) => Err(refusal.status.as_u16()),
        };
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
        self.exchanges.push_back(exchange);
    }

    /// One more login or lease.
    pub(super) fn count(&mut self) {
        self.issued += 1;
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.iter().cloned().collect()
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }
}

//! What was asked and how it ended.

use std::collections::VecDeque;
use std::time::SystemTime;

/// How many calls are kept to look at. A simulated month makes far more.
const KEPT: usize = 10_000;

/// One call that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// `Action`; empty where absent.
    pub action: String,
    /// `RoleArn`; empty where absent.
    pub role_arn: String,
    /// `RoleSessionName`; empty where absent.
    pub session_name: String,
    /// `DurationSeconds`, as it was sent; empty where absent.
    pub duration: String,
    /// `ExternalId`; empty where absent.
    pub external_id: String,
    /// The access key id that the call names as its signer, verified or not; empty where it is not signed.
    pub signed_by: String,
    /// Issuer, subject and audiences that the identity token claims, verified or not.
    pub presented: Option<(String, String, Vec<String>)>,
    /// The request id in the answer.
    pub request_id: String,
    /// The access key id that was issued, or the `jti` of the token; empty where nothing is issued. Or AWS's error code.
    pub outcome: Result<String, &'static str>,
}

impl Exchange {
    /// AWS's error code; `None` where the call was answered.
    pub fn code(&self) -> Option<&'static str> {
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
        self.issued += u64::from(exchange.outcome.as_ref().is_ok_and(|issued| !issued.is_empty()));
        self.exchanges.push_back(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.iter().cloned().collect()
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }
}

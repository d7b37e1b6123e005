//! What was asked and how it ended.

use std::collections::VecDeque;
use std::time::SystemTime;

/// How many entries are kept to look at. A simulated month makes far more.
const KEPT: usize = 10_000;

/// One request for a session token that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// Who asked: the client id, or the subject of the token that signed the request. Empty where nobody proved who they are.
    pub client: String,
    /// The `sub` that the identity token claims, verified or not.
    pub subject: String,
    /// `requested_token_type`; empty where absent.
    pub requested: String,
    /// `public_key`, as it was sent; empty where absent.
    pub public_key: String,
    /// Nothing, or OAuth's `error`.
    pub outcome: Result<(), &'static str>,
}

impl Exchange {
    /// OAuth's `error`; `None` where a token was issued.
    pub fn code(&self) -> Option<&'static str> {
        self.outcome.err()
    }
}

/// One request to the API, or to the federation endpoint, that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The subject of the token; empty where the request proves none.
    pub principal: String,
    /// The headers that the signature names, in its order.
    pub signed: Vec<String>,
    /// The request id in the answer.
    pub request_id: String,
    /// Nothing, or the `code` of the answer and what Oracle does not tell: why.
    pub outcome: Result<(), (&'static str, &'static str)>,
}

impl Call {
    /// The `code` of the answer; `None` where the call was answered.
    pub fn code(&self) -> Option<&'static str> {
        self.outcome.err().map(|(code, _)| code)
    }

    /// What was wrong with it, which Oracle does not tell.
    pub fn reason(&self) -> Option<&'static str> {
        self.outcome.err().map(|(_, reason)| reason)
    }
}

/// The last entries, in their order.
pub(super) struct Book<T>(VecDeque<T>);

impl<T> Default for Book<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> Book<T> {
    pub(super) fn write(&mut self, entry: T) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn entries(&self) -> Vec<T> {
        self.0.iter().cloned().collect()
    }
}

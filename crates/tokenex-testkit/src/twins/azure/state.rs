//! Everything that the twin knows, behind one lock.

use std::collections::VecDeque;
use std::time::Duration;

use super::book::Book;
use super::directory::{AppState, Directory, TenantState};
use super::issuers::Issuers;
use super::token_endpoint::Client;
use super::users::RefreshToken;

#[derive(Default)]
pub(super) struct State {
    pub(super) directory: Directory,
    pub(super) issuers: Issuers,
    pub(super) settings: Settings,
    pub(super) book: Book,
    /// Codes to refuse the next exchanges with.
    pub(super) refusals: VecDeque<u32>,
    pub(super) refresh_tokens: Vec<RefreshToken>,
    ids: u64,
}

/// How tokens are handed out.
pub(super) struct Settings {
    pub(super) lifetime: Duration,
    pub(super) refresh_in: Option<Duration>,
    pub(super) seconds_as_text: bool,
    /// How far the times of an assertion may be off.
    pub(super) leeway: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(3599),
            refresh_in: None,
            seconds_as_text: false,
            leeway: Duration::from_secs(300),
        }
    }
}

impl State {
    /// A number that was not there before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// The tenant and the application of a client that was looked up.
    pub(super) fn parties(&self, client: &Client) -> (&TenantState, &AppState) {
        let app = self.directory.app(&client.client_id).expect("the client was looked up before");
        (&self.directory.tenants[client.tenant], app)
    }
}

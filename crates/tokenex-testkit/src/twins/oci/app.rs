//! Confidential applications: who may ask a domain for tokens.

use std::fmt;
use std::time::SystemTime;

use super::cloud::OciTwin;
use super::state::AppState;
use crate::twins::text::{random, secret};

/// A confidential application, to be changed while the program under test runs. Clones are the same application.
#[derive(Clone)]
pub struct ConfidentialApp {
    oci: OciTwin,
    host: String,
    client_id: String,
}

impl ConfidentialApp {
    pub(super) fn new(oci: OciTwin, host: &str, client_id: &str) -> Self {
        Self { oci, host: host.to_owned(), client_id: client_id.to_owned() }
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret that is good now.
    pub fn secret(&self) -> String {
        let state = self.oci.state();
        let apps = &state.domain(&self.host).apps;
        apps.iter()
            .find(|app| app.client_id == self.client_id)
            .expect("applications are never taken away")
            .secret
            .clone()
    }

    /// Makes another secret, which ends the one before at once. Returns it.
    pub fn regenerate_secret(&self) -> String {
        let secret = secret("client secret", format!("idcscs-{}", random(32, "abcdef0123456789")));
        self.edit(|app| app.secret.clone_from(&secret));
        secret
    }

    /// Whether it is active. It is unless told.
    pub fn active(&self, active: bool) -> &Self {
        self.edit(|app| app.active = active)
    }

    /// Whether it has the grant `client_credentials`, without which it may not exchange. It has unless told.
    pub fn client_credentials(&self, granted: bool) -> &Self {
        self.edit(|app| app.client_credentials = granted)
    }

    /// The next exchanges, so many, do not see it yet.
    pub fn unseen_for(&self, exchanges: usize) -> &Self {
        self.edit(|app| app.spreading.steps(std::iter::repeat_n(false, exchanges)))
    }

    /// No exchange before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|app| app.spreading.from(at))
    }

    fn edit(&self, change: impl FnOnce(&mut AppState)) -> &Self {
        let mut state = self.oci.state();
        let mut apps = state.domain_mut(&self.host).apps.iter_mut();
        change(apps.find(|app| app.client_id == self.client_id).expect("applications are never taken away"));
        self
    }
}

impl fmt::Debug for ConfidentialApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfidentialApp({})", self.client_id)
    }
}

//! A service account, to be given bindings and keys.

use std::fmt;
use std::time::SystemTime;

use super::cloud::GoogleTwin;
use super::directory::{AccountState, BindingState};
use crate::twins::spreading::Spreading;

/// A service account. Clones are the same account.
#[derive(Clone)]
pub struct ServiceAccount {
    twin: GoogleTwin,
    email: String,
}

impl ServiceAccount {
    pub(super) fn new(twin: GoogleTwin, email: String) -> Self {
        Self { twin, email }
    }

    /// Its e-mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Its numeric id, which never changes: the `sub` of its ID tokens.
    pub fn unique_id(&self) -> String {
        self.read(|account| account.unique_id.clone())
    }

    /// As policies name it: for [`bind`](Self::bind) of another account, as a link of a delegation chain.
    pub fn member(&self) -> String {
        format!("serviceAccount:{}", self.email)
    }

    /// The address of its `generateAccessToken`, which stands in credential files.
    pub fn impersonation_url(&self, base: &str) -> String {
        format!("{base}/v1/projects/-/serviceAccounts/{}:generateAccessToken", self.email)
    }

    /// Lets a member get tokens of this account: `roles/iam.workloadIdentityUser` for identities of a pool,
    /// `roles/iam.serviceAccountTokenCreator` for service accounts.
    pub fn bind(&self, member: &str) -> Binding {
        let id = self.twin.state().next_id();
        let binding = BindingState { id, member: member.to_owned(), spreading: Spreading::default() };
        self.edit(|account| account.bindings.push(binding));
        Binding { account: self.clone(), id }
    }

    /// No request before this time finds it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|account| account.spreading.from(at));
        self
    }

    /// Deletes it. Tokens already issued live on.
    pub fn delete(&self) {
        self.twin.state().directory.accounts.retain(|account| account.email != self.email);
    }

    pub(super) fn twin(&self) -> &GoogleTwin {
        &self.twin
    }

    pub(super) fn read<R: Default>(&self, look: impl FnOnce(&AccountState) -> R) -> R {
        self.twin.state().directory.account(&self.email).map(look).unwrap_or_default()
    }

    pub(super) fn edit(&self, change: impl FnOnce(&mut AccountState)) {
        if let Some(account) = self.twin.state().directory.account_mut(&self.email) {
            change(account);
        }
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccount({})", self.email)
    }
}

/// A binding, to be changed while the program under test runs.
#[derive(Debug, Clone)]
pub struct Binding {
    account: ServiceAccount,
    id: u64,
}

impl Binding {
    /// The next requests for its account, so many, do not see it yet.
    pub fn unseen_for(&self, requests: usize) -> &Self {
        self.seen_by(std::iter::repeat_n(false, requests))
    }

    /// Whether each of the next requests for its account sees it. Afterwards all do.
    pub fn seen_by(&self, requests: impl IntoIterator<Item = bool>) -> &Self {
        self.edit(|binding| binding.spreading.steps(requests))
    }

    /// No request before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|binding| binding.spreading.from(at))
    }

    /// Takes it away. Tokens already issued live on.
    pub fn remove(&self) {
        self.account.edit(|account| account.bindings.retain(|binding| binding.id != self.id));
    }

    fn edit(&self, change: impl FnOnce(&mut BindingState)) -> &Self {
        self.account.edit(|account| {
            if let Some(binding) = account.bindings.iter_mut().find(|binding| binding.id == self.id) {
                change(binding);
            }
        });
        self
    }
}

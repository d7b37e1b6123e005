//! A project, to be filled.

use std::collections::BTreeMap;

use super::cloud::GoogleTwin;
use super::directory::{AccountState, AwsAccount, ProjectState, ProviderState, Trusted};
use super::provider::IdentityProvider;
use super::service_account::ServiceAccount;
use crate::twins::aws::StsTwin;
use crate::twins::spreading::Spreading;
use crate::twins::text::random;

/// One project of the twin. Clones are the same project.
#[derive(Debug, Clone)]
pub struct Project {
    twin: GoogleTwin,
    id: String,
    number: u64,
}

impl Project {
    pub(super) fn new(twin: GoogleTwin, id: String, number: u64) -> Self {
        Self { twin, id, number }
    }

    /// The project id: a name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The project number, which is what resource names hold.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The provider of this name in the workload identity pool of that name, which are made when they are new, for tokens
    /// of this issuer. A new one takes tokens for its own name and maps `sub` to `google.subject`. The twin must also be
    /// able to read the issuer's keys: [`GoogleTwin::reach`].
    pub fn provider(&self, pool: &str, provider: &str, issuer: &str) -> IdentityProvider {
        add_provider(&self.twin, self.pool(pool), provider, Trusted::Issuer(issuer.to_owned()))
    }

    /// As [`provider`](Self::provider), for workloads in an account of AWS: `sts` is who they are asked for. It maps `arn`
    /// to `google.subject`, and `account` and `userid` can be mapped as well.
    pub fn aws_provider(&self, pool: &str, provider: &str, sts: &StsTwin, account: &str) -> IdentityProvider {
        let trusted = Trusted::Aws(AwsAccount { id: account.to_owned(), sts: sts.clone() });
        add_provider(&self.twin, self.pool(pool), provider, trusted)
    }

    /// The service account of this name, which is made when it is new: `name@project.iam.gserviceaccount.com`. A new one
    /// lets nobody act as it.
    pub fn service_account(&self, name: &str) -> ServiceAccount {
        let email = format!("{name}@{}.iam.gserviceaccount.com", self.id);
        let mut state = self.twin.state();
        if state.directory.account(&email).is_none() {
            state.directory.accounts.push(AccountState {
                email: email.clone(),
                unique_id: format!("1{}", random(20, "0123456789")),
                project: self.number,
                bindings: Vec::new(),
                keys: Vec::new(),
                spreading: Spreading::default(),
            });
        }
        ServiceAccount::new(self.twin.clone(), email)
    }

    /// Turns the IAM Service Account Credentials API off or on. On unless told.
    pub fn impersonation_api(&self, on: bool) {
        self.edit(|project| project.impersonation_off = !on);
    }

    /// Whether tokens of its service accounts may live for 12 hours: the constraint
    /// `iam.allowServiceAccountCredentialLifetimeExtension`. Not unless told.
    pub fn long_lifetimes(&self, allowed: bool) {
        self.edit(|project| project.long_lifetimes = allowed);
    }

    fn pool(&self, name: &str) -> String {
        format!("projects/{}/locations/global/workloadIdentityPools/{name}", self.number)
    }

    fn edit(&self, change: impl FnOnce(&mut ProjectState)) {
        change(self.twin.state().directory.project_mut(self.number).expect("projects are never taken away"));
    }
}

pub(super) fn add_provider(twin: &GoogleTwin, pool: String, provider: &str, trusted: Trusted) -> IdentityProvider {
    let name = format!("{pool}/providers/{provider}");
    let mut state = twin.state();
    if state.directory.provider_mut(&name).is_none() {
        state.directory.providers.push(ProviderState {
            pool: pool.clone(),
            name: name.clone(),
            trusted,
            audiences: Vec::new(),
            condition: None,
            attributes: BTreeMap::new(),
            enabled: true,
            spreading: Spreading::default(),
        });
    }
    IdentityProvider::new(twin.clone(), pool, name)
}

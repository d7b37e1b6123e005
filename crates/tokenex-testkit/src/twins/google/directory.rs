//! What Google knows: projects, their pools and providers, and their service accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::principal::Principal;
use crate::issuer::SigningKey;
use crate::twins::aws::StsTwin;
use crate::twins::spreading::Spreading;

#[derive(Default)]
pub(super) struct Directory {
    pub(super) projects: Vec<ProjectState>,
    pub(super) providers: Vec<ProviderState>,
    pub(super) accounts: Vec<AccountState>,
}

pub(super) struct ProjectState {
    pub(super) id: String,
    pub(super) number: u64,
    /// Whether the IAM Service Account Credentials API is off.
    pub(super) impersonation_off: bool,
    /// Whether tokens of its accounts may live for 12 hours.
    pub(super) long_lifetimes: bool,
}

/// An attribute condition: judges the claims of a token.
pub(super) type Condition = Arc<dyn Fn(&Value) -> bool + Send + Sync>;

pub(super) struct ProviderState {
    /// `projects/1/locations/global/workloadIdentityPools/p`, or `locations/global/workforcePools/p`.
    pub(super) pool: String,
    /// The pool's name and `/providers/x`.
    pub(super) name: String,
    pub(super) trusted: Trusted,
    /// Allowed audiences; the provider's own names where there are none.
    pub(super) audiences: Vec<String>,
    pub(super) condition: Option<Condition>,
    /// Custom attributes: name without `attribute.`, and the claim that it comes from.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) enabled: bool,
    pub(super) spreading: Spreading,
}

/// Whose workloads a provider takes.
pub(super) enum Trusted {
    /// Tokens of this issuer.
    Issuer(String),
    Aws(AwsAccount),
}

/// An account of AWS, and the STS that knows it.
pub(super) struct AwsAccount {
    pub(super) id: String,
    pub(super) sts: StsTwin,
}

impl ProviderState {
    /// Whether it takes a token for this audience (cloud.google.com/iam/docs/reference/rest, `Oidc.allowedAudiences`).
    pub(super) fn takes(&self, audience: &str) -> bool {
        if self.audiences.is_empty() {
            let name = audience.strip_prefix("https:").unwrap_or(audience);
            return name.strip_prefix("//iam.googleapis.com/") == Some(&self.name);
        }
        self.audiences.iter().any(|allowed| allowed == audience)
    }
}

pub(super) struct AccountState {
    pub(super) email: String,
    /// The numeric id that never changes: the `sub` of its ID tokens.
    pub(super) unique_id: String,
    pub(super) project: u64,
    pub(super) bindings: Vec<BindingState>,
    pub(super) keys: Vec<KeyState>,
    pub(super) spreading: Spreading,
}

pub(super) struct BindingState {
    pub(super) id: u64,
    pub(super) member: String,
    pub(super) spreading: Spreading,
}

pub(super) struct KeyState {
    pub(super) key: Arc<SigningKey>,
    pub(super) spreading: Spreading,
}

impl AccountState {
    /// Whether a binding, as this request sees it, lets the principal act as this account.
    pub(super) fn lets(&mut self, principal: &Principal, now: std::time::SystemTime) -> bool {
        // Each binding spreads on its own, and all of them meet this request.
        let seen: Vec<bool> = self.bindings.iter_mut().map(|binding| binding.spreading.visible(now)).collect();
        self.bindings.iter().zip(seen).any(|(binding, seen)| seen && principal.is_member(&binding.member))
    }
}

impl Directory {
    pub(super) fn project(&self, number: u64) -> Option<&ProjectState> {
        self.projects.iter().find(|project| project.number == number)
    }

    pub(super) fn project_mut(&mut self, number: u64) -> Option<&mut ProjectState> {
        self.projects.iter_mut().find(|project| project.number == number)
    }

    pub(super) fn provider_mut(&mut self, name: &str) -> Option<&mut ProviderState> {
        self.providers.iter_mut().find(|provider| provider.name == name)
    }

    /// By e-mail address or unique id.
    pub(super) fn account(&self, name: &str) -> Option<&AccountState> {
        self.accounts.iter().find(|account| account.email == name || account.unique_id == name)
    }

    /// By e-mail address or unique id.
    pub(super) fn account_mut(&mut self, name: &str) -> Option<&mut AccountState> {
        self.accounts.iter_mut().find(|account| account.email == name || account.unique_id == name)
    }
}

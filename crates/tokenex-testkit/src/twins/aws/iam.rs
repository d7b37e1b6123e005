//! What IAM knows: accounts, their OIDC providers and their roles.

use std::time::Duration;

use super::outbound::Outbound;
use super::trust::{Asked, Kept};
use crate::twins::spreading::Spreading;
use crate::twins::text::random;

/// The characters of AWS's ids.
const ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Longest session of a new role.
const DEFAULT_MAXIMUM: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub(super) struct Iam {
    pub(super) accounts: Vec<AccountState>,
}

pub(super) struct AccountState {
    pub(super) id: String,
    pub(super) providers: Vec<ProviderState>,
    pub(super) roles: Vec<RoleState>,
    pub(super) outbound: Outbound,
}

/// An OIDC provider of an account: an issuer, and the audiences ("client ids") that it takes.
pub(super) struct ProviderState {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) spreading: Spreading,
}

pub(super) struct RoleState {
    pub(super) account: String,
    pub(super) id: String,
    /// Name with its path in front: `team/deployer`.
    pub(super) name: String,
    pub(super) maximum: Duration,
    pub(super) trust: Vec<Kept>,
    /// Actions that a policy of the role denies.
    pub(super) forbidden: Vec<String>,
    pub(super) spreading: Spreading,
}

impl Iam {
    pub(super) fn account(&self, id: &str) -> Option<&AccountState> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(super) fn account_mut(&mut self, id: &str) -> Option<&mut AccountState> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    pub(super) fn role(&self, arn: &str) -> Option<&RoleState> {
        let (account, name) = parse_role_arn(arn)?;
        self.account(account)?.roles.iter().find(|role| role.name == name)
    }

    pub(super) fn role_mut(&mut self, arn: &str) -> Option<&mut RoleState> {
        let (account, name) = parse_role_arn(arn)?;
        self.account_mut(account)?.roles.iter_mut().find(|role| role.name == name)
    }
}

impl AccountState {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), providers: Vec::new(), roles: Vec::new(), outbound: Outbound::default() }
    }
}

impl RoleState {
    pub(super) fn new(account: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            id: unique_id("AROA"),
            name: name.to_owned(),
            maximum: DEFAULT_MAXIMUM,
            trust: Vec::new(),
            forbidden: Vec::new(),
            spreading: Spreading::default(),
        }
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.name)
    }

    pub(super) fn forbids(&self, action: &str) -> bool {
        self.forbidden.iter().any(|known| known == action)
    }

    /// Whether its trust policy, as this call sees it, allows all that is asked.
    pub(super) fn trusts(&mut self, asked: &Asked<'_>, now: std::time::SystemTime) -> bool {
        // Each statement spreads on its own, and all of them meet this call.
        let seen: Vec<_> = self.trust.iter_mut().map(|kept| (kept.spreading.visible(now), &kept.statement)).collect();
        seen.iter().any(|(seen, statement)| *seen && statement.allows(asked))
    }
}

/// `AROA...`, `ASIA...` and their like: four letters that say what it is, and sixteen more.
pub(super) fn unique_id(prefix: &str) -> String {
    format!("{prefix}{}", random(16, ID))
}

/// Account id and name, the path included.
pub(super) fn parse_role_arn(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (arn, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, resource) = (parts.next()?, parts.next()?);
    let name = resource.strip_prefix("role/")?;
    let whole = arn == "arn" && partition.starts_with("aws") && service == "iam" && region.is_empty();
    (whole && is_account_id(account) && !name.is_empty()).then_some((account, name))
}

pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

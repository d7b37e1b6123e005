//! An account, to be filled.

use std::fmt;
use std::time::SystemTime;

use super::iam::{AccountState, ProviderState, RoleState};
use super::role::Role;
use super::sessions::{Caller, Keys};
use super::sts::StsTwin;
use crate::issuer::IssuerKeys;
use crate::twins::spreading::Spreading;

/// One account of the twin. Clones are the same account.
#[derive(Debug, Clone)]
pub struct Account {
    twin: StsTwin,
    id: String,
}

impl Account {
    pub(super) fn new(twin: StsTwin, id: String) -> Self {
        Self { twin, id }
    }

    /// The account id, twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Registers an issuer as an OIDC provider, with an audience that it takes ("client id"); again for one audience
    /// more. The twin must also be able to read the issuer's keys: [`StsTwin::reach`].
    pub fn oidc_provider(&self, issuer: &str, audience: &str) -> OidcProvider {
        self.edit(|account| match account.providers.iter_mut().find(|known| known.issuer == issuer) {
            Some(known) => known.audiences.push(audience.to_owned()),
            None => account.providers.push(ProviderState {
                issuer: issuer.to_owned(),
                audiences: vec![audience.to_owned()],
                spreading: Spreading::default(),
            }),
        });
        OidcProvider { account: self.clone(), issuer: issuer.to_owned() }
    }

    /// The role of this name, which is made when it is new; `team/deployer` has a path. A new one trusts nobody and has
    /// sessions of an hour at most.
    pub fn role(&self, name: &str) -> Role {
        let arn = self.edit(|account| {
            if !account.roles.iter().any(|known| known.name == name) {
                account.roles.push(RoleState::new(&account.id, name));
            }
            account.roles.iter().find(|known| known.name == name).map(RoleState::arn).unwrap_or_default()
        });
        Role::new(self.twin.clone(), arn)
    }

    /// A new user with an access key that lasts.
    pub fn user(&self, name: &str) -> AccessKey {
        let now = self.twin.now();
        AccessKey(self.twin.state().sessions.begin(Caller::user(&self.id, name), now))
    }

    /// Turns outbound identity federation on. Returns the issuer of the account, which is the same each time: name and
    /// keys, for whoever shall trust it.
    pub fn enable_outbound_federation(&self) -> IssuerKeys {
        let now = self.twin.clock();
        self.edit(|account| account.outbound.enable(now).clone())
    }

    /// Turns outbound identity federation off. Tokens already issued live on.
    pub fn disable_outbound_federation(&self) {
        self.edit(|account| account.outbound.disable());
    }

    fn edit<R>(&self, change: impl FnOnce(&mut AccountState) -> R) -> R {
        change(self.twin.state().iam.account_mut(&self.id).expect("accounts are never taken away"))
    }
}

/// An OIDC provider of an account, to be changed while the program under test runs.
#[derive(Debug, Clone)]
pub struct OidcProvider {
    account: Account,
    issuer: String,
}

impl OidcProvider {
    /// The next calls, so many, do not see it yet.
    pub fn unseen_for(&self, calls: usize) -> &Self {
        self.edit(|provider| provider.spreading.steps(std::iter::repeat_n(false, calls)))
    }

    /// No call before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|provider| provider.spreading.from(at))
    }

    /// Takes it away. Sessions already begun live on.
    pub fn remove(&self) {
        self.account.edit(|account| account.providers.retain(|known| known.issuer != self.issuer));
    }

    fn edit(&self, change: impl FnOnce(&mut ProviderState)) -> &Self {
        self.account.edit(|account| {
            if let Some(provider) = account.providers.iter_mut().find(|known| known.issuer == self.issuer) {
                change(provider);
            }
        });
        self
    }
}

/// The access key of a user.
pub struct AccessKey(Keys);

impl AccessKey {
    /// The access key id.
    pub fn id(&self) -> &str {
        &self.0.access_key_id
    }

    /// The secret access key.
    pub fn secret(&self) -> &str {
        &self.0.secret
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKey({})", self.id())
    }
}

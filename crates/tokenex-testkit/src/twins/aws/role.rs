//! A role, to be given trust.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::iam::RoleState;
use super::sts::StsTwin;
use super::trust::{Kept, Trust, TrustStatement};
use crate::twins::spreading::Spreading;

/// A role of an account. Clones are the same role.
#[derive(Clone)]
pub struct Role {
    twin: StsTwin,
    arn: String,
}

impl Role {
    pub(super) fn new(twin: StsTwin, arn: String) -> Self {
        Self { twin, arn }
    }

    /// Its ARN: `arn:aws:iam::123456789012:role/deployer`.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Its name, without a path.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// Adds a statement to its trust policy.
    pub fn trust(&self, statement: TrustStatement) -> Trust {
        let id = self.twin.state().next_id();
        self.edit(|role| role.trust.push(Kept { id, statement, spreading: Spreading::default() }));
        Trust { twin: self.twin.clone(), role_arn: self.arn.clone(), id }
    }

    /// Trusts tokens of this issuer for this subject and audience, which is the least that a trust policy should ask.
    pub fn trust_subject(&self, issuer: &str, subject: &str, audience: &str) -> Trust {
        let statement = TrustStatement::web_identity(issuer);
        self.trust(statement.string_equals("sub", subject).string_equals("aud", audience))
    }

    /// Its longest session: an hour unless told, and from 1 to 12 hours in AWS.
    pub fn maximum_session(&self, maximum: Duration) -> &Self {
        self.edit(|role| role.maximum = maximum);
        self
    }

    /// A policy of the role denies this action to its sessions from now on, such as `sts:GetWebIdentityToken`. All else is
    /// allowed.
    pub fn forbid(&self, action: &str) -> &Self {
        self.edit(|role| role.forbidden.push(action.to_owned()));
        self
    }

    /// The end of [`forbid`](Self::forbid).
    pub fn allow(&self, action: &str) -> &Self {
        self.edit(|role| role.forbidden.retain(|known| known != action));
        self
    }

    /// The next calls, so many, do not see the role yet.
    pub fn unseen_for(&self, calls: usize) -> &Self {
        self.edit(|role| role.spreading.steps(std::iter::repeat_n(false, calls)));
        self
    }

    /// No call before this time sees the role.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|role| role.spreading.from(at));
        self
    }

    /// Deletes it, and with it all its sessions.
    pub fn delete(&self) {
        let mut state = self.twin.state();
        let Some((account, id)) = state.iam.role(&self.arn).map(|role| (role.account.clone(), role.id.clone())) else {
            return;
        };
        if let Some(account) = state.iam.account_mut(&account) {
            account.roles.retain(|role| role.id != id);
        }
        state.sessions.end_of_role(&id);
    }

    pub(super) fn twin(&self) -> &StsTwin {
        &self.twin
    }

    fn edit(&self, change: impl FnOnce(&mut RoleState)) {
        if let Some(role) = self.twin.state().iam.role_mut(&self.arn) {
            change(role);
        }
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Role({})", self.arn)
    }
}

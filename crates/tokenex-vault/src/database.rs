//! Database users that live as long as their lease.

use std::fmt;

use tokenex_core::{
    Attempt, Credential, Error, ErrorKind, Issued, Outcome, Policy, Provider, Renewal, Result, Revocation, Secret,
    Target,
};

use crate::errors::Step;
use crate::lease::{Lease, policy_of_dynamic};
use crate::session::Session;
use crate::wire::{Call, Members, Path, SecretBody};

/// Where the database engine is mounted unless somebody says otherwise.
pub(crate) const MOUNT: &str = "database";

/// A user name and its password at a database.
pub struct DatabaseCredentials {
    username: String,
    password: Secret,
    lease: Option<Lease>,
}

impl DatabaseCredentials {
    /// Takes user name and password out of what the engine handed over.
    pub(crate) fn read(mut data: Members, lease: Option<Lease>) -> Result<Self> {
        let mut text = |name| match data.remove(name) {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        match (text("username"), text("password")) {
            (Some(username), Some(password)) => Ok(Self { username, password: Secret::new(password), lease }),
            // Keys and client certificates are configured by role, so asking again brings the same.
            _ => Err(Error::new(ErrorKind::Configuration, "the role hands out no user name with a password")
                .with_code("no_password")
                .with_advice("for keys and certificates read the path itself: Vault::read(\"database/creds/<role>\")")),
        }
    }

    /// The user name. Not a secret.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// The lease of a dynamic user. `None` for a static role, whose user stays and whose password is rotated.
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }
}

impl Credential for DatabaseCredentials {
    fn same_as(&self, other: &Self) -> bool {
        self.username == other.username && self.password.same_as(&other.password)
    }
}

impl fmt::Debug for DatabaseCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseCredentials")
            .field("username", &self.username)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// The provider of dynamic database users; from [`Vault::database`](crate::Vault::database).
#[derive(Debug)]
pub struct Database {
    session: Session,
    mount: String,
    role: String,
}

impl Database {
    pub(crate) fn new(session: Session, role: &str) -> Self {
        Self { session, mount: MOUNT.to_owned(), role: role.to_owned() }
    }

    /// Where the engine is mounted. Default `database`.
    #[must_use]
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }
}

impl Provider for Database {
    type Credential = DatabaseCredentials;

    fn name(&self) -> &'static str {
        "vault"
    }

    fn target(&self) -> Target {
        self.session.server.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        policy_of_dynamic(scheduler)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<DatabaseCredentials>> {
        let path = Path::new(&format!("{}/creds/{}", self.mount, self.role))?;
        let (answer, login) = self.session.call(cx, Step::Read, &Call::read(&path)).await?;
        let secret = SecretBody::read(answer.success()?).map_err(|error| answer.blame(error))?;
        let Some(terms) = secret.lease else {
            return Err(answer.blame(
                Error::new(ErrorKind::Protocol, "the answer holds no lease")
                    .with_advice("is the mount a database engine? for a static role use Vault::static_database"),
            ));
        };
        let lease = Lease::new(terms, &login, &self.session);
        let credentials = DatabaseCredentials::read(secret.data, Some(lease.clone())).map_err(|e| answer.blame(e))?;
        Ok(lease.grant(credentials, answer.sent, login.bonds()).into())
    }

    async fn renew(&self, held: &Issued<DatabaseCredentials>, cx: &Attempt) -> Result<Renewal> {
        match held.lease() {
            Some(lease) => lease.renew(&self.session, cx).await,
            None => Ok(Renewal::NotRenewable),
        }
    }

    async fn revoke(&self, held: &Issued<DatabaseCredentials>, cx: &Attempt) -> Result<Revocation> {
        match held.lease() {
            Some(lease) => lease.revoke(&self.session, cx, held.expires_at()).await,
            None => Ok(Revocation::NotPossible),
        }
    }
}

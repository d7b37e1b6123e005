//! One running credential.

use std::time::Duration;

use tokenex::aws::AwsCredentials;
use tokenex::core::{AnyTokenSource, BoxFuture, Clock, Credential, Handle, IdentityToken, Result, Status};
use tokenex::oci::SessionToken;
use tokenex::vault::{DatabaseCredentials, VaultSecret};
use tokenex::{azure, gcp};

use super::snapshot::{Changes, Snapshot, Typed};
use super::value::{Kind, Parts};

/// One running credential, without its type. Cheap to clone; all clones are one credential.
#[derive(Debug, Clone)]
pub(crate) struct Managed {
    name: String,
    provider: &'static str,
    clock: Clock,
    running: Running,
    /// Of a session of Oracle Cloud, where the file names it.
    region: Option<String>,
}

/// A handle of any of the types.
#[derive(Debug, Clone)]
pub(super) enum Running {
    Azure(Handle<azure::AccessToken>),
    Gcp(Handle<gcp::AccessToken>),
    Aws(Handle<AwsCredentials>),
    Oci(Handle<SessionToken>),
    Vault(Handle<VaultSecret>),
    Database(Handle<DatabaseCredentials>),
    Jwt(Handle<IdentityToken>),
}

impl Running {
    /// The handle without its type.
    fn kept(&self) -> &dyn Kept {
        match self {
            Self::Azure(handle) => handle,
            Self::Gcp(handle) => handle,
            Self::Aws(handle) => handle,
            Self::Oci(handle) => handle,
            Self::Vault(handle) => handle,
            Self::Database(handle) => handle,
            Self::Jwt(handle) => handle,
        }
    }

    /// Its credential as an identity, for those that are JWTs.
    pub(super) fn identity(&self) -> Option<AnyTokenSource> {
        match self {
            Self::Azure(handle) => Some(AnyTokenSource::new(handle.clone())),
            Self::Jwt(handle) => Some(AnyTokenSource::new(handle.clone())),
            _ => None,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Azure(_) | Self::Gcp(_) => Kind::Bearer,
            Self::Aws(_) => Kind::AwsKeys,
            Self::Oci(_) => Kind::OciSession,
            Self::Vault(_) | Self::Database(_) => Kind::VaultSecret,
            Self::Jwt(_) => Kind::Jwt,
        }
    }
}

impl Managed {
    pub(super) fn new(name: &str, provider: &'static str, clock: Clock, running: Running) -> Self {
        Self { name: name.to_owned(), provider, clock, running, region: None }
    }

    pub(super) fn in_region(mut self, region: Option<String>) -> Self {
        self.region = region;
        self
    }

    fn told(&self, snapshot: Snapshot) -> Snapshot {
        Snapshot { value: snapshot.value.in_region(&self.region), ..snapshot }
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// Its name in the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The word in the file: `azure`.
    pub(crate) fn provider(&self) -> &'static str {
        self.provider
    }

    pub(crate) fn kind(&self) -> Kind {
        self.running.kind()
    }

    /// Keys of AWS with their type, for the library's own output forms.
    pub(crate) fn aws(&self) -> Option<&Handle<AwsCredentials>> {
        match &self.running {
            Running::Aws(handle) => Some(handle),
            _ => None,
        }
    }

    /// Waits across failures for a usable credential.
    ///
    /// # Errors
    /// After `within`, the last error with the first as its source.
    pub(crate) async fn ready(&self, within: Duration) -> Result<Snapshot> {
        Ok(self.told(self.running.kept().ready(within).await?))
    }

    /// One exchange: what the attempt in flight brings, or its failure.
    ///
    /// # Errors
    /// That of the attempt.
    pub(crate) async fn get(&self) -> Result<Snapshot> {
        Ok(self.told(self.running.kept().get().await?))
    }

    /// A credential that stays valid for `at_least`; one refresh if the first does not.
    ///
    /// # Errors
    /// Those of [`ready`](Self::ready); `lifetime_too_short` when the target never gives that much.
    pub(crate) async fn valid_for(&self, at_least: Duration, within: Duration) -> Result<Snapshot> {
        self.running.kept().ready(within).await?;
        Ok(self.told(self.running.kept().valid_for(at_least).await?))
    }

    /// The usable credential, without waiting.
    #[cfg(test)]
    pub(crate) fn current(&self) -> Option<Snapshot> {
        Some(self.told(self.running.kept().current()?))
    }

    pub(crate) fn status(&self) -> Status {
        self.running.kept().status()
    }

    /// Listens to changes, without keeping the credential alive.
    pub(crate) fn listen(&self) -> Changes {
        self.running.kept().listen(self.clock.clone()).in_region(self.region.clone())
    }
}

/// A handle without its type.
trait Kept: Send + Sync {
    fn get(&self) -> BoxFuture<'_, Result<Snapshot>>;
    fn ready(&self, within: Duration) -> BoxFuture<'_, Result<Snapshot>>;
    fn valid_for(&self, at_least: Duration) -> BoxFuture<'_, Result<Snapshot>>;
    #[cfg(test)]
    fn current(&self) -> Option<Snapshot>;
    fn status(&self) -> Status;
    fn listen(&self, clock: Clock) -> Changes;
}

impl<C: Credential + Parts> Kept for Handle<C> {
    fn get(&self) -> BoxFuture<'_, Result<Snapshot>> {
        Box::pin(async move { Ok(Snapshot::of(&*Self::get(self).await?, Some(&Self::status(self)))) })
    }

    fn ready(&self, within: Duration) -> BoxFuture<'_, Result<Snapshot>> {
        Box::pin(async move { Ok(Snapshot::of(&*Self::ready(self, within).await?, Some(&Self::status(self)))) })
    }

    fn valid_for(&self, at_least: Duration) -> BoxFuture<'_, Result<Snapshot>> {
        Box::pin(async move { Ok(Snapshot::of(&*self.get_valid_for(at_least).await?, Some(&Self::status(self)))) })
    }

    #[cfg(test)]
    fn current(&self) -> Option<Snapshot> {
        Some(Snapshot::of(&*self.peek()?, Some(&Self::status(self))))
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    fn listen(&self, clock: Clock) -> Changes {
        let weak = self.downgrade();
        let status = Box::new(move || weak.upgrade().map(|handle| handle.status()));
        Changes::new(clock, Typed { listener: Self::listen(self), status, told: None })
    }
}

//! Where secrets are that the file only points to.

use std::time::Duration;

use tokenex::core::{
    AnySource, AnyTransport, Attempt, Clock, Credential, Error, ErrorKind, Handle, Result, Secret, Source as _,
};
use tokenex::sources::{EnvVar, File};

use super::managed::Running;
use super::network::Nowhere;
use super::opening::misfit;
use super::value::Parts;
use crate::config::SecretRef;

/// A secret in a variable or in a file.
pub(super) fn outside(secret: &SecretRef) -> Result<AnySource<Secret>> {
    match secret {
        SecretRef::Env(name) => Ok(AnySource::new(EnvVar::new(name))),
        SecretRef::File(path) => Ok(AnySource::new(File::new(path).refuse_if_others_may_write())),
        SecretRef::Credential { name, .. } => Err(misfit(format!("the credential {name:?} does not run"))),
    }
}

impl Running {
    /// A field of whatever credential is current: what is made with it follows it.
    pub(super) fn field(&self, field: &str) -> AnySource<Secret> {
        match self {
            Self::Azure(handle) => of(handle, field),
            Self::Gcp(handle) => of(handle, field),
            Self::Aws(handle) => of(handle, field),
            Self::Oci(handle) => of(handle, field),
            Self::Vault(handle) => of(handle, field),
            Self::Database(handle) => of(handle, field),
            Self::Jwt(handle) => of(handle, field),
        }
    }
}

fn of<C: Credential + Parts>(handle: &Handle<C>, field: &str) -> AnySource<Secret> {
    let (name, field) = (handle.name().to_owned(), field.to_owned());
    AnySource::new(handle.map(move |credential| {
        let parts = credential.parts();
        parts.field(&field).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("the credential {name:?} has no field {field:?}"))
                .with_code("credential")
                .with_advice(format!("it has {}", parts.fields().join(", ")))
        })
    }))
}

/// A secret that is needed before anything runs.
///
/// # Errors
/// When it is not there.
pub(super) async fn now(secret: &SecretRef) -> Result<Secret> {
    let attempt = Attempt::detached(Clock::system(), AnyTransport::new(Nowhere), Duration::from_secs(10));
    Ok(outside(secret)?.fetch(&attempt).await?.into_value())
}

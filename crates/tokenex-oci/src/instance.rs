//! Instance principals: a compute instance of Oracle Cloud as itself.

mod certificate;
mod federation;
mod metadata;

use std::env;
use std::fmt;

use http::Uri;
use tokenex_core::{Attempt, Error, ErrorKind, Grant, Outcome, Provider, Result, Target};

use crate::errors::{Step, bad_option, named};
use crate::exchange::granted;
use crate::key::{KeySize, SessionKey};
use crate::session_token::SessionToken;
use certificate::Identity;
use metadata::Metadata;

/// Where Oracle's own clients are told of another metadata service.
const BASE_VARIABLE: &str = "OCI_METADATA_BASE_URL";

/// The provider of the [`SessionToken`] of the compute instance that the program runs on
/// ([instance principals](https://docs.oracle.com/iaas/Content/Identity/Tasks/callingservicesfrominstances.htm)). Policies name a
/// dynamic group that the instance is in.
///
/// The metadata service hands out a certificate with its key, which changes several times a day; each attempt reads them anew, and
/// shows them to the federation endpoint of the region with a new session key. Oracle's pages do not describe that endpoint: what is
/// sent is what Oracle's own clients send (`oci` 2.189 for Python).
///
/// Its handle is a source of session tokens, for a [`Domain`](crate::Domain) that lets the instance exchange identity tokens in place
/// of an application with a secret.
///
/// Whoever can send requests from the instance can do the same: keep other people's code off the metadata service.
///
/// ```no_run
/// # use tokenex_oci::InstancePrincipal;
/// # fn demo(scheduler: &tokenex_core::Scheduler) -> tokenex_core::Result<()> {
/// let instance = scheduler.keep(InstancePrincipal::from_env()?);
/// # let _ = instance;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InstancePrincipal {
    metadata: Metadata,
    federation: Option<Uri>,
    key_size: KeySize,
}

impl InstancePrincipal {
    /// With the metadata service at `169.254.169.254`.
    pub fn new() -> Self {
        Self { metadata: Metadata::default(), federation: None, key_size: KeySize::default() }
    }

    /// With the metadata service that `OCI_METADATA_BASE_URL` names, else the usual one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the variable holds no address.
    pub fn from_env() -> Result<Self> {
        match env::var(BASE_VARIABLE) {
            Ok(base) if !base.trim().is_empty() => Self::at(base.trim()),
            Err(env::VarError::NotUnicode(_)) => Err(metadata::not_a_base()),
            _ => Ok(Self::new()),
        }
    }

    /// With the metadata service at this address: `http://169.254.169.254/opc/v2`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is none.
    pub fn at(base: &str) -> Result<Self> {
        Ok(Self { metadata: Metadata::at(base)?, ..Self::new() })
    }

    /// Asks for tokens in this region, `eu-frankfurt-1`, of the realm with this domain, most often `oraclecloud.com`. Without it, in
    /// the instance's own.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the two do not make a host.
    pub fn region(self, region: &str, realm_domain: &str) -> Result<Self> {
        let endpoint = federation::endpoint_of(region, realm_domain);
        let endpoint = endpoint.ok_or_else(|| {
            bad_option("region", "the region or the domain of its realm is none")
                .with_advice("give the identifier of the region and the domain: eu-frankfurt-1, oraclecloud.com")
        })?;
        Ok(Self { federation: Some(endpoint), ..self })
    }

    /// How long the session keys are. 2048 bits, unless told.
    #[must_use]
    pub fn key_size(self, key_size: KeySize) -> Self {
        Self { key_size, ..self }
    }

    async fn exchange(&self, cx: &Attempt) -> Result<Grant<SessionToken>> {
        let key = SessionKey::generate(self.key_size).await?;
        let identity = self.identity(cx).await.map_err(|error| named(error, Step::Metadata))?;
        let endpoint = match &self.federation {
            Some(endpoint) => endpoint.clone(),
            None => self.metadata.federation_endpoint(cx).await.map_err(|error| named(error, Step::Metadata))?,
        };
        granted(federation::token(cx, endpoint, &identity, key).await?)
    }

    /// The certificate and its key, which are two requests: they may change in between.
    async fn identity(&self, cx: &Attempt) -> Result<Identity> {
        for _ in 0..2 {
            let read = self.metadata.identity(cx).await?;
            if read.fits() {
                return Ok(read);
            }
        }
        Err(Error::new(ErrorKind::Protocol, "the certificate of the instance and its key do not belong together")
            .with_code("wrong_pair")
            .with_advice("does something else than Oracle's metadata service answer at its address?"))
    }
}

impl Default for InstancePrincipal {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for InstancePrincipal {
    type Credential = SessionToken;

    fn name(&self) -> &'static str {
        "oci"
    }

    fn target(&self) -> Target {
        // Which region it is, and so which address, is known only on the way.
        match self.federation.as_ref().and_then(Uri::host) {
            Some(host) => Target::new(format!("https://{host}")),
            None => self.metadata.target(),
        }
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<SessionToken>> {
        Ok(self.exchange(cx).await.map_err(|error| named(error, Step::Federation))?.into())
    }
}

impl fmt::Debug for InstancePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstancePrincipal({})", self.target())
    }
}

//! Resource principals, version 2.2: what the platform hands to functions, notebooks and the like.

mod binding;
mod material;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokenex_core::{Attempt, Error, ErrorKind, Grant, Outcome, Provider, Result, Secret, Source, Target};

use crate::errors::{Step, bad_option, named};
use crate::exchange::granted;
use crate::session_token::SessionToken;
use material::Material;

const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
const TOKEN: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
const KEY: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";

/// So many times token and key are read again when they do not belong together.
const READINGS_MAX: u32 = 5;

/// The pause in between: whoever replaces two files is done soon.
const PAUSE: Duration = Duration::from_millis(50);

/// The provider of the [`SessionToken`] of the resource that the program runs in: of OCI Functions, Data Science, Container
/// Instances and whatever else the platform gives a *resource principal*, version 2.2.
///
/// The platform keeps a token and its key in two files, or for short runs in two variables, and replaces both in good time. Files
/// are read anew in each attempt, the more often the nearer the end; the same token again is no news. Both together are one
/// credential: while one file is new and the other is not, the attempt waits a moment and reads again.
#[derive(Clone)]
pub struct ResourcePrincipal {
    token: Material,
    key: Material,
    passphrase: Option<Material>,
    region: Option<String>,
}

impl ResourcePrincipal {
    /// A resource principal whose token and private key, in PEM, are somewhere else than the platform puts them.
    pub fn new(token: impl Source<Secret>, key: impl Source<Secret>) -> Self {
        Self { token: Material::source(token), key: Material::source(key), passphrase: None, region: None }
    }

    /// The pass phrase of the key.
    #[must_use]
    pub fn passphrase(mut self, passphrase: impl Source<Secret>) -> Self {
        self.passphrase = Some(Material::source(passphrase));
        self
    }

    /// What the platform put into the environment. A value that is an absolute path is a file to read; any other is the text
    /// itself.
    ///
    /// | variable | holds |
    /// |---|---|
    /// | `OCI_RESOURCE_PRINCIPAL_VERSION` | `2.2` |
    /// | `OCI_RESOURCE_PRINCIPAL_RPST` | the token |
    /// | `OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM` | its key |
    /// | `OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE` | the pass phrase of the key, if it has one |
    /// | `OCI_RESOURCE_PRINCIPAL_REGION` | the region |
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming all variables that are missing, or when the version is another one.
    pub fn from_env() -> Result<Self> {
        // Only what is Unicode can be any of these.
        from_variables(|name| std::env::var(name).ok())
    }

    /// The region that the environment names, for the addresses of services.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    async fn read(&self, cx: &Attempt) -> Result<SessionToken> {
        let mut reading = self.read_once(cx).await?;
        for _ in 1..READINGS_MAX {
            if binding::holds(&reading) != Some(false) {
                return Ok(reading);
            }
            cx.sleep(PAUSE).await;
            reading = self.read_once(cx).await?;
        }
        match binding::holds(&reading) {
            Some(false) => Err(Error::new(
                ErrorKind::Identity,
                "the token of the resource principal is bound to another key than the one beside it",
            )
            .with_code("key_mismatch")
            .with_advice(format!("{TOKEN} and {KEY} must be of one resource, and are replaced together"))),
            _ => Ok(reading),
        }
    }

    async fn read_once(&self, cx: &Attempt) -> Result<SessionToken> {
        let token = self.token.read(cx).await?;
        let pem = self.key.read(cx).await?;
        let passphrase = match &self.passphrase {
            Some(material) => Some(material.read(cx).await?),
            None => None,
        };
        let key = material::key(pem, passphrase).await?;
        SessionToken::new(token, key)
    }

    async fn grant(&self, cx: &Attempt) -> Result<Grant<SessionToken>> {
        let token = self.read(cx).await?;
        let now = cx.clock().wall();
        match token.claims().expires_at().and_then(|at| now.duration_since(at).ok()) {
            Some(ago) => Err(Error::new(
                ErrorKind::Identity,
                format!("the token of the resource principal expired {} s ago", ago.as_secs()),
            )
            .with_code("expired")
            .with_advice(
                "the platform replaces it in files only: a token in a variable serves for its life, and a program that runs \
                 longer must be started anew. For files, is the local clock right?",
            )),
            None => granted(token),
        }
    }
}

impl Provider for ResourcePrincipal {
    type Credential = SessionToken;

    fn name(&self) -> &'static str {
        "oci"
    }

    fn target(&self) -> Target {
        Target::new("oci resource principal")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<SessionToken>> {
        Ok(self.grant(cx).await.map_err(|error| named(error, Step::ResourcePrincipal))?.into())
    }
}

impl fmt::Debug for ResourcePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourcePrincipal")
            .field("token", &self.token)
            .field("key", &self.key)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<ResourcePrincipal> {
    let bad = |what: String| bad_option("environment", what);
    let value = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    match value(VERSION).as_deref().map(str::trim) {
        Some("2.2") => {}
        Some(_) => {
            return Err(bad(format!("{VERSION} is not 2.2, and other versions are not spoken here"))
                .with_advice("1.1 is that of resources that ask a service for their token; on OKE use OkeWorkload"));
        }
        None => {
            return Err(bad(format!("not set: {VERSION}")).with_advice(
                "the platform sets it in functions, notebooks, jobs and container instances, and not in plain virtual machines: \
                 there use InstancePrincipal",
            ));
        }
    }
    let missing: Vec<_> = [TOKEN, KEY].into_iter().filter(|name| value(name).is_none()).collect();
    let (Some(token), Some(key)) = (value(TOKEN), value(KEY)) else {
        return Err(bad(format!("not set: {}", missing.join(", ")))
            .with_advice("the platform sets them together with the version: pass all of them on"));
    };
    let material = |name: &'static str, text: String| {
        if Path::new(text.trim()).is_absolute() {
            Material::file(name, text.trim())
        } else {
            Material::text(name, text)
        }
    };
    Ok(ResourcePrincipal {
        token: material(TOKEN, token),
        key: material(KEY, key),
        passphrase: value(PASSPHRASE).map(|text| material(PASSPHRASE, text)),
        region: value(REGION).map(|region| region.trim().to_owned()),
    })
}

#[cfg(test)]
mod tests;

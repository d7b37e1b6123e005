//! Starts credentials, each after what it is made from, and each once.

use std::collections::HashMap;

use tokenex::core::{AnySource, AnyTokenSource, Clock, Error, ErrorKind, Handle, Keep, Passthrough, Result, Secret};
use tokenex::vault::Vault;
use tokenex::{Scheduler, core, gcp};

use super::managed::{Managed, Running};
use super::parts::Witness;
use super::{aws, azure, identities, oci, secrets, vault};
use crate::config::{self, Config, CredentialSpec, GcpProof, Outbound, Proof, Provider, SecretRef, VaultLogin};
use crate::failure::Failure;

/// The credentials of a file, as far as they have been started.
pub(super) struct Opening<'a> {
    config: &'a Config,
    scheduler: Scheduler,
    clock: Clock,
    running: HashMap<&'a str, Managed>,
    /// Equal logins are one.
    vaults: Vec<(&'a VaultLogin, Vault)>,
    /// Sees the identity tokens that providers get, where somebody wants to know.
    pub(super) witness: Option<Witness>,
}

impl<'a> Opening<'a> {
    pub(super) fn new(config: &'a Config, scheduler: Scheduler, clock: Clock) -> Self {
        Self { config, scheduler, clock, running: HashMap::new(), vaults: Vec::new(), witness: None }
    }

    /// Starts this credential, if it does not run yet.
    ///
    /// # Errors
    /// A setting that the library does not take, with its place in the file.
    pub(super) fn credential(&mut self, name: &'a str) -> Result<Managed, Failure> {
        let spec = self.config.credential(name).ok_or_else(|| self.config.unknown_credential(name))?;
        self.managed(spec).map_err(|error| self.config.refused(name, &error))
    }

    fn named(&mut self, name: &'a str) -> Result<Running> {
        match self.config.credential(name) {
            Some(spec) => Ok(self.managed(spec)?.running().clone()),
            None => Err(misfit(format!("there is no credential {name:?}"))),
        }
    }

    pub(super) fn managed(&mut self, spec: &'a CredentialSpec) -> Result<Managed> {
        if let Some(managed) = self.running.get(spec.name.as_str()) {
            return Ok(managed.clone());
        }
        let running = self.start(spec)?;
        let region = match &spec.provider {
            Provider::Oci(oci) => oci.region.clone(),
            _ => None,
        };
        let managed = Managed::new(&spec.name, spec.provider.word(), self.clock.clone(), running).in_region(region);
        self.running.insert(&spec.name, managed.clone());
        Ok(managed)
    }

    fn start(&mut self, spec: &'a CredentialSpec) -> Result<Running> {
        let name = &spec.name;
        Ok(match &spec.provider {
            Provider::Azure(azure) => {
                let entra = azure::client(&azure.client, self)?;
                Running::Azure(self.keep(name, entra.token(&azure.scope)?))
            }
            Provider::AzureManagedIdentity { which, scope } => {
                let identity = azure::managed_identity(which)?;
                Running::Azure(self.keep(name, identity.token(scope)?))
            }
            Provider::AzureAgent(agent) => {
                let scheduler = self.scheduler.clone();
                let token = azure::agent(agent, self, &scheduler)?;
                Running::Azure(self.keep(name, token))
            }
            Provider::Aws(spec) => {
                let identity = self.proof(&spec.proof)?;
                Running::Aws(self.keep(name, aws::web_identity(spec, identity)?))
            }
            Provider::AwsAssumeRole(spec) => match self.named(&spec.from)? {
                Running::Aws(base) => Running::Aws(self.keep(name, aws::assume_role(spec, base)?)),
                other => {
                    let base = aws::keys_of(other)?;
                    Running::Aws(self.keep(name, aws::assume_role(spec, base)?))
                }
            },
            Provider::Gcp(spec) => Running::Gcp(self.gcp(name, spec)?),
            Provider::Oci(spec) => {
                let (identity, secret) = (self.proof(&spec.proof)?, self.secret(&spec.client_secret)?);
                Running::Oci(self.keep(name, oci::exchange(spec, identity, secret)?))
            }
            Provider::Vault(spec) => {
                let login = self.login(&spec.login)?;
                vault::start(name, spec, &login, self)
            }
            Provider::Passthrough { proof, audience } => {
                let mut token = Passthrough::new(self.proof(proof)?);
                if let Some(audience) = audience {
                    token = token.audience(audience);
                }
                Running::Jwt(self.keep(name, token))
            }
        })
    }

    /// Lets go of a credential: nobody else holding it, its work stops.
    pub(super) fn forget(&mut self, name: &str) {
        self.running.remove(name);
    }

    /// The login that this one is, if it has begun.
    pub(super) fn begun(&self, login: &VaultLogin) -> Option<&Vault> {
        self.vaults.iter().find(|(known, _)| *known == login).map(|(_, vault)| vault)
    }

    fn gcp(&mut self, name: &str, spec: &'a config::Gcp) -> Result<Handle<gcp::AccessToken>> {
        // What an account is impersonated with has a name of its own in logs and reports.
        let own = match spec.service_account {
            Some(_) => format!("{name} (federated)"),
            None => name.to_owned(),
        };
        let base = match &spec.proof {
            GcpProof::Federated { proof, .. } => {
                let identity = self.proof(proof)?;
                self.keep(&own, super::gcp::federated(spec, identity)?)
            }
            GcpProof::Key(key) => {
                let key = self.secret(key)?;
                self.keep(&own, super::gcp::key(spec, key)?)
            }
            GcpProof::Token { from } => match self.named(from)? {
                Running::Gcp(handle) => handle,
                _ => return Err(misfit(format!("{from:?} is no token of Google"))),
            },
        };
        match &spec.service_account {
            None => Ok(base),
            Some(account) => Ok(self.keep(name, super::gcp::impersonation(spec, account, base)?)),
        }
    }

    fn login(&mut self, login: &'a VaultLogin) -> Result<Vault> {
        if let Some(vault) = self.begun(login) {
            return Ok(vault.clone());
        }
        let identity = self.proof(&login.proof)?;
        let vault = vault::login(login, identity, &self.scheduler)?;
        self.vaults.push((login, vault.clone()));
        Ok(vault)
    }

    /// Keeps a provider under this name.
    pub(super) fn keep<P: core::Provider>(&self, name: &str, provider: P) -> Handle<P::Credential> {
        self.keep_as(name, Keep::new(provider))
    }

    /// As [`keep`](Self::keep), with numbers of its own.
    pub(super) fn keep_as<P: core::Provider>(&self, name: &str, keep: Keep<P>) -> Handle<P::Credential> {
        self.scheduler.keep(keep.name(name))
    }
}

/// What providers are made from: running handles here, placeholders where nothing is to be started.
pub(super) trait Inputs<'a> {
    /// The file.
    fn config(&self) -> &'a Config;

    /// A credential that is an identity token.
    fn credential_token(&mut self, name: &'a str) -> Result<AnyTokenSource>;

    /// Identity tokens that AWS signs.
    fn outbound(&mut self, outbound: &'a Outbound) -> Result<AnyTokenSource>;

    /// A secret.
    fn secret(&mut self, secret: &'a SecretRef) -> Result<AnySource<Secret>>;

    /// The identity tokens that prove the workload.
    fn proof(&mut self, proof: &'a Proof) -> Result<AnyTokenSource>
    where
        Self: Sized,
    {
        tokens_of(self, proof)
    }
}

fn tokens_of<'a>(inputs: &mut impl Inputs<'a>, proof: &'a Proof) -> Result<AnyTokenSource> {
    match proof {
        Proof::Credential(name) => inputs.credential_token(name),
        Proof::Identity(name) => match inputs.config().identity(name) {
            Some(identity) => Ok(identities::named(name, identities::source(&identity.origin, inputs)?)),
            None => Err(misfit(format!("there is no identity {name:?}"))),
        },
    }
}

impl<'a> Inputs<'a> for Opening<'a> {
    fn config(&self) -> &'a Config {
        self.config
    }

    fn credential_token(&mut self, name: &'a str) -> Result<AnyTokenSource> {
        let running = self.named(name)?;
        running.identity().ok_or_else(|| misfit(format!("the credential {name:?} is no identity token")))
    }

    fn outbound(&mut self, outbound: &'a Outbound) -> Result<AnyTokenSource> {
        match self.named(&outbound.from)? {
            Running::Aws(base) => aws::outbound(outbound, base),
            other => aws::outbound(outbound, aws::keys_of(other)?),
        }
    }

    fn secret(&mut self, secret: &'a SecretRef) -> Result<AnySource<Secret>> {
        match secret {
            SecretRef::Credential { name, field } => Ok(self.named(name)?.field(field)),
            elsewhere => secrets::outside(elsewhere),
        }
    }

    fn proof(&mut self, proof: &'a Proof) -> Result<AnyTokenSource> {
        let source = tokens_of(self, proof)?;
        Ok(match &self.witness {
            Some(witness) => witness.beside(source),
            None => source,
        })
    }
}

/// What a file without problems cannot lead to.
pub(super) fn misfit(what: String) -> Error {
    Error::new(ErrorKind::Configuration, what)
}

//! Makes all providers of a file with placeholders in place of what they are made from, so that the library's own checks
//! run and nothing is started, read or sent.

use tokenex::Scheduler;
use tokenex::aws::AwsCredentials;
use tokenex::core::{AnySource, AnyTokenSource, AnyTransport, Error, ErrorKind, Result, Secret};
use tokenex::gcp::AccessToken;
use tokenex::sources::Closure;

use super::network::Nowhere;
use super::opening::Inputs;
use super::{aws, azure, gcp, identities, oci, vault};
use crate::config::{Config, CredentialSpec, GcpProof, Origin, Outbound, Problem, Proof, Provider, SecretRef};

/// What the library does not take of a file that is well formed. Runs in a runtime.
pub(crate) fn rehearse(config: &Config) -> Vec<Problem> {
    let nowhere = AnyTransport::new(Nowhere);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(nowhere).start();
    let mut rehearsal = Rehearsal { config, scheduler };
    let mut problems = Vec::new();
    for identity in &config.identities {
        // Only a job has what it is made from.
        if matches!(identity.origin, Origin::GitHubActions) {
            continue;
        }
        if let Err(error) = identities::source(&identity.origin, &mut rehearsal)
            && is_of_the_file(&error)
        {
            problems.push(Problem::refused(identity.at.clone(), &error));
        }
    }
    for credential in &config.credentials {
        if let Err(error) = rehearsal.credential(credential)
            && is_of_the_file(&error)
        {
            problems.push(Problem::refused(credential.place_of(&error), &error));
        }
    }
    problems
}

/// What this machine lacks, another one may have.
fn is_of_the_file(error: &Error) -> bool {
    error.kind() == ErrorKind::Configuration && error.code() != Some("environment")
}

struct Rehearsal<'a> {
    config: &'a Config,
    scheduler: Scheduler,
}

impl<'a> Rehearsal<'a> {
    fn credential(&mut self, spec: &'a CredentialSpec) -> Result<()> {
        match &spec.provider {
            Provider::Azure(spec) => {
                azure::client(&spec.client, self)?.token(&spec.scope)?;
            }
            Provider::AzureManagedIdentity { which, scope } => {
                azure::managed_identity(which)?.token(scope)?;
            }
            Provider::AzureAgent(spec) => {
                let scheduler = self.scheduler.clone();
                azure::agent(spec, self, &scheduler)?;
            }
            Provider::Aws(spec) => {
                aws::web_identity(spec, nobody())?;
            }
            Provider::AwsAssumeRole(spec) => {
                aws::assume_role(spec, nothing::<AwsCredentials>())?;
            }
            Provider::Gcp(spec) => {
                match &spec.proof {
                    GcpProof::Federated { .. } => drop(gcp::federated(spec, nobody())?),
                    GcpProof::Key(_) => drop(gcp::key(spec, nothing())?),
                    GcpProof::Token { .. } => {}
                }
                if let Some(account) = &spec.service_account {
                    gcp::impersonation(spec, account, nothing::<AccessToken>())?;
                }
            }
            Provider::Oci(spec) => {
                oci::exchange(spec, nobody(), nothing())?;
            }
            Provider::Vault(spec) => {
                vault::login(&spec.login, nobody(), &self.scheduler)?;
            }
            Provider::Passthrough { .. } => {}
        }
        Ok(())
    }
}

impl<'a> Inputs<'a> for Rehearsal<'a> {
    fn config(&self) -> &'a Config {
        self.config
    }

    fn credential_token(&mut self, _: &'a str) -> Result<AnyTokenSource> {
        Ok(nobody())
    }

    fn outbound(&mut self, outbound: &'a Outbound) -> Result<AnyTokenSource> {
        aws::outbound(outbound, nothing::<AwsCredentials>())
    }

    fn secret(&mut self, _: &'a SecretRef) -> Result<AnySource<Secret>> {
        Ok(nothing())
    }

    fn proof(&mut self, _: &'a Proof) -> Result<AnyTokenSource> {
        Ok(nobody())
    }
}

fn nobody() -> AnyTokenSource {
    AnyTokenSource::new(Closure::plain(|_| Err::<String, _>(placeholder())))
}

fn nothing<T: Send + 'static>() -> AnySource<T> {
    AnySource::new(Closure::plain(|_| Err::<T, _>(placeholder())))
}

fn placeholder() -> Error {
    Error::new(ErrorKind::Identity, "nothing is read while a file is checked")
}

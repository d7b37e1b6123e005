//! The choices of a [`WorkloadIdentity`], and what may be chosen.

use std::fmt;

use tokenex_core::{AnySource, AnyTransport, Result, Secret, Source, Transport};

use super::{Client, JWT, Subject, WorkloadIdentity};
use crate::endpoint::Endpoint;
use crate::errors::bad_option;
use crate::provider_name::ProviderName;
use crate::scopes::Scopes;
use crate::universe::Universe;

/// The choices of a [`WorkloadIdentity`].
#[must_use = "a provider begins with `build`"]
pub struct WorkloadIdentityBuilder {
    audience: String,
    subject: Subject,
    subject_token_type: String,
    accepted: Vec<String>,
    any_audience: bool,
    scopes: Option<Vec<String>>,
    user_project: Option<String>,
    client: Option<Client>,
    universe: Option<String>,
    token_url: Option<String>,
    transport: Option<AnyTransport>,
}

impl WorkloadIdentityBuilder {
    pub(super) fn new(audience: String, subject_token_type: String, subject: Subject) -> Self {
        Self {
            audience,
            subject,
            subject_token_type,
            accepted: Vec::new(),
            any_audience: false,
            scopes: None,
            user_project: None,
            client: None,
            universe: None,
            token_url: None,
            transport: None,
        }
    }

    /// Adds an `aud` that the pool provider takes, from its *allowed audiences*. The first one given is what the source is
    /// asked for, instead of the provider's own name.
    ///
    /// A token for another audience is refused before it is sent. For a workforce pool, whose providers take the client id
    /// they are set up with, nothing is checked until an audience is given here.
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.accepted.push(audience.into());
        self
    }

    /// Takes whatever token the source has, and leaves its audience to the pool provider to judge.
    pub fn any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// What the token is for. Default `https://www.googleapis.com/auth/cloud-platform`, which leaves the decision to IAM.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The type of the subject token: `urn:ietf:params:oauth:token-type:jwt` by default, `...:id_token` means the same.
    pub fn subject_token_type(mut self, urn: impl Into<String>) -> Self {
        self.subject_token_type = urn.into();
        self
    }

    /// The project, by id or number, that quota is counted for: for workforce pools without [`client_auth`](Self::client_auth).
    pub fn user_project(mut self, project: impl Into<String>) -> Self {
        self.user_project = Some(project.into());
        self
    }

    /// The OAuth client of a workforce pool.
    pub fn client_auth(mut self, client_id: impl Into<String>, secret: impl Source<Secret>) -> Self {
        self.client = Some(Client { id: client_id.into(), secret: AnySource::new(secret) });
        self
    }

    /// The domain of a Google Cloud that is not the public one ([AIP-4116](https://google.aip.dev/auth/4116)).
    pub fn universe_domain(mut self, domain: impl Into<String>) -> Self {
        self.universe = Some(domain.into());
        self
    }

    /// Another address of the Security Token Service than `https://sts.googleapis.com/v1/token`: identity tokens are sent there.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before the provider is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<WorkloadIdentity> {
        let name = ProviderName::read(&self.audience)?;
        check_token_type(&self.subject_token_type)?;
        self.check_workforce(&name)?;
        let universe = self.universe.as_deref().map_or_else(|| Ok(Universe::public()), Universe::new)?;
        let token_url = self.token_url.unwrap_or_else(|| format!("{}/v1/token", universe.origin("sts")));
        let audiences = if self.any_audience { Vec::new() } else { audiences(self.accepted, &name)? };
        Ok(WorkloadIdentity {
            audiences,
            scopes: self.scopes.map_or_else(|| Ok(Scopes::cloud_platform()), Scopes::new)?,
            endpoint: Endpoint::new("token_url", &token_url, self.transport)?,
            subject: self.subject,
            subject_token_type: self.subject_token_type,
            user_project: self.user_project,
            client: self.client,
            universe,
            name,
        })
    }

    fn check_workforce(&self, name: &ProviderName) -> Result<()> {
        const PROJECT_MAX: usize = 32;
        if let Some(project) = &self.user_project {
            let bad = |what| {
                bad_option("user_project", what)
                    .with_advice("give the id or the number of the project, or leave it out")
            };
            if !name.is_workforce() {
                return Err(bad("a user project is for workforce pools, and this provider is of a workload pool"));
            }
            if self.client.is_some() {
                return Err(bad("the OAuth client already says which project quota is counted for"));
            }
            let characters = project.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'));
            if project.is_empty() || project.len() > PROJECT_MAX || !characters {
                return Err(bad("the user project is empty, longer than 32 characters, or no project"));
            }
        }
        if let Some(client) = &self.client {
            let bad = |what| bad_option("client_auth", what).with_advice("see `gcloud iam oauth-clients list`");
            if !name.is_workforce() {
                return Err(bad("an OAuth client is for workforce pools, and this provider is of a workload pool"));
            }
            if client.id.is_empty() || client.id.contains(':') || !client.id.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(bad("the client id is empty, or holds a colon, blanks or control characters"));
            }
        }
        Ok(())
    }
}

/// What the caller names comes first, and so is asked for.
fn audiences(accepted: Vec<String>, name: &ProviderName) -> Result<Vec<String>> {
    const LENGTH_MAX: usize = 256;
    if accepted.iter().any(|audience| audience.trim().is_empty() || audience.len() > LENGTH_MAX) {
        return Err(bad_option(
            "accept_audience",
            "an audience is empty, or longer than the 256 characters of a provider's",
        )
        .with_advice("give one of the provider's allowed audiences"));
    }
    Ok(accepted.into_iter().chain(name.default_audiences()).collect())
}

fn check_token_type(urn: &str) -> Result<()> {
    if urn.starts_with("urn:") && urn.len() <= 100 && urn.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(bad_option("subject_token_type", "the type of the subject token is no URN")
        .with_advice(format!("write {JWT}, or the type in full as the exchange's documents have it")))
}

impl fmt::Debug for WorkloadIdentityBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadIdentityBuilder")
            .field("audience", &self.audience)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

//! Credentials one after the other, each seen from inside: for a walk that says where trust breaks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Request, Uri};
use tokenex::Scheduler;
use tokenex::core::{
    AnyTokenSource, AnyTransport, Clock, Error, ErrorKind, IdentityToken, Input, Result, Secret, ShutdownReport,
    TokenRequest, TokenSource,
};

use super::managed::{Managed, Running};
use super::opening::{Opening, misfit};
use super::{network, sigv4};
use crate::config::{Config, CredentialSpec, Provider, VaultLogin};
use crate::failure::Failure;

/// Vault's header for the token of a login (<https://developer.hashicorp.com/vault/api-docs#authentication>).
const VAULT_TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const VAULT_NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");

/// The credentials of a file, started one by one as they are asked for.
pub(crate) struct OneByOne<'a> {
    opening: Opening<'a>,
    scheduler: Scheduler,
    transport: AnyTransport,
    witness: Witness,
}

impl<'a> OneByOne<'a> {
    /// Nothing runs yet.
    ///
    /// # Errors
    /// What is wrong with `[http]`.
    pub(crate) async fn new(config: &'a Config) -> Result<Self, Failure> {
        let transport = network::transport(&config.http).await?;
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current())
            .policy(config.policy.clone())
            .transport(transport.clone())
            .start();
        let witness = Witness::default();
        let mut opening = Opening::new(config, scheduler.clone(), Clock::system());
        opening.witness = Some(witness.clone());
        Ok(Self { opening, scheduler, transport, witness })
    }

    /// Starts this credential; what it is made from should have been started before.
    ///
    /// # Errors
    /// A setting that the library does not take, or that lacks something of this machine.
    pub(crate) fn open(&mut self, spec: &'a CredentialSpec) -> Result<Managed> {
        self.witness.look_at(&spec.name);
        self.opening.managed(spec)
    }

    /// Gives up on this credential, so that nothing tries it again.
    pub(crate) fn give_up(&mut self, managed: Managed) {
        self.opening.forget(managed.name());
    }

    /// What the identity of this credential handed out last. `None` when it was not asked.
    pub(crate) fn seen(&self, name: &str) -> Option<Sighting> {
        self.witness.last(name)
    }

    /// The network, as `[http]` describes it.
    pub(crate) fn transport(&self) -> &AnyTransport {
        &self.transport
    }

    /// A GET request to `uri` that shows the credential, as its target's API expects.
    ///
    /// # Errors
    /// When there is no credential, or no way to show it.
    pub(crate) async fn request(&self, spec: &CredentialSpec, managed: &Managed, uri: &Uri) -> Result<Request<Bytes>> {
        let plain = Request::get(uri).body(Bytes::new());
        let mut request = plain.map_err(|_| misfit("`probe` is no address".to_owned()))?;
        match managed.running() {
            Running::Azure(handle) => bearer(&mut request, handle.get().await?.secret())?,
            Running::Gcp(handle) => bearer(&mut request, handle.get().await?.secret())?,
            Running::Jwt(handle) => bearer(&mut request, handle.get().await?.secret())?,
            Running::Aws(handle) => {
                let region = region_of(&spec.provider).unwrap_or(sigv4::DEFAULT_REGION);
                sigv4::sign(&mut request, &*handle.get().await?, region)?;
            }
            Running::Oci(handle) => request = handle.get().await?.signer().sign(request)?.map(|_| Bytes::new()),
            Running::Vault(_) | Running::Database(_) => {
                let Provider::Vault(vault) = &spec.provider else { return Err(no_login()) };
                self.log_in(&mut request, &vault.login).await?;
            }
        }
        Ok(request)
    }

    /// The token goes to the server of the login only: it opens everything that the login may read.
    async fn log_in(&self, request: &mut Request<Bytes>, login: &VaultLogin) -> Result<()> {
        let host = |uri: &Uri| uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
        let server = login.address.parse().ok().as_ref().and_then(host);
        if server.is_none() || host(request.uri()) != server {
            return Err(misfit(format!(
                "`probe` leads to another server than {}, and the login's token does not",
                login.address
            )));
        }
        let token = self.opening.begun(login).ok_or_else(no_login)?.login().get().await?;
        request.headers_mut().insert(VAULT_TOKEN, sensitive(token.secret().expose())?);
        if let Some(namespace) = &login.namespace {
            request.headers_mut().insert(VAULT_NAMESPACE, sensitive(namespace)?);
        }
        Ok(())
    }

    /// Closes everything, and revokes what can be revoked.
    pub(crate) async fn close(self, within: Duration) -> ShutdownReport {
        self.scheduler.shutdown(within).await
    }
}

fn no_login() -> Error {
    misfit("there is no login".to_owned())
}

fn bearer(request: &mut Request<Bytes>, token: &Secret) -> Result<()> {
    let value = sensitive(&format!("Bearer {}", token.expose()))?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Error::new(ErrorKind::Protocol, "the credential does not go into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn region_of(provider: &Provider) -> Option<&str> {
    match provider {
        Provider::Aws(aws) => aws.role.sts.region.as_deref(),
        Provider::AwsAssumeRole(aws) => aws.role.sts.region.as_deref(),
        _ => None,
    }
}

/// What an identity handed out, and for which audience it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    /// The audience that the provider asked for.
    pub(crate) asked: Option<String>,
    pub(crate) outcome: Result<IdentityToken>,
}

/// Sees the identity tokens that go to providers, on their way.
#[derive(Debug, Clone, Default)]
pub(super) struct Witness(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    current: String,
    /// One page for each identity of each credential, in the order in which they were made.
    pages: Vec<Page>,
}

#[derive(Debug)]
struct Page {
    name: String,
    last: Option<Sighting>,
}

impl Witness {
    /// What is made from now on is made for this credential.
    fn look_at(&self, name: &str) {
        name.clone_into(&mut self.book().current);
    }

    /// A source that hands out what `source` does.
    pub(super) fn beside(&self, source: AnyTokenSource) -> AnyTokenSource {
        let mut book = self.book();
        let page = Page { name: book.current.clone(), last: None };
        book.pages.push(page);
        AnyTokenSource::new(Watched { source, witness: self.clone(), page: book.pages.len() - 1 })
    }

    /// What the first identity of this credential handed out last.
    fn last(&self, name: &str) -> Option<Sighting> {
        self.book().pages.iter().find(|page| page.name == name)?.last.clone()
    }

    fn write(&self, page: usize, sighting: Sighting) {
        if let Some(page) = self.book().pages.get_mut(page) {
            page.last = Some(sighting);
        }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watched {
    source: AnyTokenSource,
    witness: Witness,
    page: usize,
}

impl TokenSource for Watched {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let outcome = self.source.token(request).await;
        self.witness.write(
            self.page,
            Sighting {
                asked: request.wanted_audience().map(str::to_owned),
                outcome: outcome.as_ref().map(|input| input.value().clone()).map_err(Clone::clone),
            },
        );
        outcome
    }
}

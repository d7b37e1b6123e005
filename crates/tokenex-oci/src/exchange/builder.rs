//! The choices of a [`Domain`].

use std::fmt;

use tokenex_core::{AnySource, AnyTokenSource, AnyTransport, Handle, Result, Secret, Source, Transport};

use super::address::Address;
use super::client::Client;
use super::domain::{Domain, Inner};
use crate::errors::bad_option;
use crate::key::{KeySize, SessionKey};
use crate::session_token::SessionToken;
use crate::wire::Requested;

/// The choices of a [`Domain`].
#[must_use = "a domain begins with `build`"]
pub struct DomainBuilder {
    url: String,
    identity: AnyTokenSource,
    client: Option<Client>,
    audience: Option<String>,
    accepted: Vec<String>,
    key_size: KeySize,
    session_keys: Option<AnySource<SessionKey>>,
    requested: Requested,
    transport: Option<AnyTransport>,
}

impl DomainBuilder {
    pub(super) fn new(url: String, identity: AnyTokenSource) -> Self {
        Self {
            url,
            identity,
            client: None,
            audience: None,
            accepted: Vec::new(),
            key_size: KeySize::default(),
            session_keys: None,
            requested: Requested::User,
            transport: None,
        }
    }

    /// The confidential application that exchanges: its client id, and its secret, which is asked for anew in each attempt. Both
    /// are sent as they are, without percent-encoding, as Oracle's own clients do.
    ///
    /// The secret is the one long-lived thing in this exchange, so it is best kept where it can be changed: in Vault, from which
    /// `Handle::map` makes a source of it. Session tokens are not bound to it, since they outlive its lease at Oracle Cloud. A secret
    /// under ten minutes old that is refused counts as one that has not spread yet.
    pub fn client(mut self, client_id: impl Into<String>, secret: impl Source<Secret>) -> Self {
        self.client = Some(Client::Secret { id: client_id.into(), secret: AnySource::new(secret) });
        self
    }

    /// Signs the exchange as another principal of Oracle Cloud, in place of an application with its secret: an instance, whose
    /// token [`InstancePrincipal`](crate::InstancePrincipal) keeps fresh, or a resource.
    ///
    /// The request is then a POST signed like any other request to Oracle Cloud, with the same fields. Oracle documents that the
    /// endpoint takes signatures, and not which fields it wants beside them: this is untried against the real one.
    pub fn instance_principal(mut self, principal: Handle<SessionToken>) -> Self {
        self.client = Some(Client::Signed(principal));
        self
    }

    /// What the trust expects in the `aud` of identity tokens (`clientClaimValues`), and what the source is asked for. Default the
    /// client id; where the exchange is signed, whatever the source has.
    ///
    /// A token for another audience is refused before it is sent.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// One more `aud` that the trust takes.
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.accepted.push(audience.into());
        self
    }

    /// How long session keys are. Default [`KeySize::Rsa2048`].
    pub fn key_size(mut self, size: KeySize) -> Self {
        self.key_size = size;
        self
    }

    /// Where session keys come from. Default [`SessionKey::generate`], when one is needed.
    ///
    /// For programs that make keys ahead or with a cryptographic module of their choice ([`SessionKey::from_pem`] reads them), and
    /// for tests on a clock moved by hand. The source is asked for each exchange that needs a new key and must give another one
    /// each time, so that a key is of no use beyond its token; a key that led to no token serves once more. `key_size` has no say.
    pub fn session_keys(mut self, keys: impl Source<SessionKey>) -> Self {
        self.session_keys = Some(AnySource::new(keys));
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    pub(crate) fn requested(mut self, requested: Requested) -> Self {
        self.requested = requested;
        self
    }

    /// Checks the choices. Nothing is sent before a token is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<Domain> {
        let address = Address::read(&self.url)?;
        let client = self.client.ok_or_else(|| {
            bad_option("client", "nobody is named who exchanges at the identity domain").with_advice(
                "give a confidential application with `client`, or a principal of Oracle Cloud with `instance_principal`",
            )
        })?;
        client.check()?;
        let audiences: Vec<String> =
            self.audience.or_else(|| client.id().map(str::to_owned)).into_iter().chain(self.accepted).collect();
        if audiences.iter().any(|audience| audience.trim().is_empty()) {
            return Err(bad_option("audience", "an audience is empty")
                .with_advice("give one of the trust's `clientClaimValues`, or leave it out for the client id"));
        }
        Ok(Domain::new(Inner {
            address,
            identity: self.identity,
            audiences,
            client,
            key_size: self.key_size,
            session_keys: self.session_keys,
            requested: self.requested,
            transport: self.transport,
        }))
    }
}

impl fmt::Debug for DomainBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainBuilder")
            .field("client", &self.client)
            .field("audience", &self.audience)
            .field("requested", &self.requested)
            .finish_non_exhaustive()
    }
}

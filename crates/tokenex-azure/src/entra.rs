//! One client of one tenant, and the provider of its tokens.

mod ask;
mod builder;

use std::fmt;
use std::sync::Arc;

use tokenex_core::{AnySource, AnyTokenSource, Attempt, Grant, Outcome, Provider, Result, Source, Target, TokenSource};

use crate::client_secret::{ClientSecret, SecretClient};
use crate::endpoint::Endpoint;
use crate::federated::FederatedClient;
use crate::scope::Scope;
use crate::token::AccessToken;

pub(crate) use ask::Ask;
pub use builder::EntraBuilder;
pub(crate) use builder::{TokenProxy, check_client_id};

/// One client (an app registration, a user-assigned managed identity, an agent identity) of one tenant, with the proof
/// that it is the client. Cheap to clone.
///
/// It serves any number of scopes; each is a credential of its own, with its own refresh.
#[derive(Clone)]
pub struct Entra(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    proof: Proof,
}

/// How a client shows that it is the client.
#[derive(Clone)]
pub(crate) enum Proof {
    Federated(FederatedClient),
    Secret(SecretClient),
}

impl Entra {
    /// A client that proves itself with identity tokens from `identity`, which a federated credential of the client
    /// trusts. They are asked for with the exchange audience of the cloud.
    ///
    /// `tenant` is its id or one of its domain names. `client_id` is the *client id* (application id) of the app
    /// registration or of the user-assigned managed identity that holds the federated credential, not its object id.
    pub fn federated(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        identity: impl TokenSource,
    ) -> EntraBuilder {
        let client = FederatedClient::new(client_id.into(), AnyTokenSource::new(identity));
        EntraBuilder::new(tenant.into(), Proof::Federated(client))
    }

    /// A client that proves itself with a secret, for secrets that are themselves short-lived: those of Vault's Azure
    /// engine, say. Id and secret come together, since such an engine makes both.
    ///
    /// Tokens are bound to the secret: where it comes from another credential, they are replaced when that is, and are not
    /// handed out beyond its end.
    ///
    /// ```no_run
    /// # use tokenex_azure::{ClientSecret, Entra};
    /// # use tokenex_core::{Credential, Handle, Result};
    /// # trait AzureCreds: Credential { fn client_id(&self) -> String; fn client_secret(&self) -> String; }
    /// # fn demo(creds: &Handle<impl AzureCreds>) -> Result<Entra> {
    /// // `creds` is the handle of a Vault secret, read from `azure/creds/app`.
    /// let secret = creds.map(|creds| Ok(ClientSecret::new(creds.client_id(), creds.client_secret())));
    /// let entra = Entra::client_secret("contoso.example", secret).build()?;
    /// # Ok(entra)
    /// # }
    /// ```
    pub fn client_secret(tenant: impl Into<String>, secret: impl Source<ClientSecret>) -> EntraBuilder {
        let client = SecretClient::new(AnySource::new(secret));
        EntraBuilder::new(tenant.into(), Proof::Secret(client))
    }

    fn new(endpoint: Endpoint, proof: Proof) -> Self {
        Self(Arc::new(Inner { endpoint, proof }))
    }

    /// The provider of the client's token for `scope`, for [`Scheduler::keep`](tokenex_core::Scheduler::keep).
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub fn token(&self, scope: impl AsRef<str>) -> Result<EntraToken> {
        Ok(self.token_for(Scope::new(scope)?))
    }

    pub(crate) fn token_for(&self, scope: Scope) -> EntraToken {
        EntraToken { entra: self.clone(), scope }
    }

    /// Asks the token endpoint once, or twice where a new identity token may be what is missing.
    pub(crate) async fn request(&self, cx: &Attempt, ask: &Ask<'_>) -> Result<Grant<AccessToken>> {
        match &self.0.proof {
            Proof::Federated(client) => client.request(&self.0.endpoint, cx, ask).await,
            Proof::Secret(client) => client.request(&self.0.endpoint, cx, ask).await,
        }
    }

    /// The same client in another tenant, where it is installed.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no tenant.
    pub(crate) fn in_tenant(&self, tenant: &str) -> Result<Self> {
        Ok(Self::new(self.0.endpoint.of_tenant(tenant)?, self.0.proof.clone()))
    }

    /// Another client of the same tenant and by the same way to the network, whose identity is a token of this one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no client id.
    pub(crate) fn other_client(&self, client_id: &str, token: AnyTokenSource) -> Result<Self> {
        check_client_id(client_id)?;
        let client = FederatedClient::by_own_token(client_id.to_owned(), token);
        Ok(Self::new(self.0.endpoint.clone(), Proof::Federated(client)))
    }

    /// The audience of tokens that Entra itself takes for an identity in this cloud.
    pub(crate) fn own_exchange_audience(&self) -> &'static str {
        self.0.endpoint.cloud().own_exchange_audience()
    }

    /// The client, where it is known before its proof is.
    pub(crate) fn client_id(&self) -> Option<&str> {
        match &self.0.proof {
            Proof::Federated(client) => Some(client.client_id()),
            Proof::Secret(_) => None,
        }
    }

    pub(crate) fn target(&self) -> Target {
        self.0.endpoint.target()
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entra").field("endpoint", &self.0.endpoint).field("proof", &self.0.proof).finish()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Federated(client) => client.fmt(f),
            Self::Secret(client) => client.fmt(f),
        }
    }
}

/// The provider of one client's [`AccessToken`] for one scope; from [`Entra::token`].
#[derive(Debug, Clone)]
pub struct EntraToken {
    entra: Entra,
    scope: Scope,
}

impl EntraToken {
    /// What the token is for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Provider for EntraToken {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "azure"
    }

    fn target(&self) -> Target {
        self.entra.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        Ok(self.entra.request(cx, &Ask::client_credentials("token", &self.scope)).await?.into())
    }
}

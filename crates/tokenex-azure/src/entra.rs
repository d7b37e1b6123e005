//! One client of one tenant, and the provider of its tokens.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{
    AnySource, AnyTokenSource, AnyTransport, Attempt, Error, ErrorKind, Grant, Outcome, Provider, Result, Secret,
    Source, Target, TokenSource, Transport,
};

use crate::client_secret::{ClientSecret, SecretClient};
use crate::cloud::Cloud;
use crate::endpoint::Endpoint;
use crate::federated::FederatedClient;
use crate::scope::Scope;
use crate::token::AccessToken;
use crate::wire::Form;

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

    /// The provider of the client's token for `scope`, for [`Scheduler::keep`](tokenex_core::Scheduler::keep).
    ///
    /// # Errors
    /// Those of [`Scope::new`].
    pub fn token(&self, scope: impl AsRef<str>) -> Result<EntraToken> {
        Ok(EntraToken { entra: self.clone(), scope: Scope::new(scope)? })
    }

    /// Asks the token endpoint once, or twice where a new identity token may be what is missing.
    pub(crate) async fn request(&self, cx: &Attempt, ask: &Ask<'_>) -> Result<Grant<AccessToken>> {
        match &self.0.proof {
            Proof::Federated(client) => client.request(&self.0.endpoint, cx, ask).await,
            Proof::Secret(client) => client.request(&self.0.endpoint, cx, ask).await,
        }
    }

    /// Another client at the same cloud and by the same way to the network, in `tenant` or in the same one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub(crate) fn other_client(&self, tenant: Option<&str>, client_id: &str, identity: AnyTokenSource) -> Result<Self> {
        check_client_id(client_id)?;
        let endpoint = match tenant {
            Some(tenant) => self.0.endpoint.of_tenant(tenant)?,
            None => self.0.endpoint.clone(),
        };
        let proof = Proof::Federated(FederatedClient::new(client_id.to_owned(), identity));
        Ok(Self(Arc::new(Inner { endpoint, proof })))
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

/// What a client asks the token endpoint for, beside its proof.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// As it appears in errors and logs.
    pub(crate) step: &'static str,
    pub(crate) scope: &'a Scope,
    grant_type: &'static str,
    fields: Vec<(&'static str, Value<'a>)>,
}

#[derive(Debug)]
enum Value<'a> {
    Plain(&'a str),
    Secret(&'a Secret),
}

impl<'a> Ask<'a> {
    /// A token for the client itself.
    pub(crate) fn client_credentials(step: &'static str, scope: &'a Scope) -> Self {
        Self::new(step, "client_credentials", scope)
    }

    pub(crate) fn new(step: &'static str, grant_type: &'static str, scope: &'a Scope) -> Self {
        Self { step, scope, grant_type, fields: Vec::new() }
    }

    /// One more field.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &'a str) -> Self {
        self.fields.push((name, Value::Plain(value)));
        self
    }

    /// One more field that no error may repeat.
    #[must_use]
    pub(crate) fn with_secret(mut self, name: &'static str, value: &'a Secret) -> Self {
        self.fields.push((name, Value::Secret(value)));
        self
    }

    /// The form, still without the proof.
    pub(crate) fn form(&self, client_id: &str) -> Form {
        let form = Form::new()
            .field("grant_type", self.grant_type)
            .field("client_id", client_id)
            .field("scope", self.scope.as_str());
        self.fields.iter().fold(form, |form, (name, value)| match value {
            Value::Plain(value) => form.field(name, value),
            Value::Secret(value) => form.secret(name, value),
        })
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

/// The choices of an [`Entra`].
#[must_use = "a client begins with `build`"]
pub struct EntraBuilder {
    tenant: String,
    proof: Proof,
    cloud: Cloud,
    proxy: Option<http::Uri>,
    transport: Option<AnyTransport>,
    #[cfg(feature = "http")]
    tls: crate::tls::TlsOptions,
}

impl EntraBuilder {
    fn new(tenant: String, proof: Proof) -> Self {
        Self {
            tenant,
            proof,
            cloud: Cloud::public(),
            proxy: None,
            transport: None,
            #[cfg(feature = "http")]
            tls: crate::tls::TlsOptions::default(),
        }
    }

    /// Which cloud the tenant is in. Default [`Cloud::public`].
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Trusts this CA for the token endpoint, and no other: for a cloud of one's own. PEM, one or several certificates.
    #[cfg(feature = "http")]
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.tls.ca = Some(pem.into());
        self
    }

    /// The name to expect in the certificate of the token endpoint, where it is not that of the address.
    #[cfg(feature = "http")]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into());
        self
    }

    /// Sends token requests to this address instead of the authority host.
    pub(crate) fn token_proxy(mut self, proxy: http::Uri) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Checks the choices. Nothing is sent before a token is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub fn build(self) -> Result<Entra> {
        let named = |error: Error| error.with_provider("azure");
        if let Proof::Federated(client) = &self.proof {
            check_client_id(client.client_id())?;
        }
        let transport = match self.transport {
            Some(transport) => Some(transport),
            #[cfg(feature = "http")]
            None => self.tls.transport().map_err(named)?,
            #[cfg(not(feature = "http"))]
            None => None,
        };
        let mut endpoint = Endpoint::new(self.cloud, self.tenant, transport)?;
        if let Some(proxy) = self.proxy {
            endpoint = endpoint.through(&proxy).map_err(named)?;
        }
        Ok(Entra(Arc::new(Inner { endpoint, proof: self.proof })))
    }
}

impl fmt::Debug for EntraBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraBuilder")
            .field("tenant", &self.tenant)
            .field("cloud", &self.cloud)
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

/// A client id is a GUID today; what is checked is what would be a mistake in any form.
///
/// # Errors
/// [`ErrorKind::Configuration`].
pub(crate) fn check_client_id(client_id: &str) -> Result<()> {
    const LENGTH_MAX: usize = 200;
    let bad = |what: &'static str, advice: &'static str| {
        Error::new(ErrorKind::Configuration, what).with_provider("azure").with_code("client_id").with_advice(advice)
    };
    if client_id.trim().is_empty() {
        return Err(bad(
            "the client id is empty",
            "give the application (client) id, as `az ad app list --query [].appId` or `az identity list` prints it",
        ));
    }
    if client_id.trim() != client_id {
        return Err(bad("there are blanks around the client id", "leave them out"));
    }
    if client_id.len() > LENGTH_MAX || !client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("the client id is not one", "give the application (client) id, a GUID"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_checked_for_what_is_pasted_wrong() {
        assert!(check_client_id("1950a258-227b-4e31-a9cf-717495945fc2").is_ok());
        for (bad, word) in [("", "empty"), (" \t", "empty"), (" a", "blanks"), ("a\n", "blanks"), ("a b", "not one")] {
            let error = check_client_id(bad).unwrap_err();
            assert_eq!(error.code(), Some("client_id"));
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

//! An identity domain, and who exchanges there.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use tokenex_core::{AnySource, AnyTokenSource, AnyTransport, Attempt, Result, Source as _, Target, TokenSource};

use super::address::Address;
use super::client::Client;
use super::{DomainBuilder, TokenExchange};
use crate::errors::bad_option;
use crate::key::{KeySize, SessionKey};
use crate::wire::Requested;

/// An identity domain of Oracle Cloud, with the application that may exchange there and the identity that it shows. Cheap to
/// clone.
///
/// ```no_run
/// use tokenex_core::sources::{EnvVar, File};
/// use tokenex_oci::Domain;
///
/// # fn demo(scheduler: &tokenex_core::Scheduler) -> tokenex_core::Result<()> {
/// let identity = File::new("/var/run/secrets/tokens/oci");
/// let domain = Domain::builder("https://idcs-0123456789abcdef.identity.oraclecloud.com:443", identity)
///     .client("0123456789abcdef", EnvVar::new("OCI_CLIENT_SECRET"))
///     .audience("oci-workloads")
///     .build()?;
/// let session = scheduler.keep(domain.user_token());
/// # let _ = session;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Domain(Arc<Inner>);

pub(super) struct Inner {
    pub(super) address: Address,
    pub(super) identity: AnyTokenSource,
    /// The first is asked for; an empty list leaves the choice to the source.
    pub(super) audiences: Vec<String>,
    pub(super) client: Client,
    pub(super) key_size: KeySize,
    /// `None`: they are made here.
    pub(super) session_keys: Option<AnySource<SessionKey>>,
    /// What the environment asks for.
    pub(super) requested: Requested,
    pub(super) transport: Option<AnyTransport>,
}

impl Domain {
    /// The domain at this address, which is what the console calls the *Domain URL*, for identity tokens from `identity`, whose
    /// issuer an identity propagation trust of the domain names.
    pub fn builder(url: impl Into<String>, identity: impl TokenSource) -> DomainBuilder {
        DomainBuilder::new(url.into(), AnyTokenSource::new(identity))
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The provider of a user principal session token (UPST): the workload acts as the service user that the trust maps it to.
    pub fn user_token(&self) -> TokenExchange {
        TokenExchange::new(self.clone(), Requested::User)
    }

    /// The provider of a resource principal session token (RPST): the workload acts as a resource of this type, and no user has to
    /// be made. `res_type` is what the trust calls `impersonatingResource`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no name.
    pub fn resource_token(&self, res_type: impl Into<String>) -> Result<TokenExchange> {
        Ok(TokenExchange::new(self.clone(), resource(res_type.into())?))
    }

    /// The provider of the token that the environment asks for, where the domain is from [`from_env`](Self::from_env): a user's or
    /// a resource's. Of any other domain it is [`user_token`](Self::user_token).
    pub fn token(&self) -> TokenExchange {
        TokenExchange::new(self.clone(), self.0.requested.clone())
    }

    pub(super) fn target(&self) -> Target {
        self.0.address.target.clone()
    }

    pub(super) fn token_endpoint(&self) -> &Uri {
        &self.0.address.token_endpoint
    }

    pub(super) fn identity(&self) -> &AnyTokenSource {
        &self.0.identity
    }

    pub(super) fn audiences(&self) -> Vec<&str> {
        self.0.audiences.iter().map(String::as_str).collect()
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) async fn new_key(&self, cx: &Attempt) -> Result<SessionKey> {
        match &self.0.session_keys {
            Some(keys) => Ok(keys.fetch(cx).await?.into_value()),
            None => SessionKey::generate(self.0.key_size).await,
        }
    }

    pub(super) fn transport(&self) -> Option<&AnyTransport> {
        self.0.transport.as_ref()
    }
}

/// A request for the token of a resource.
///
/// # Errors
/// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when the type is no name.
pub(crate) fn resource(res_type: String) -> Result<Requested> {
    const LENGTH_MAX: usize = 200;
    if res_type.trim().is_empty() || res_type.trim() != res_type || res_type.len() > LENGTH_MAX {
        return Err(bad_option(
            "res_type",
            "the resource type is empty, longer than 200 characters, or has blanks around it",
        )
        .with_advice("give what the identity propagation trust calls `impersonatingResource`, to the letter"));
    }
    Ok(Requested::Resource { res_type, seconds: None })
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain")
            .field("address", &self.0.address.target.name())
            .field("client", &self.0.client)
            .field("audiences", &self.0.audiences)
            .field("key_size", &self.0.key_size)
            .finish_non_exhaustive()
    }
}

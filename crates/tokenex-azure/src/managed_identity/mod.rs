//! Managed identities: tokens from the platform that the program runs on, without any secret of the program's own.

mod answer;
mod app_service;
mod arc;
mod builder;
mod call;
mod cloud_shell;
mod detect;
mod exchange;
mod expiry;
mod imds;
mod key_file;
mod machine_learning;
mod platform;
mod refusal;
mod said;
#[cfg(test)]
mod scratch;
mod selector;
mod service_fabric;
mod token;
mod variables;

use std::fmt;
use std::sync::Arc;

use tokenex_core::{Error, ErrorKind, IdentityToken, Input, Result, Scheduler, TokenRequest, TokenSource};

use crate::scope::Scope;
use crate::tokens::Tokens;
use exchange::Exchange;

pub use builder::ManagedIdentityBuilder;
pub use platform::Platform;
pub use token::ManagedIdentityToken;

/// The managed identity of the platform that this program runs on. Cheap to clone.
///
/// It is a credential, by [`token`](Self::token), and an identity: as a `TokenSource` it hands out tokens for the audience
/// that the target wants, which is how a managed identity becomes the federated credential of an app registration
/// ([how to](https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity)),
/// or proves itself to a system that is not Microsoft's.
///
/// ```no_run
/// use tokenex_azure::{Entra, ManagedIdentity};
/// use tokenex_core::{Result, Scheduler};
///
/// # fn demo(scheduler: &Scheduler) -> Result<()> {
/// let machine = ManagedIdentity::builder().client_id("11111111-2222-3333-4444-555555555555").build()?;
/// let vault = scheduler.keep(machine.token("https://vault.azure.net/.default")?);
///
/// // The same machine, as an app registration that trusts it, of any tenant that has installed the app.
/// let app = Entra::federated("contoso.example", "99999999-8888-7777-6666-555555555555", machine).build()?;
/// let graph = scheduler.keep(app.token("https://graph.microsoft.com/.default")?);
/// # Ok(())
/// # }
/// ```
///
/// # Where it works
///
/// The platform is found by the variables that it sets, in this order; nothing is sent to find out.
///
/// | platform | known by | identities |
/// |---|---|---|
/// | Service Fabric | `IDENTITY_ENDPOINT`, `IDENTITY_HEADER`, `IDENTITY_SERVER_THUMBPRINT` | that of the manifest |
/// | App Service, Functions, Container Apps | `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` | any that is assigned |
/// | Azure Arc | `IDENTITY_ENDPOINT`, `IMDS_ENDPOINT`, or the agent's program | that of the machine |
/// | Azure Machine Learning | `MSI_ENDPOINT`, `MSI_SECRET` | by client id |
/// | Cloud Shell | `MSI_ENDPOINT` | the signed-in user |
/// | virtual machines and all else (IMDS) | none of these | any that is assigned |
///
/// # What the platform decides
///
/// Platforms hand out the token of their own cache, up to a day old, until its last hours; nothing makes them ask Entra
/// sooner. So a change of roles or groups may show only with the next token. Asking again costs little and changes
/// nothing: the same token is the same generation of the credential, and no event.
#[derive(Clone)]
pub struct ManagedIdentity(Arc<Exchange>);

impl ManagedIdentity {
    /// The identity that is assigned here, of a platform to be found.
    pub fn builder() -> ManagedIdentityBuilder {
        ManagedIdentityBuilder::default()
    }

    /// Where the tokens come from.
    pub fn platform(&self) -> Platform {
        self.0.platform
    }

    /// The token for a scope; give it to `Scheduler::keep`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no scope.
    pub fn token(&self, scope: impl AsRef<str>) -> Result<ManagedIdentityToken> {
        Ok(ManagedIdentityToken::new(self.0.clone(), Scope::new(scope)?))
    }

    /// The tokens for several scopes, each kept by `scheduler` when it is first asked for.
    pub fn tokens(&self, scheduler: &Scheduler) -> Tokens {
        let exchange = self.0.clone();
        Tokens::new(scheduler, "managed identity", move |scope| ManagedIdentityToken::new(exchange.clone(), scope))
    }
}

/// The audience that the target wants is the resource that the platform is asked for.
impl TokenSource for ManagedIdentity {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let Some(audience) = request.wanted_audience() else {
            return Err(self.0.named(
                Error::new(
                    ErrorKind::Configuration,
                    "a managed identity has a token for each audience, and was asked for none",
                )
                .with_code("no_audience")
                .with_advice("name the audience where the identity is used: the App ID URI that the target expects"),
            ));
        };
        let (answer, _) = self.0.ask(audience, request.attempt()).await?;
        let token = IdentityToken::new(answer.token().clone());
        token.map(Input::new).map_err(|error| self.0.named(error))
    }
}

impl fmt::Debug for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentity")
            .field("platform", &self.0.platform)
            .field("selector", &self.0.selector)
            .finish_non_exhaustive()
    }
}

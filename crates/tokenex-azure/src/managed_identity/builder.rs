//! The choices of a managed identity.

use std::fmt;
use std::sync::Arc;

use tokenex_core::Result;

use super::ManagedIdentity;
use super::detect::detect;
use super::exchange::Exchange;
use super::platform::Platform;
use super::selector::Selector;
use super::variables::Variables;

/// The choices of a [`ManagedIdentity`].
#[must_use = "an identity is ready with `build`"]
#[derive(Default)]
pub struct ManagedIdentityBuilder {
    selectors: Vec<Selector>,
    platform: Option<Platform>,
    variables: Option<Variables>,
}

impl ManagedIdentityBuilder {
    /// The user-assigned identity with this client id. Where several are assigned one must be named, here or by one of
    /// the other two ids; without, it is the identity of the machine or application itself. `AZURE_CLIENT_ID` is not
    /// read: it may be another client's.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.select(Selector::Client(client_id.into()))
    }

    /// The user-assigned identity whose service principal has this object id, also called principal id.
    pub fn object_id(self, object_id: impl Into<String>) -> Self {
        self.select(Selector::Object(object_id.into()))
    }

    /// The user-assigned identity with this Azure resource id: `/subscriptions/...`.
    pub fn resource_id(self, resource_id: impl Into<String>) -> Self {
        self.select(Selector::Resource(resource_id.into()))
    }

    /// The platform, instead of looking for one.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Reads the platform's variables here instead of from the environment of this process: for programs that take them
    /// out of it, and for tests. They are read anew for each request, since their values rotate, so this must be quick.
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.variables = Some(Variables::new(lookup));
        self
    }

    /// Finds the platform and checks the choices. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when two identities are named, when the
    /// platform cannot select the one that is, or when a variable of the platform is missing or no address.
    pub fn build(self) -> Result<ManagedIdentity> {
        let variables = self.variables.unwrap_or_else(Variables::of_process);
        let platform = self.platform.unwrap_or_else(|| detect(&variables, |path| path.exists()));
        let selector = Selector::only(self.selectors).map_err(|error| error.with_provider("azure"))?;
        Ok(ManagedIdentity(Arc::new(Exchange::new(platform, selector, variables)?)))
    }

    fn select(mut self, selector: Selector) -> Self {
        self.selectors.push(selector);
        self
    }
}

impl fmt::Debug for ManagedIdentityBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityBuilder")
            .field("selectors", &self.selectors)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

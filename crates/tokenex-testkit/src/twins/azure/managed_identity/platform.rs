//! One place where workloads run, with the identities that it gives them.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::app::App;
use super::super::entra::EntraTwin;
use super::super::text::{random_text, secret};
use super::super::users::UserAccount;
use super::cache::Cache;
use super::{Asked, ExpiryForm, app_service, arc, cloud_shell, machine_learning, service_fabric};
use crate::twins::Fault;
use crate::twins::faults::Faults;

/// The twin of a managed identity endpoint: one constructor for each platform. Clones are the same endpoint.
///
/// Its tokens are signed by the keys of the identity's tenant, and Entra's twin takes them as proof where a client trusts
/// the identity. The platform caches: see [`cached_until`](Self::cached_until).
///
/// ```
/// use tokenex_testkit::transport::InMemory;
/// use tokenex_testkit::twins::Twin as _;
/// use tokenex_testkit::twins::azure::{EntraTwin, PlatformTwin};
///
/// let entra = EntraTwin::new();
/// let identity = entra.tenant("contoso.onmicrosoft.com").user_assigned_identity("deployer");
/// let machine = PlatformTwin::imds(&entra);
/// machine.assign(&identity);
///
/// let network = InMemory::new();
/// machine.route(&network, "169.254.169.254");
/// ```
#[derive(Clone)]
pub struct PlatformTwin(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) entra: EntraTwin,
    pub(super) kind: Kind,
    state: Mutex<State>,
    pub(super) faults: Faults,
}

pub(super) enum Kind {
    Imds,
    AppService,
    Arc(PathBuf),
    ServiceFabric,
    CloudShell(UserAccount),
    MachineLearning,
}

pub(super) struct State {
    pub(super) identities: Vec<App>,
    pub(super) secret: String,
    pub(super) lifetime: Duration,
    pub(super) cached_until: Duration,
    pub(super) expiry: ExpiryForm,
    pub(super) cache: Cache,
    pub(super) asked: VecDeque<Asked>,
}

impl PlatformTwin {
    /// A virtual machine: it answers at `/metadata/identity/oauth2/token`, and belongs to `169.254.169.254`.
    pub fn imds(entra: &EntraTwin) -> Self {
        Self::new(entra, Kind::Imds)
    }

    /// App Service, Functions, Container Apps: it answers at `/msi/token`.
    pub fn app_service(entra: &EntraTwin) -> Self {
        Self::new(entra, Kind::AppService)
    }

    /// A machine with Azure Arc: it answers at `/metadata/identity/oauth2/token`, first with the path of this file. The
    /// test writes [`secret`](Self::secret) into it.
    pub fn arc(entra: &EntraTwin, file: impl Into<PathBuf>) -> Self {
        Self::new(entra, Kind::Arc(file.into()))
    }

    /// Service Fabric: it answers at `/metadata/identity/oauth2/token`.
    pub fn service_fabric(entra: &EntraTwin) -> Self {
        Self::new(entra, Kind::ServiceFabric)
    }

    /// Cloud Shell of this person: it answers at `/oauth2/token`.
    pub fn cloud_shell(entra: &EntraTwin, user: &UserAccount) -> Self {
        let app = user.tenant().app("Azure Cloud Shell");
        let twin = Self::new(entra, Kind::CloudShell(user.clone()));
        twin.assign(&app);
        twin
    }

    /// Azure Machine Learning: it answers at `/msi/token`.
    pub fn machine_learning(entra: &EntraTwin) -> Self {
        Self::new(entra, Kind::MachineLearning)
    }

    fn new(entra: &EntraTwin, kind: Kind) -> Self {
        let state = State {
            identities: Vec::new(),
            secret: secret("secret of a platform", format!("{}{}", random_text(), random_text())),
            lifetime: Duration::from_secs(86_400),
            cached_until: Duration::from_secs(43_200),
            expiry: ExpiryForm::EpochText,
            cache: Cache::default(),
            asked: VecDeque::new(),
        };
        Self(Arc::new(Inner { entra: entra.clone(), kind, state: Mutex::new(state), faults: Faults::default() }))
    }

    /// Gives it a managed identity: one system-assigned at most, any number of user-assigned ones.
    pub fn assign(&self, identity: &App) -> &Self {
        self.state().identities.push(identity.clone());
        self
    }

    /// Takes the identity away.
    pub fn unassign(&self, identity: &App) {
        self.state().identities.retain(|known| known.client_id() != identity.client_id());
    }

    /// What a request must show: the value of `IDENTITY_HEADER` or `MSI_SECRET`, the contents of the file of Azure Arc.
    pub fn secret(&self) -> String {
        self.state().secret.clone()
    }

    /// From now on another [`secret`](Self::secret) is right, and the old one wrong. Returns the new one.
    pub fn rotate_secret(&self) -> String {
        let secret = secret("secret of a platform", format!("{}{}", random_text(), random_text()));
        self.state().secret.clone_from(&secret);
        secret
    }

    /// The environment variables that the platform gives its programs, with the twin at this address
    /// (`http://127.0.0.1:43211`). `IDENTITY_SERVER_THUMBPRINT` of Service Fabric is the test's to add: it belongs to the
    /// certificate.
    pub fn environment(&self, address: &str) -> Vec<(&'static str, String)> {
        let at = |path: &str| format!("{address}{path}");
        match &self.0.kind {
            Kind::Imds => vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", address.to_owned())],
            Kind::AppService => {
                vec![("IDENTITY_ENDPOINT", at(app_service::PATH)), ("IDENTITY_HEADER", self.secret())]
            }
            Kind::Arc(_) => vec![("IDENTITY_ENDPOINT", at(arc::PATH)), ("IMDS_ENDPOINT", address.to_owned())],
            Kind::ServiceFabric => {
                vec![("IDENTITY_ENDPOINT", at(service_fabric::PATH)), ("IDENTITY_HEADER", self.secret())]
            }
            Kind::CloudShell(_) => vec![("MSI_ENDPOINT", at(cloud_shell::PATH))],
            Kind::MachineLearning => {
                vec![("MSI_ENDPOINT", at(machine_learning::PATH)), ("MSI_SECRET", self.secret())]
            }
        }
    }

    /// Tokens made from now on live so long. 24 hours unless told.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// The platform hands out the same token until less than this is left of it. 12 hours unless told; zero keeps it to
    /// its last second.
    pub fn cached_until(&self, left: Duration) {
        self.state().cached_until = left;
    }

    /// The platform forgets its tokens: the next request gets a new one.
    pub fn forget(&self) {
        self.state().cache.clear();
    }

    /// How `expires_on` is written from now on.
    pub fn expiry_form(&self, form: ExpiryForm) {
        self.state().expiry = form;
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
    }

    /// The last 10,000 requests that were judged, in their order: those that a fault answered and the first halves of
    /// Azure Arc's exchanges are not among them.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.iter().cloned().collect()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PlatformTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0.kind {
            Kind::Imds => "PlatformTwin(IMDS)",
            Kind::AppService => "PlatformTwin(App Service)",
            Kind::Arc(_) => "PlatformTwin(Azure Arc)",
            Kind::ServiceFabric => "PlatformTwin(Service Fabric)",
            Kind::CloudShell(_) => "PlatformTwin(Cloud Shell)",
            Kind::MachineLearning => "PlatformTwin(Machine Learning)",
        })
    }
}

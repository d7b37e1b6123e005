//! One place where workloads run, with the identities that it gives them.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::super::app::App;
use super::super::claims::{About, Proof, Unsigned};
use super::super::entra::EntraTwin;
use super::super::resource;
use super::super::text::{guid, random_text};
use super::super::users::UserAccount;
use super::cache::{Cache, Cached};
use super::{
    Asked, ExpiryForm, Handout, Refused, Selector, Wanted, Why, app_service, arc, bad, cloud_shell, imds,
    machine_learning, service_fabric,
};
use crate::twins::faults::Faults;
use crate::twins::{Fault, Twin};

/// How many requests are kept to look at.
const KEPT: usize = 10_000;

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
pub struct PlatformTwin(Arc<Inner>);

struct Inner {
    entra: EntraTwin,
    kind: Kind,
    state: Mutex<State>,
    faults: Faults,
}

enum Kind {
    Imds,
    AppService,
    Arc(PathBuf),
    ServiceFabric,
    CloudShell(UserAccount),
    MachineLearning,
}

struct State {
    identities: Vec<App>,
    secret: String,
    lifetime: Duration,
    cached_until: Duration,
    expiry: ExpiryForm,
    cache: Cache,
    asked: Vec<Asked>,
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
            secret: format!("{}{}", random_text(), random_text()),
            lifetime: Duration::from_secs(86_400),
            cached_until: Duration::from_secs(43_200),
            expiry: ExpiryForm::EpochText,
            cache: Cache::default(),
            asked: Vec::new(),
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
        let secret = format!("{}{}", random_text(), random_text());
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
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let secret = self.secret();
        let wanted = match &self.0.kind {
            Kind::Imds => imds::judge(request),
            Kind::AppService => app_service::judge(request, &secret),
            Kind::Arc(_) => arc::judge(request, &secret),
            Kind::ServiceFabric => service_fabric::judge(request, &secret),
            Kind::CloudShell(_) => cloud_shell::judge(request),
            Kind::MachineLearning => machine_learning::judge(request, &secret),
        };
        let now = self.0.entra.now();
        let (resource, selector) = wanted.as_ref().map_or((String::new(), None), |wanted| {
            (wanted.resource.clone(), wanted.selector.as_ref().map(|selector| selector.text().to_owned()))
        });
        let handed = wanted.and_then(|wanted| self.hand_out(&wanted, now));
        let (outcome, response) = match handed {
            Ok((uti, handout)) => (Ok(uti), self.0.entra.json(StatusCode::OK, &self.body(&handout))),
            Err(Refused::Because(status, why)) => (Err(status.as_u16()), self.refusal(status, &why)),
            Err(Refused::Challenge) => match &self.0.kind {
                Kind::Arc(file) => return arc::challenge(file),
                _ => unreachable!("only Azure Arc has a challenge"),
            },
        };
        let asked = &mut self.state().asked;
        if asked.len() == KEPT {
            asked.remove(0);
        }
        asked.push(Asked { at: now, resource, selector, outcome });
        response
    }

    fn hand_out(&self, wanted: &Wanted, now: SystemTime) -> Result<(String, Handout), Refused> {
        let mut guard = self.state();
        let state = &mut *guard;
        let identity = choose(&state.identities, wanted.selector.as_ref())?;
        let (lifetime, least) = (state.lifetime, state.cached_until);
        let unsigned = self.unsigned(identity, &wanted.resource, now, lifetime)?;
        let cached = state.cache.get(identity.client_id(), &wanted.resource, now, least, || Cached {
            uti: unsigned.uti().to_owned(),
            token: unsigned.sign(),
            begins_at: now,
            expires_at: now + lifetime,
        });
        let handout = Handout {
            token: cached.token,
            resource: wanted.resource.clone(),
            client_id: identity.client_id().to_owned(),
            begins_at: cached.begins_at,
            expires_at: cached.expires_at,
            left: cached.expires_at.duration_since(now).unwrap_or_default(),
        };
        Ok((cached.uti, handout))
    }

    fn unsigned(&self, app: &App, name: &str, now: SystemTime, lifetime: Duration) -> Result<Unsigned, Refused> {
        let entra = self.0.entra.state();
        let client = entra.directory.app(app.client_id()).expect("clients are never taken away");
        let tenant = entra.directory.tenant(&client.home).expect("tenants are never taken away");
        let resource = resource::find(&entra.directory, tenant, name).map_err(|refusal| {
            let body = refusal.body(&guid(), now);
            bad(Why::Resource(body["error_description"].as_str().unwrap_or_default().to_owned()))
        })?;
        let user = match &self.0.kind {
            Kind::CloudShell(user) => entra.directory.users.iter().find(|known| known.object_id == user.object_id),
            _ => None,
        };
        let about = user.map_or(About::Client, About::User);
        Ok(Unsigned::new(tenant, client, &about, &resource, Proof::Platform, now, lifetime))
    }

    fn body(&self, handout: &Handout) -> Value {
        let form = self.state().expiry;
        match &self.0.kind {
            Kind::Imds | Kind::Arc(_) => imds::answer(handout, form),
            Kind::AppService => app_service::answer(handout, form),
            Kind::ServiceFabric => service_fabric::answer(handout, form),
            Kind::CloudShell(_) => {
                let mut answer = imds::answer(handout, form);
                // A person's token is not the client's.
                answer["client_id"] = json!("");
                answer
            }
            Kind::MachineLearning => machine_learning::answer(handout, form),
        }
    }

    fn refusal(&self, status: StatusCode, why: &Why) -> Response<Bytes> {
        let body = match &self.0.kind {
            Kind::Imds => imds::refusal(why),
            Kind::Arc(_) => arc::refusal(why),
            Kind::AppService | Kind::MachineLearning => app_service::refusal(status, why),
            Kind::ServiceFabric => service_fabric::refusal(why),
            Kind::CloudShell(_) => cloud_shell::refusal(why),
        };
        self.0.entra.json(status, &body)
    }
}

impl Twin for PlatformTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(
            || self.judge(request),
            |status| {
                let throttled = status == StatusCode::TOO_MANY_REQUESTS;
                self.refusal(status, if throttled { &Why::Throttled } else { &Why::OutOfOrder })
            },
        )
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

/// Without a selector it is the system-assigned identity, else the only one.
fn choose<'a>(identities: &'a [App], selector: Option<&Selector>) -> Result<&'a App, Refused> {
    let found = match selector {
        Some(Selector::ClientId(id)) => identities.iter().find(|app| app.client_id().eq_ignore_ascii_case(id)),
        Some(Selector::ObjectId(id)) => identities.iter().find(|app| app.object_id().eq_ignore_ascii_case(id)),
        Some(Selector::ResourceId(id)) => identities.iter().find(|app| app.resource_id().eq_ignore_ascii_case(id)),
        None => match identities.iter().find(|app| app.is_system_assigned()) {
            Some(system) => Some(system),
            None if identities.len() > 1 => return Err(bad(Why::SeveralIdentities)),
            None => identities.first(),
        },
    };
    found.ok_or_else(|| bad(Why::NoIdentity))
}

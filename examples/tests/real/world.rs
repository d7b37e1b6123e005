//! A virtual machine in Azure, a project of Google Cloud that knows it, and an OpenBao that knows Google.

use std::time::{Duration, Instant};

use tokenex_azure::ManagedIdentity;
use tokenex_core::http::HttpTransport;
use tokenex_core::{Handle, Keep, Scheduler};
use tokenex_gcp::{AccessToken, ImpersonatedIdToken, WorkloadIdentity};
use tokenex_testkit::issuer::Algorithm;
use tokenex_testkit::servers::{DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres};
use tokenex_testkit::twins::azure::{App, EntraTwin, PlatformTwin, TokenVersion};
use tokenex_testkit::twins::google::{Endpoint, GoogleTwin, IdentityProvider, ServiceAccount};
use tokenex_testkit::twins::{Served, Twin as _};
use tokenex_vault::{DatabaseCredentials, Vault};

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const MINUTE: Duration = Duration::from_secs(60);

/// The audience under which Google knows the machine: an API of the tenant's own.
const API: &str = "api://google-cloud";

const POLICY: &str = r#"
    path "database/creds/*"  { capabilities = ["read"] }
    path "sys/leases/revoke" { capabilities = ["update"] }
"#;

pub(crate) struct World {
    pub(crate) postgres: Postgres,
    pub(crate) bao: OpenBao,
    pub(crate) scheduler: Scheduler,
    pub(crate) platform: PlatformTwin,
    pub(crate) google: GoogleTwin,
    pub(crate) account: ServiceAccount,
    /// The API, whose client id is the `aud` of tokens for it.
    api: App,
    provider: IdentityProvider,
    metadata: Served,
    endpoints: Served,
}

impl World {
    /// The role `app` of OpenBao as given, for the service account.
    pub(crate) async fn new(role: impl FnOnce(JwtRole) -> JwtRole) -> Self {
        let (entra, google) = (EntraTwin::new(), GoogleTwin::new());
        let tenant = entra.tenant("contoso.example");
        let (machine, api) = (tenant.system_assigned_identity("machine"), tenant.app("google"));
        api.expose(API, TokenVersion::V2);
        let platform = PlatformTwin::app_service(&entra);
        platform.assign(&machine);

        let issuer = tenant.issuer(TokenVersion::V2);
        google.reach_jwks(&issuer, &tenant.jwks());
        let project = google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("azure", "entra", &issuer);
        provider.allow_audience(api.client_id());
        let account = project.service_account("deploy");
        account.bind(&provider.principal(&machine.object_id()));

        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start()).unwrap();
        let admin = bao.admin();
        let pems = vec![google.id_token_keys().public_key_pem(Algorithm::Rs256)];
        admin.enable_jwt("jwt", &JwtTrust::PublicKeys { pems }).await.unwrap();
        admin.policy("app", POLICY).await.unwrap();
        let trusted = JwtRole::new("app", "vault").subject(&account.unique_id()).policies(&["app"]);
        admin.jwt_role("jwt", &role(trusted)).await.unwrap();
        admin.enable_database("database", &DatabaseConnection::to(&postgres)).await.unwrap();
        admin.dynamic_role("database", &DynamicRole::new("app", MINUTE, 10 * MINUTE)).await.unwrap();

        let scheduler = Scheduler::builder(tokio::runtime::Handle::current());
        let scheduler = scheduler.transport(HttpTransport::new().unwrap()).start();
        let (metadata, endpoints) = tokio::try_join!(platform.serve(), google.serve()).unwrap();
        Self { postgres, bao, scheduler, platform, google, account, api, provider, metadata, endpoints }
    }

    /// The machine's managed identity, as Google's federated token.
    fn federated(&self) -> Handle<AccessToken> {
        let environment = self.platform.environment(&self.metadata.url());
        let lookup =
            move |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let machine = ManagedIdentity::builder().variables(lookup).build().unwrap();
        let federated = WorkloadIdentity::builder(self.provider.audience(), machine)
            .accept_audience(API)
            .accept_audience(self.api.client_id())
            .token_url(format!("{}/v1/token", self.endpoints.url()))
            .build()
            .unwrap();
        self.scheduler.keep(Keep::new(federated).name("federated token"))
    }

    /// A database user, at the end of the whole chain.
    pub(crate) fn user(&self) -> Handle<DatabaseCredentials> {
        let identity = ImpersonatedIdToken::builder(self.account.email(), self.federated())
            .endpoint(self.endpoints.url())
            .build()
            .unwrap();
        let vault = Vault::builder(self.bao.address(), "app", identity).audience("vault");
        let vault = vault.build(&self.scheduler).unwrap();
        self.scheduler.keep(Keep::new(vault.database("app")).name("database user"))
    }

    /// How often each link was asked: the platform, Google's two services, OpenBao's login.
    pub(crate) fn asked(&self) -> [usize; 4] {
        let of = |endpoint| self.google.exchanges().iter().filter(|one| one.endpoint == endpoint).count();
        let logins = self.bao.count_requests(|request| request.is_login("jwt")).unwrap();
        [self.platform.asked().len(), of(Endpoint::TokenExchange), of(Endpoint::IdToken), logins]
    }

    /// Ends everything and demands that nothing is left at the servers.
    pub(crate) async fn shut_down(self) {
        let report = self.scheduler.shutdown(Duration::from_secs(5)).await;
        let began = Instant::now();
        loop {
            let users = self.postgres.dynamic_users().await.unwrap();
            let logins = self.bao.live_token_accessors().await.unwrap();
            if users.is_empty() && logins.is_empty() {
                return;
            }
            assert!(began.elapsed() < 2 * PATIENCE, "left after {report}: users {users:?}, logins {logins:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

//! An issuer and the five targets, all over https with a CA of their own, and a file with a credential of each.

use std::sync::{Arc, Mutex, PoisonError};

use tokenex_testkit::issuer::{Issuer, TokenBuilder};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::aws::{Account, Role, StsTwin, TrustStatement};
use tokenex_testkit::twins::azure::{App, ArmTwin, EXCHANGE_AUDIENCE, EntraTwin, Federation, Subscription, Tenant};
use tokenex_testkit::twins::google::{Binding, GoogleTwin, IdentityProvider, ServiceAccount};
use tokenex_testkit::twins::oci::{Bucket, ConfidentialApp, OciTwin, Trust};
use tokenex_testkit::twins::vault::{JwtRole, VaultTwin};
use tokenex_testkit::twins::{Served, Twin as _};
use tokenex_testkit::web::{Received, Reply};

use super::diagnosis::Diagnosis;
use crate::program::{End, Program, Running, tokenex};
use crate::world::{Folder, SECOND};

pub(crate) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";
pub(crate) const AWS_AUDIENCE: &str = "sts.amazonaws.com";
const TOKENS: &str = "/token";

/// How a token differs from one that is in order.
type Change = Arc<dyn Fn(TokenBuilder) -> TokenBuilder + Send + Sync>;

/// The credentials `arm` (Azure), `deploy` (AWS), `report` (another role, with `deploy`), `robot` (Google, as a service
/// account), `session` (Oracle Cloud), `db` and `kv` (Vault, one login), and `jwt` (the identity token itself).
pub(crate) struct World {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) entra: EntraTwin,
    pub(crate) tenant: Tenant,
    pub(crate) app: App,
    pub(crate) federation: Federation,
    pub(crate) subscription: Subscription,
    pub(crate) sts: StsTwin,
    pub(crate) account: Account,
    pub(crate) role: Role,
    pub(crate) google: GoogleTwin,
    pub(crate) provider: IdentityProvider,
    pub(crate) robot: ServiceAccount,
    pub(crate) binding: Binding,
    pub(crate) oci: OciTwin,
    pub(crate) exchanger: ConfidentialApp,
    pub(crate) trust: Trust,
    pub(crate) bucket: Bucket,
    pub(crate) vault: VaultTwin,
    pub(crate) login: JwtRole,
    pub(crate) folder: Folder,
    pub(crate) certificates: Certificates,
    pub(crate) at: At,
    change: Arc<Mutex<Change>>,
    /// Every token that was handed out.
    pub(crate) handed_out: Arc<Mutex<Vec<String>>>,
}

/// The twins on sockets.
pub(crate) struct At {
    pub(crate) entra: Served,
    pub(crate) arm: Served,
    pub(crate) sts: Served,
    pub(crate) google: Served,
    pub(crate) domain: Served,
    pub(crate) oci: Served,
    pub(crate) vault: Served,
}

impl World {
    pub(crate) async fn new() -> Self {
        let certificates = Certificates::for_loopback();
        let issuer = Arc::new(Issuer::builder().tls(&certificates).start().await.unwrap());
        let url = issuer.url();

        let entra = EntraTwin::new();
        entra.reach(issuer.keys());
        let tenant = entra.tenant("contoso.example");
        let app = tenant.app("deployer");
        let federation = app.federate(url, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        let arm = ArmTwin::new(&entra);
        let subscription = arm.subscription(&tenant);
        subscription.resource_group("web");
        subscription.allow(&app.object_id());

        let sts = StsTwin::new();
        sts.reach(issuer.keys());
        let account = sts.account("123456789012");
        account.oidc_provider(url, AWS_AUDIENCE);
        let role = account.role("deployer");
        role.trust_subject(url, SUBJECT, AWS_AUDIENCE);
        let report = account.role("report");
        report.trust(TrustStatement::principal(role.arn()));

        let google = GoogleTwin::new();
        google.reach(issuer.keys());
        let project = google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("ci", "issuer", url);
        let robot = project.service_account("deployer");
        let binding = robot.bind(&provider.principal(SUBJECT));

        let oci = OciTwin::new();
        oci.reach(issuer.keys());
        let domain = oci.domain("idcs-1.identity.oraclecloud.com");
        let exchanger = domain.app("exchanger");
        let user = domain.user("deployer");
        let trust = domain.trust("ci", url);
        trust.oauth_client(&exchanger).audience(exchanger.client_id());
        trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        let bucket = oci.bucket("backups");
        bucket.allow_user(&user);

        let vault = VaultTwin::new();
        vault.reach(issuer.keys());
        let login = vault.jwt_auth("jwt", url).role("app");
        login.audience("vault").subject(SUBJECT);
        login.allow("database/creds/app").allow("secret/data/app").allow("sys/leases/revoke");
        vault.database("database").role("app").ttl(60 * SECOND).max_ttl(600 * SECOND);
        vault.kv2("secret").put("app", serde_json::json!({ "key": "value" }));

        let at = At {
            entra: entra.serve_tls(&certificates).await.unwrap(),
            arm: arm.serve_tls(&certificates).await.unwrap(),
            sts: sts.serve_tls(&certificates).await.unwrap(),
            google: google.serve_tls(&certificates).await.unwrap(),
            domain: domain.serve_tls(&certificates).await.unwrap(),
            oci: oci.serve_tls(&certificates).await.unwrap(),
            vault: vault.serve_tls(&certificates).await.unwrap(),
        };
        let unchanged: Change = Arc::new(|token| token);
        let world = Self {
            issuer,
            entra,
            tenant,
            app,
            federation,
            subscription,
            sts,
            account,
            role,
            google,
            provider,
            robot,
            binding,
            oci,
            exchanger,
            trust,
            bucket,
            vault,
            login,
            folder: Folder::new(),
            certificates,
            at,
            change: Arc::new(Mutex::new(unchanged)),
            handed_out: Arc::default(),
        };
        world.hand_out_tokens();
        world.folder.write("ca.pem", world.certificates.ca_pem());
        world.write(|file| file);
        world
    }

    /// A token for whoever asks, with the audience that is asked for.
    fn hand_out_tokens(&self) {
        let token = self.issuer.token().subject(SUBJECT).lifetime(600 * SECOND);
        let (change, handed_out) = (Arc::clone(&self.change), Arc::clone(&self.handed_out));
        self.issuer.server().on(TOKENS, move |request: &Received| {
            let audience = request.query().strip_prefix("audience=").unwrap_or_default().replace("%3A", ":");
            let change = Arc::clone(&change.lock().unwrap_or_else(PoisonError::into_inner));
            let token = change(token.clone().audience(audience.replace("%2F", "/"))).sign();
            handed_out.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
            Reply::text(200, token)
        });
    }

    /// From now on tokens differ so.
    pub(crate) fn tokens(&self, change: impl Fn(TokenBuilder) -> TokenBuilder + Send + Sync + 'static) {
        *self.change.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(change);
    }

    /// Writes the file, changed so.
    pub(crate) fn write(&self, change: impl FnOnce(String) -> String) {
        self.folder.write("tokenex.toml", &change(self.file()));
    }

    /// The file with another line in a credential.
    pub(crate) fn with_line(&self, name: &str, line: &str) {
        let header = format!("[credential.{name}]\n");
        self.write(|file| file.replace(&header, &format!("{header}{line}\n")));
    }

    pub(crate) fn arm_probe(&self) -> String {
        let (arm, subscription) = (self.at.arm.url(), self.subscription.id());
        format!("{arm}/subscriptions/{subscription}/resourceGroups/web/resources?api-version=2021-04-01")
    }

    pub(crate) fn bucket_probe(&self) -> String {
        format!("{}/n/{}/b/backups/o", self.at.oci.url(), self.oci.namespace())
    }

    fn file(&self) -> String {
        format!(
            r#"version = 1
[http]
ca_file = "ca.pem"
[identity.ci]
source = "url"
url = "{issuer}{TOKENS}?audience={{audience}}"
[credential.report]
provider = "aws-assume-role"
from = "deploy"
role_arn = "arn:aws:iam::123456789012:role/report"
region = "eu-west-1"
endpoint_url = "{sts}"
[credential.arm]
provider = "azure"
identity = "ci"
tenant_id = "{tenant}"
client_id = "{client}"
scope = "https://management.azure.com/.default"
authority_host = "{entra}"
probe = "{arm_probe}"
[credential.deploy]
provider = "aws"
identity = "ci"
role_arn = "{role}"
region = "eu-west-1"
endpoint_url = "{sts}"
probe = "{sts}/?Action=GetCallerIdentity&Version=2011-06-15"
[credential.robot]
provider = "gcp"
identity = "ci"
audience = "{provider}"
token_url = "{google}/v1/token"
service_account = "{email}"
iam_endpoint = "{google}"
[credential.session]
provider = "oci"
identity = "ci"
domain_url = "{domain}"
client_id = "{exchanger}"
client_secret = {{ env = "OCI_CLIENT_SECRET" }}
probe = "{bucket_probe}"
[credential.db]
provider = "vault"
identity = "ci"
address = "{vault}"
role = "app"
audience = "vault"
path = "database/creds/app"
[credential.kv]
provider = "vault"
identity = "ci"
address = "{vault}"
role = "app"
audience = "vault"
path = "secret/data/app"
probe = "{vault}/v1/auth/token/lookup-self"
[credential.jwt]
provider = "passthrough"
identity = "ci"
audience = "https://api.example"
"#,
            issuer = self.issuer.url(),
            tenant = self.tenant.id(),
            client = self.app.client_id(),
            entra = self.at.entra.url(),
            arm_probe = self.arm_probe(),
            role = self.role.arn(),
            sts = self.at.sts.url(),
            provider = self.provider.audience(),
            google = self.at.google.url(),
            email = self.robot.email(),
            domain = self.at.domain.url(),
            exchanger = self.exchanger.client_id(),
            bucket_probe = self.bucket_probe(),
            vault = self.at.vault.url(),
        )
    }

    fn program(&self, arguments: &[&str]) -> Program {
        let file = self.folder.path("tokenex.toml");
        let program = tokenex(["-c", file.to_str().unwrap(), "doctor"].iter().chain(arguments));
        program.env("OCI_CLIENT_SECRET", self.exchanger.secret())
    }

    /// What it tells programs about these credentials.
    pub(crate) async fn doctor(&self, names: &[&str]) -> Diagnosis {
        let end = self.program(&[&["--format", "json"], names].concat()).run().await;
        let report = end.json();
        assert_eq!(report["exit"].as_i64(), end.code().map(i64::from), "the report says the exit code: {end:#?}");
        Diagnosis { report, end }
    }

    /// A run that goes on.
    pub(crate) fn start(&self, names: &[&str]) -> Running {
        self.program(names).start()
    }

    /// What it tells people.
    pub(crate) async fn text(&self, names: &[&str]) -> End {
        self.program(names).run().await
    }
}

//! The issuer and the five targets: what administrators have set up, and the bad days.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use tokenex::aws::AwsCredentials;
use tokenex::azure::AccessToken;
use tokenex::gcp::AccessToken as GoogleToken;
use tokenex::oci::SessionToken;
use tokenex::vault::DatabaseCredentials;
use tokenex_testkit::issuer::Issuer;
use tokenex_testkit::proxy::Proxy;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::aws::{Role, StsTwin};
use tokenex_testkit::twins::azure::{App, ArmTwin, EXCHANGE_AUDIENCE, EntraTwin, Subscription, Tenant};
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider};
use tokenex_testkit::twins::oci::{ConfidentialApp, IdentityDomain, OciTwin};
use tokenex_testkit::twins::vault::{Database, VaultTwin};
use tokenex_testkit::twins::{Served, Twin};
use tokenex_testkit::web::{Received, Reply};

use super::outage::Outage;
use super::plan::Lives;

/// Who the workload is, as the issuer says.
pub(super) const SUBJECT: &str = "demo";
/// The region of the AWS role.
pub(super) const REGION: &str = "eu-central-1";
/// What the role of AWS takes as an audience.
const AWS_AUDIENCE: &str = "sts.amazonaws.com";
/// What Vault's role takes as an audience, and the names of its roles.
pub(super) const VAULT_AUDIENCE: &str = "vault";
pub(super) const VAULT_ROLE: &str = "app";
/// Where the issuer hands out tokens, as the one of a CI system does.
const TOKENS: &str = "/token";
/// How long an identity token lives, and a login to Vault unless it is renewed.
const IDENTITY_LIFE: Duration = Duration::from_secs(60);
const LOGIN_LIFE: Duration = Duration::from_secs(60);

/// A twin on a loopback port, over https, at the other end of a cable that can be pulled.
pub(super) struct Line {
    // Never read, but the port lives as long as it does.
    _served: Served,
    cable: Proxy,
}

impl Line {
    async fn to(twin: &impl Twin, certificates: &Certificates) -> io::Result<Self> {
        let served = twin.serve_tls(certificates).await?;
        let cable = Proxy::start(served.server().addr()).await?;
        Ok(Self { _served: served, cable })
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}", self.cable.addr())
    }
}

/// Everything that is not the program.
pub(super) struct Targets {
    pub(super) certificates: Certificates,
    issuer: Issuer,
    pub(super) azure: Azure,
    pub(super) aws: Aws,
    pub(super) gcp: Google,
    pub(super) oci: Oracle,
    pub(super) vault: Vault,
}

pub(super) struct Azure {
    pub(super) line: Line,
    entra: EntraTwin,
    arm: ArmTwin,
    subscription: Subscription,
    pub(super) tenant: Tenant,
    pub(super) app: App,
}

pub(super) struct Aws {
    pub(super) line: Line,
    sts: StsTwin,
    pub(super) role: Role,
}

pub(super) struct Google {
    pub(super) line: Line,
    google: GoogleTwin,
    pub(super) provider: IdentityProvider,
}

pub(super) struct Oracle {
    pub(super) line: Line,
    oci: OciTwin,
    domain: IdentityDomain,
    pub(super) app: ConfidentialApp,
}

pub(super) struct Vault {
    pub(super) line: Line,
    vault: VaultTwin,
    database: Database,
}

impl Targets {
    /// Sets all of it up: each target trusts the issuer, and knows what the workload may be.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub(super) async fn start(lives: &Lives) -> io::Result<Self> {
        let certificates = Certificates::for_loopback();
        let issuer = Issuer::builder().tls(&certificates).start().await?;
        hand_out_tokens(&issuer);
        Ok(Self {
            azure: Azure::start(&issuer, &certificates, lives).await?,
            aws: Aws::start(&issuer, &certificates, lives).await?,
            gcp: Google::start(&issuer, &certificates, lives).await?,
            oci: Oracle::start(&issuer, &certificates, lives).await?,
            vault: Vault::start(&issuer, &certificates, lives).await?,
            certificates,
            issuer,
        })
    }

    /// Where the program gets its identity from, with the place for an audience.
    pub(super) fn identity_url(&self) -> String {
        format!("{}{TOKENS}?audience={{audience}}", self.issuer.url())
    }

    /// The beginning of an outage.
    pub(super) async fn begin(&self, outage: Outage) {
        match outage {
            Outage::Targets => {
                self.azure.line.cable.cut().await;
                self.vault.vault.seal();
            }
            Outage::Issuer => self.issuer.server().on(TOKENS, Reply::status(503)),
        }
    }

    /// Its end.
    ///
    /// # Errors
    /// When the port cannot be listened on again.
    pub(super) fn end(&self, outage: Outage) -> io::Result<()> {
        match outage {
            Outage::Targets => {
                self.azure.line.cable.heal()?;
                self.vault.vault.unseal();
            }
            Outage::Issuer => hand_out_tokens(&self.issuer),
        }
        Ok(())
    }
}

/// A token for whoever asks, with the audience that is asked for. A real issuer asks who asks.
fn hand_out_tokens(issuer: &Issuer) {
    let token = issuer.token().subject(SUBJECT).lifetime(IDENTITY_LIFE);
    issuer.server().on(TOKENS, move |request: &Received| {
        let mut query = form_urlencoded::parse(request.query().as_bytes());
        let audience = query.find(|(name, _)| name == "audience").map(|(_, value)| value.into_owned());
        Reply::text(200, token.clone().audience(audience.unwrap_or_default()).sign())
    });
}

impl Azure {
    async fn start(issuer: &Issuer, certificates: &Certificates, lives: &Lives) -> io::Result<Self> {
        let entra = EntraTwin::new();
        entra.reach(issuer.keys());
        entra.token_lifetime(lives.azure);
        let tenant = entra.tenant("contoso.example");
        let app = tenant.user_assigned_identity("app");
        app.federate(issuer.url(), SUBJECT, EXCHANGE_AUDIENCE).map_err(io::Error::other)?;
        let arm = ArmTwin::new(&entra);
        let subscription = arm.subscription(&tenant);
        subscription.resource_group("web");
        subscription.allow(&app.object_id());
        Ok(Self { line: Line::to(&entra, certificates).await?, entra, arm, subscription, tenant, app })
    }

    pub(super) fn issued(&self) -> u64 {
        self.entra.issued()
    }

    /// Whether the management API takes this token now.
    pub(super) fn accepts(&self) -> impl Fn(&AccessToken) -> bool + Send + use<> {
        let (arm, subscription) = (self.arm.clone(), self.subscription.id().to_owned());
        move |token| {
            let address = "https://management.azure.com/subscriptions";
            let address = format!("{address}/{subscription}/resourceGroups/web/resources?api-version=2021-04-01");
            let request = Request::get(address).header(AUTHORIZATION, format!("Bearer {}", token.secret().expose()));
            request.body(Bytes::new()).is_ok_and(|request| arm.answer(&request).status().is_success())
        }
    }
}

impl Aws {
    async fn start(issuer: &Issuer, certificates: &Certificates, lives: &Lives) -> io::Result<Self> {
        let sts = StsTwin::new();
        sts.reach(issuer.keys());
        sts.session_lifetime(lives.aws);
        let account = sts.account("123456789012");
        account.oidc_provider(issuer.url(), AWS_AUDIENCE);
        let role = account.role("app");
        role.trust_subject(issuer.url(), SUBJECT, AWS_AUDIENCE);
        Ok(Self { line: Line::to(&sts, certificates).await?, sts, role })
    }

    pub(super) fn issued(&self) -> u64 {
        self.sts.issued()
    }

    /// Whether a request that is signed with these is taken now.
    pub(super) fn accepts(&self) -> impl Fn(&AwsCredentials) -> bool + Send + use<> {
        let sts = self.sts.clone();
        move |keys| {
            let token = keys.session_token().map(|token| token.expose());
            sts.accepts(keys.access_key_id(), keys.secret_access_key().expose(), token)
        }
    }
}

impl Google {
    async fn start(issuer: &Issuer, certificates: &Certificates, lives: &Lives) -> io::Result<Self> {
        let google = GoogleTwin::new();
        google.reach(issuer.keys());
        google.token_lifetime(lives.gcp);
        let provider = google.project("acme-prod", 123_456_789_012).provider("workloads", "issuer", issuer.url());
        Ok(Self { line: Line::to(&google, certificates).await?, google, provider })
    }

    pub(super) fn issued(&self) -> u64 {
        self.google.issued()
    }

    /// Whether this token is good for anything now.
    pub(super) fn accepts(&self) -> impl Fn(&GoogleToken) -> bool + Send + use<> {
        let google = self.google.clone();
        move |token| google.access(token.secret().expose()).is_some()
    }
}

impl Oracle {
    async fn start(issuer: &Issuer, certificates: &Certificates, lives: &Lives) -> io::Result<Self> {
        let oci = OciTwin::new();
        oci.reach(issuer.keys());
        let domain = oci.domain("idcs-demo.identity.oraclecloud.com");
        domain.longest_life(lives.oci);
        let app = domain.app("exchanger");
        let user = domain.user("app");
        let trust = domain.trust("workloads", issuer.url());
        trust.oauth_client(&app).audience(app.client_id());
        trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        Ok(Self { line: Line::to(&domain, certificates).await?, oci, domain, app })
    }

    pub(super) fn issued(&self) -> u64 {
        self.domain.issued()
    }

    /// Whether Object Storage takes a request that is signed with this now.
    pub(super) fn accepts(&self) -> impl Fn(&SessionToken) -> bool + Send + use<> {
        let oci = self.oci.clone();
        move |session| {
            let request = Request::get("https://objectstorage.eu-frankfurt-1.oraclecloud.com/n").body(Bytes::new());
            let signed = request.ok().and_then(|request| session.signer().sign(request).ok());
            signed.is_some_and(|request| oci.answer(&request).status().is_success())
        }
    }
}

impl Vault {
    async fn start(issuer: &Issuer, certificates: &Certificates, lives: &Lives) -> io::Result<Self> {
        let vault = VaultTwin::new();
        vault.reach(issuer.keys());
        let role = vault.jwt_auth("jwt", issuer.url()).role(VAULT_ROLE);
        role.audience(VAULT_AUDIENCE)
            .subject(SUBJECT)
            .allow("database/creds/app")
            .allow("sys/leases/revoke")
            .ttl(LOGIN_LIFE);
        let database = vault.database("database");
        let (lease, longest) = lives.vault;
        database.role("app").ttl(lease).max_ttl(longest);
        Ok(Self { line: Line::to(&vault, certificates).await?, vault, database })
    }

    pub(super) fn issued(&self) -> u64 {
        self.vault.issued()
    }

    /// How many users and logins were taken back when asked, as the server counted.
    pub(super) fn revoked(&self) -> usize {
        let asked = |path: &str| path == "sys/leases/revoke" || path == "auth/token/revoke-self";
        self.vault.exchanges().iter().filter(|one| asked(&one.path) && one.outcome.is_ok()).count()
    }

    /// How many logins and users live now.
    pub(super) fn alive(&self) -> usize {
        self.vault.logins().len() + self.vault.leases().len()
    }

    /// Whether the database lets this user in now.
    pub(super) fn accepts(&self) -> impl Fn(&DatabaseCredentials) -> bool + Send + use<> {
        let database = self.database.clone();
        move |user| database.accepts(user.username(), user.password().expose())
    }
}

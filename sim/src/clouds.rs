//! The twins, and whom they trust.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::aws::{Account, Role, StsTwin};
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EntraTwin, Tenant};
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider, ServiceAccount};
use tokenex_testkit::twins::oci::{IdentityDomain, OciTwin};
use tokenex_testkit::twins::vault::VaultTwin;

use crate::oracle::{self, Oracle};
use crate::third_party::{self, Office};
use crate::token_file::{SUBJECT, TokenFile};
use crate::truth::Time;
use crate::weather::Place;
use crate::wire::Wire;

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const VAULT: &str = "vault.test:8200";
const AUDIENCE: &str = "sts.amazonaws.com";
const STS: &str = "sts.eu-central-1.amazonaws.com";
const ENTRA: &str = "login.microsoftonline.com";
const GOOGLE_STS: &str = "sts.googleapis.com";
const GOOGLE_IAM: &str = "iamcredentials.googleapis.com";

/// Half of it to the target.
const LATENCY: Duration = Duration::from_millis(120);

type Switch = Box<dyn Fn(bool)>;

/// What somebody can do at a target, and mend again.
pub(crate) struct Levers {
    /// The target trusts the workload.
    pub(crate) trust: Switch,
    /// The target can read the issuer's keys.
    pub(crate) issuer: Switch,
    /// Forgets faults that nobody has met.
    pub(crate) heal: Box<dyn Fn()>,
}

/// All targets, each with one workload that it trusts.
pub(crate) struct Clouds {
    pub(crate) issuer: IssuerKeys,
    pub(crate) file: TokenFile,
    pub(crate) vault: VaultTwin,
    pub(crate) tenant: Tenant,
    pub(crate) app: App,
    /// Trusts the role of AWS.
    pub(crate) second_app: App,
    pub(crate) sts: StsTwin,
    pub(crate) role: Role,
    pub(crate) google: GoogleTwin,
    pub(crate) pool: IdentityProvider,
    pub(crate) account: ServiceAccount,
    pub(crate) oracle: Oracle,
    pub(crate) office: Office,
    pub(crate) levers: BTreeMap<Place, Levers>,
}

impl Clouds {
    pub(crate) fn new(time: &Time, random: &mut fastrand::Rng) -> (Self, Wire) {
        let network = InMemory::new();
        network.latency(LATENCY);
        let wire = Wire::new(network.clone(), time.clone());
        let wall = || {
            let time = time.clone();
            move || time.wall()
        };
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, wall());
        let mut levers = BTreeMap::new();

        let vault = VaultTwin::with_clock(wall());
        vault.reach(&issuer);
        put(&vault, &network, &wire, Place::Vault, &[VAULT], VaultTwin::fault);
        levers.insert(Place::Vault, vault_levers(&vault));

        let sts = StsTwin::with_clock(wall());
        sts.reach(&issuer);
        put(&sts, &network, &wire, Place::Sts, &[STS], StsTwin::fault);
        let account = sts.account("123456789012");
        account.oidc_provider(ISSUER, AUDIENCE);
        let role = account.role("app");
        levers.insert(Place::Sts, sts_levers(&sts, &role));

        let entra = EntraTwin::with_clock(wall());
        entra.reach(&issuer);
        put(&entra, &network, &wire, Place::Entra, &[ENTRA], EntraTwin::fault);
        let tenant = entra.tenant("contoso.example");
        let (app, second_app) = (tenant.app("app"), tenant.app("second"));
        levers.insert(Place::Entra, entra_levers(&entra, &app, &second_app, &account, role.arn()));

        let google = GoogleTwin::with_clock(wall());
        google.reach(&issuer);
        put(&google, &network, &wire, Place::GoogleSts, &[GOOGLE_STS], GoogleTwin::fault);
        put(&google, &network, &wire, Place::GoogleIam, &[GOOGLE_IAM], GoogleTwin::fault);
        let project = google.project("acme-prod", 123_456_789_012);
        let (pool, deployer) = (project.provider("ci", "issuer", ISSUER), project.service_account("deploy"));
        levers.insert(Place::GoogleSts, google_sts_levers(&google, &pool));
        levers.insert(Place::GoogleIam, google_iam_levers(&google, &pool, &deployer));

        let oracle = Oracle::new(OciTwin::with_clock(wall()), &issuer);
        put(&oracle.domain, &network, &wire, Place::Oracle, &[oracle::HOST], IdentityDomain::fault);
        levers.insert(Place::Oracle, oracle.levers());

        let office = Office::new(time, random.fork());
        network.route(third_party::HOST, async |_| http::Response::new(bytes::Bytes::from_static(b"ok")));
        wire.host(third_party::HOST, Place::ThirdParty, |_| ());
        let desk = office.clone();
        let levers_of_office = Levers {
            trust: Box::new(move |trusts| desk.trust(trusts)),
            issuer: Box::new(|_| ()),
            heal: Box::new(|| ()),
        };
        levers.insert(Place::ThirdParty, levers_of_office);

        let file = TokenFile::new(&issuer, time);
        let clouds = Self {
            issuer,
            file,
            vault,
            tenant,
            app,
            second_app,
            sts,
            role,
            google,
            pool,
            account: deployer,
            oracle,
            office,
            levers,
        };
        (clouds, wire)
    }
}

/// Puts a twin on the network and on the wire.
fn put<T: Twin>(
    twin: &T,
    network: &InMemory,
    wire: &Wire,
    place: Place,
    hosts: &[&str],
    fault: fn(&T, usize, tokenex_testkit::twins::Fault),
) {
    for host in hosts {
        twin.route(network, host);
        let twin = twin.clone();
        wire.host(host, place, move |next| fault(&twin, 1, next));
    }
}

fn vault_levers(vault: &VaultTwin) -> Levers {
    let role = vault.jwt_auth("jwt", ISSUER).role("app");
    role.audience("vault").subject(SUBJECT).ttl(Duration::from_secs(7200)).max_ttl(Duration::from_secs(86_400));
    role.allow("database/*").allow("secret/*").allow("sys/leases/revoke");
    let database = vault.database("database");
    database.role("app").ttl(Duration::from_secs(3600)).max_ttl(Duration::from_secs(6 * 3600));
    database.role("visitor").ttl(Duration::from_secs(300)).max_ttl(Duration::from_secs(900));
    let (issuers, heals) = (vault.clone(), vault.clone());
    Levers {
        trust: Box::new(move |trusts| {
            role.subject(if trusts { SUBJECT } else { "somebody else" });
        }),
        issuer: Box::new(move |up| if up { issuers.issuer_up(ISSUER) } else { issuers.issuer_down(ISSUER) }),
        heal: Box::new(move || heals.heal()),
    }
}

fn sts_levers(sts: &StsTwin, role: &Role) -> Levers {
    let (issuers, heals, role) = (sts.clone(), sts.clone(), role.clone());
    let trust = Mutex::new(Some(role.trust_subject(ISSUER, SUBJECT, AUDIENCE)));
    Levers {
        trust: Box::new(move |trusts| {
            let mut held = trust.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(trust) = held.take() {
                trust.remove();
            }
            *held = trusts.then(|| role.trust_subject(ISSUER, SUBJECT, AUDIENCE));
        }),
        issuer: Box::new(move |up| if up { issuers.issuer_up(ISSUER) } else { issuers.issuer_down(ISSUER) }),
        heal: Box::new(move || heals.heal()),
    }
}

fn entra_levers(entra: &EntraTwin, app: &App, second: &App, account: &Account, role: &str) -> Levers {
    let account = account.enable_outbound_federation();
    entra.reach(&account);
    let (issuers, heals, app, second, role) =
        (entra.clone(), entra.clone(), app.clone(), second.clone(), role.to_owned());
    let federate = move || {
        let one = app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).expect("the first of its kind");
        let two = second.federate(account.issuer(), &role, EXCHANGE_AUDIENCE).expect("the first of its kind");
        [one, two]
    };
    let trusts = Arc::new(Mutex::new(Some(federate())));
    Levers {
        trust: Box::new(move |trust| {
            let mut held = trusts.lock().unwrap_or_else(PoisonError::into_inner);
            held.take().into_iter().flatten().for_each(|federation| federation.remove());
            *held = trust.then(&federate);
        }),
        issuer: Box::new(move |up| if up { issuers.issuer_up(ISSUER) } else { issuers.issuer_down(ISSUER) }),
        heal: Box::new(move || heals.heal()),
    }
}

fn google_sts_levers(google: &GoogleTwin, pool: &IdentityProvider) -> Levers {
    let (issuers, heals, pool) = (google.clone(), google.clone(), pool.clone());
    Levers {
        trust: Box::new(move |trusts| {
            pool.only_subject(if trusts { SUBJECT } else { "somebody else" });
        }),
        issuer: Box::new(move |up| if up { issuers.issuer_up(ISSUER) } else { issuers.issuer_down(ISSUER) }),
        heal: Box::new(move || heals.heal()),
    }
}

fn google_iam_levers(google: &GoogleTwin, pool: &IdentityProvider, account: &ServiceAccount) -> Levers {
    let (heals, account, member) = (google.clone(), account.clone(), pool.principal(SUBJECT));
    let binding = Mutex::new(Some(account.bind(&member)));
    Levers {
        trust: Box::new(move |trusts| {
            let mut held = binding.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(binding) = held.take() {
                binding.remove();
            }
            *held = trusts.then(|| account.bind(&member));
        }),
        // It reads nobody's keys.
        issuer: Box::new(|_| ()),
        heal: Box::new(move || heals.heal()),
    }
}

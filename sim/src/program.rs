//! The program: what it keeps, from every provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_aws::{AwsCredentials, OutboundIdentity, WebIdentity};
use tokenex_azure::{AccessToken, Entra};
use tokenex_core::{Claims, Issued, Passthrough, Policy};
use tokenex_gcp::{Impersonation, WorkloadIdentity};
use tokenex_testkit::twins::vault::VaultTwin;
use tokenex_vault::{DatabaseCredentials, LoginToken, Vault};

use crate::clouds::{Clouds, REGION, VAULT};
use crate::kept::{AnyKept, Keeper};
use crate::ledger::Terms;
use crate::token_file::Mint;
use crate::truth::Time;
use crate::weather::Place;

const HOUR: Duration = Duration::from_secs(3600);
/// A `Date` has whole seconds, and differences under two are no differences.
const ABSOLUTE: Duration = Duration::from_secs(3);
/// Whole seconds, as most targets count.
const RELATIVE: Duration = Duration::from_secs(1);
/// By how much the machine's clock may be off, for who has nothing else to go by.
const BY_THE_MACHINE: Duration = Duration::from_secs(125);

/// So many of each credential, as of a program for several tenants.
const TENANTS: usize = 2;

/// Everything that lives as long as the program.
pub(crate) fn start(clouds: &Clouds, keeper: &Keeper, random: &mut fastrand::Rng) -> (Vault, Vec<Box<dyn AnyKept>>) {
    let mut kept = Vec::new();
    let vaults: Vec<_> = (0..TENANTS).map(|_| start_one(clouds, keeper, random, &mut kept)).collect();
    (vaults.into_iter().next().expect("a tenant"), kept)
}

fn start_one(clouds: &Clouds, keeper: &Keeper, random: &mut fastrand::Rng, kept: &mut Vec<Box<dyn AnyKept>>) -> Vault {
    let time = &keeper.time;

    let vault = Vault::builder(format!("https://{VAULT}"), "app", clouds.file.clone()).audience("vault");
    let vault = vault.build(&keeper.scheduler).expect("a good address");
    let login = terms("vault login", &[Place::Vault, Place::File], 2 * HOUR, RELATIVE);
    // Logins are replaced when half of their life is left.
    let policy = Policy::default().with_refresh_share(0.5);
    let login = keeper.watch_other(&login, &policy, vault.login(), random.fork(), logged_in(&clouds.vault));
    kept.push(Box::new(login));
    let user = child("vault user", &[Place::Vault, Place::File], HOUR, RELATIVE);
    kept.push(Box::new(keeper.keep(user, vault.database("app"), random.fork(), leased(&clouds.vault))));

    let scope = "https://vault.azure.net/.default";
    let entra = Entra::federated(clouds.tenant.id(), clouds.app.client_id(), Mint(clouds.issuer.clone()));
    let provider = entra.build().expect("a tenant").token(scope).expect("a scope");
    let token = terms("azure token", &[Place::Entra], HOUR, RELATIVE);
    kept.push(Box::new(keeper.keep(token, provider, random.fork(), unexpired(time))));

    let sts = clouds.sts.clone();
    let works = move |keys: &Issued<AwsCredentials>| {
        let token = keys.session_token().map(|token| token.expose());
        sts.accepts(keys.access_key_id(), keys.secret_access_key().expose(), token)
    };
    let session = WebIdentity::builder(clouds.role.arn(), clouds.file.clone()).region(REGION).build();
    let role = terms("aws role", &[Place::Sts, Place::File], HOUR, ABSOLUTE);
    let role = keeper.keep(role, session.expect("a role"), random.fork(), works);
    let outbound = OutboundIdentity::builder(role.handle()).region(REGION).build().expect("a region");
    kept.push(Box::new(role));
    let entra = Entra::federated(clouds.tenant.id(), clouds.second_app.client_id(), outbound);
    let provider = entra.build().expect("a tenant").token(scope).expect("a scope");
    let token = child("aws to azure", &[Place::Entra, Place::Sts, Place::File], HOUR, RELATIVE);
    kept.push(Box::new(keeper.keep(token, provider, random.fork(), unexpired(time))));

    let google = clouds.google.clone();
    let works = move |token: &Issued<tokenex_gcp::AccessToken>| google.access(token.secret().expose()).is_some();
    let federated = WorkloadIdentity::builder(clouds.pool.audience(), Mint(clouds.issuer.clone())).build();
    let token = terms("google federated", &[Place::GoogleSts], HOUR, RELATIVE);
    let federated = keeper.keep(token, federated.expect("an audience"), random.fork(), works.clone());
    let acting = Impersonation::builder(clouds.account.email(), federated.handle()).build().expect("an account");
    kept.push(Box::new(federated));
    let token = child("google account", &[Place::GoogleIam, Place::GoogleSts], HOUR, ABSOLUTE);
    kept.push(Box::new(keeper.keep(token, acting, random.fork(), works)));

    let token = Passthrough::new(clouds.file.clone()).audience("https://api.example");
    let by_itself = Terms { bears_outages: false, ..terms("passthrough", &[Place::File], HOUR, BY_THE_MACHINE) };
    let now = time.clone();
    let works = move |token: &Issued<tokenex_core::IdentityToken>| {
        token.claims().expires_at().is_some_and(|at| at > now.wall())
    };
    kept.push(Box::new(keeper.keep(by_itself, token, random.fork(), works)));

    let (lifetime, office) = (HOUR / 2, clouds.office.clone());
    let ticket = terms("third party", &[Place::ThirdParty], lifetime, RELATIVE);
    let works = move |ticket: &Issued<_>| office.takes(ticket);
    kept.push(Box::new(keeper.keep(ticket, clouds.office.provider(lifetime), random.fork(), works)));

    let session = terms("oracle session", &[Place::Oracle], HOUR, RELATIVE);
    let provider = clouds.oracle.provider(&clouds.issuer);
    kept.push(Box::new(keeper.keep(session, provider, random.fork(), clouds.oracle.works(time))));
    vault
}

/// Somebody who stays for a few minutes, with a credential of a short life.
pub(crate) fn visitor(clouds: &Clouds, vault: &Vault, keeper: &Keeper, random: &mut fastrand::Rng) -> Box<dyn AnyKept> {
    if random.u8(..3) == 0 {
        let user = child("vault visitor", &[Place::Vault, Place::File], Duration::from_secs(300), RELATIVE);
        return Box::new(keeper.keep(user, vault.database("visitor"), random.fork(), leased(&clouds.vault)));
    }
    let (lifetime, office) = (Duration::from_millis(random.u64(4000..120_000)), clouds.office.clone());
    let ticket = terms("third party's visitor", &[Place::ThirdParty], lifetime, RELATIVE);
    let works = move |ticket: &Issued<_>| office.takes(ticket);
    Box::new(keeper.keep(ticket, clouds.office.provider(lifetime), random.fork(), works))
}

fn terms(name: &str, places: &'static [Place], lifetime: Duration, tolerance: Duration) -> Terms {
    Terms { name: name.to_owned(), places, lifetime, parent: false, bears_outages: true, tolerance }
}

/// What is made from another one that is kept.
fn child(name: &str, places: &'static [Place], lifetime: Duration, tolerance: Duration) -> Terms {
    Terms { parent: true, ..terms(name, places, lifetime, tolerance) }
}

/// A login works as long as the server knows it.
fn logged_in(vault: &VaultTwin) -> impl Fn(&Issued<LoginToken>) -> bool + Send + Sync + use<> {
    let vault = vault.clone();
    move |login| vault.logins().iter().any(|one| Some(&*one.accessor) == login.accessor())
}

/// A database user works as long as its lease is there.
fn leased(vault: &VaultTwin) -> impl Fn(&Issued<DatabaseCredentials>) -> bool + Send + Sync + use<> {
    let vault = vault.clone();
    move |user| user.lease().is_some_and(|lease| vault.leases().iter().any(|id| id == lease.id()))
}

/// A token of Azure works until the time that it holds. Reading it takes long, so each is read once.
fn unexpired(time: &Time) -> impl Fn(&Issued<AccessToken>) -> bool + Send + Sync + use<> {
    let (time, last) = (time.clone(), Arc::new(Mutex::new((0, None))));
    move |token| {
        let mut last = last.lock().expect("nobody panics in between");
        if last.0 != token.generation() {
            let claims = Claims::read(token.secret().expose()).expect("a token of Entra");
            *last = (token.generation(), claims.expires_at());
        }
        last.1.is_some_and(|at| at > time.wall())
    }
}

//! A machine's managed identity becomes Google's federated token, that an ID token of a service account, that a login at
//! Vault, and that a user of a database.

use std::collections::HashSet;
use std::time::Duration;

use tokenex_azure::ManagedIdentity;
use tokenex_core::{ErrorKind, Handle, Keep};
use tokenex_gcp::{ImpersonatedIdToken, WorkloadIdentity};
use tokenex_testkit::transport::Fault;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{App, PlatformTwin, TokenVersion};
use tokenex_testkit::twins::google::{Endpoint, IdentityProvider, ServiceAccount};
use tokenex_testkit::twins::vault::{Database, JwtRole};
use tokenex_vault::{DatabaseCredentials, Vault};

use crate::world::{GOOGLE_IAM, GOOGLE_STS, VAULT, World, minutes};

/// The instance metadata service of a virtual machine.
const IMDS: &str = "169.254.169.254";

/// The audience under which Google knows the machine: an API of the tenant's own.
const API: &str = "api://google-cloud";

/// How Google signs ID tokens.
const ACCOUNTS: &str = "https://accounts.google.com";

struct Chain {
    world: World,
    platform: PlatformTwin,
    machine: App,
    api: App,
    provider: IdentityProvider,
    account: ServiceAccount,
    role: JwtRole,
    database: Database,
}

impl Chain {
    /// Each link trusts the one before it. Logins and users live for an hour, and for four with renewals.
    fn new() -> Self {
        let world = World::new();
        let tenant = world.entra.tenant("contoso.example");
        let (machine, api) = (tenant.system_assigned_identity("machine"), tenant.app("google"));
        api.expose(API, TokenVersion::V2);
        let platform = PlatformTwin::imds(&world.entra);
        platform.assign(&machine);
        platform.route(&world.network, IMDS);

        let issuer = tenant.issuer(TokenVersion::V2);
        world.google.reach_jwks(&issuer, &tenant.jwks());
        let project = world.google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("azure", "entra", &issuer);
        // Tokens of version 2 name the client id of the API as their audience.
        provider.allow_audience(api.client_id());
        let account = project.service_account("deploy");
        account.bind(&provider.principal(&machine.object_id()));

        world.vault.reach(&world.google.id_token_keys());
        let role = world.vault.jwt_auth("jwt", ACCOUNTS).role("app");
        role.audience("vault").subject(&account.unique_id()).ttl(minutes(60)).max_ttl(minutes(4 * 60));
        role.allow("database/creds/app").allow("sys/leases/revoke");
        let database = world.vault.database("database");
        database.role("app").ttl(minutes(60)).max_ttl(minutes(4 * 60));
        Self { world, platform, machine, api, provider, account, role, database }
    }

    fn user(&self) -> Handle<DatabaseCredentials> {
        let scheduler = &self.world.scheduler;
        let machine = ManagedIdentity::builder().variables(|_| None).build().unwrap();
        let federated = WorkloadIdentity::builder(self.provider.audience(), machine)
            .accept_audience(API)
            .accept_audience(self.api.client_id())
            .build()
            .unwrap();
        let federated = scheduler.keep(Keep::new(federated).name("federated token"));
        let identity = ImpersonatedIdToken::builder(self.account.email(), federated).build().unwrap();
        let vault = Vault::builder(format!("https://{VAULT}"), "app", identity).audience("vault");
        scheduler.keep(Keep::new(vault.build(scheduler).unwrap().database("app")).name("user"))
    }

    /// The user in hand, as the database sees it.
    fn check(&self, user: &Handle<DatabaseCredentials>) {
        let held = user.peek().unwrap_or_else(|| panic!("a gap: {}", user.status()));
        assert!(self.database.accepts(held.username(), held.password().expose()), "a read of a user that is gone");
    }

    fn asked(&self, endpoint: Endpoint) -> usize {
        self.world.google.exchanges().iter().filter(|one| one.endpoint == endpoint).count()
    }
}

#[tokio::test(start_paused = true)]
async fn for_hours_there_is_never_a_gap_and_each_exchange_is_in_the_books() {
    let chain = Chain::new();
    let user = chain.user();
    user.ready(minutes(1)).await.unwrap();
    for _ in 0..24 * 60 {
        chain.world.seconds(60).await;
        chain.check(&user);
    }
    // The platform hands out the same token for twelve hours, and Google's lives for one.
    let asked = chain.platform.asked();
    let machine_tokens: HashSet<_> = asked.iter().filter_map(|one| one.outcome.clone().ok()).collect();
    assert!((2..=3).contains(&machine_tokens.len()), "{} tokens of the machine", machine_tokens.len());
    let (exchanges, id_tokens) = (chain.asked(Endpoint::TokenExchange), chain.asked(Endpoint::IdToken));
    assert_eq!(asked.len(), exchanges);
    let exchanged = chain.world.google.exchanges();
    assert!(exchanged.iter().all(|one| one.code().is_none()));
    assert!(exchanged.iter().all(|one| one.endpoint != Endpoint::AccessToken));

    // Logins are renewed as long as Vault lets them be; then each has an ID token of its own.
    let logins: Vec<_> = chain.world.vault.exchanges().into_iter().filter(|one| one.path == "auth/jwt/login").collect();
    assert!((7..=13).contains(&logins.len()), "{} logins in a day", logins.len());
    assert_eq!(id_tokens, logins.len());
    let expected = (ACCOUNTS.to_owned(), chain.account.unique_id(), vec!["vault".to_owned()]);
    assert!(logins.iter().all(|one| one.status().is_none() && one.presented.as_ref() == Some(&expected)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_account_at_the_far_end_is_named_and_mending_it_is_noticed() {
    let chain = Chain::new();
    chain.role.subject("another account");
    let user = chain.user();
    let error = user.get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Trust, Some("vault")), "{error}");
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.audience.as_str()), (ACCOUNTS, "vault"));
    assert_eq!(presented.subject, chain.account.unique_id());
    assert!(error.to_string().contains(&chain.account.unique_id()), "{error}");

    chain.role.subject(&chain.account.unique_id());
    user.ready(minutes(2)).await.unwrap();
    chain.check(&user);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_the_middle_is_told_at_the_far_end_as_what_it_is() {
    let chain = Chain::new();
    chain.provider.only_subject("another machine");
    let error = chain.user().get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Trust, Some("gcp")), "{error}");
    assert_eq!(error.presented().unwrap().subject, chain.machine.object_id());
    assert!(chain.world.vault.exchanges().is_empty());

    let chain = Chain::new();
    chain.platform.unassign(&chain.machine);
    let error = chain.user().get().await.unwrap_err();
    assert_eq!(error.provider(), Some("azure"), "{error}");
    assert!(chain.world.google.exchanges().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_minutes_at_any_link_costs_no_read_wherever_it_begins() {
    for host in [IMDS, GOOGLE_STS, GOOGLE_IAM, VAULT] {
        for beginning in 0..60 {
            let chain = Chain::new();
            let user = chain.user();
            user.ready(minutes(1)).await.unwrap();
            // By then login and user have been renewed; before the end of the test they are replaced.
            chain.world.seconds((2 * 60 + beginning) * 60).await;
            chain.world.network.fault(host, Fault::Unreachable);
            for _ in 0..20 {
                chain.world.seconds(60).await;
                chain.check(&user);
            }
            chain.world.network.heal(host);
            for _ in 0..60 {
                chain.world.seconds(120).await;
                chain.check(&user);
            }
            assert!(user.status().failing.is_none(), "{}", user.status());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_lets_the_whole_chain_go() {
    let chain = Chain::new();
    let user = chain.user();
    user.ready(minutes(1)).await.unwrap();
    assert_eq!((chain.world.kept().await.len(), chain.world.vault.logins().len()), (3, 1));
    drop(user);
    chain.world.seconds(60).await;
    assert!(chain.world.kept().await.is_empty(), "{:?}", chain.world.kept().await);
    assert!(chain.world.vault.logins().is_empty() && chain.world.vault.leases().is_empty());
    assert!(chain.database.alive_at(tokenex_core::time::TimeSource::wall(&chain.world.time)).is_empty());
    let asked = chain.world.network.requests().len();
    chain.world.seconds(5 * 3600).await;
    assert_eq!(chain.world.network.requests().len(), asked, "nobody is asked any more");
    let report = chain.world.scheduler.shutdown(Duration::from_secs(5)).await;
    assert_eq!((report.closed, report.left.len()), (0, 0), "{report}");
}

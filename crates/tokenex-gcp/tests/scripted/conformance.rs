//! The laws of the contract, on each provider.

use std::time::Duration;

use tokenex_core::Provider;
use tokenex_gcp::{AccessToken, ImpersonatedIdToken, Impersonation, MetadataServer, WorkloadIdentity};
use tokenex_testkit::conformance::{self, Fixture, SourceFixture};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider, ServiceAccount};
use tokenex_testkit::world::World;

use crate::world::{CLOUD_PLATFORM, IAM, METADATA, OAUTH, STS};

struct Google {
    twin: GoogleTwin,
    provider: IdentityProvider,
    account: ServiceAccount,
}

/// A project with a pool for the world's issuer, and a service account that the workload may act as.
fn google(world: &World) -> Google {
    let twin = GoogleTwin::with_clock(world.target_clock());
    twin.reach(world.issuer());
    for host in [STS, IAM, OAUTH] {
        world.route(host, &twin);
    }
    let project = twin.project("acme-prod", 123_456_789_012);
    let provider = project.provider("ci", "issuer", World::ISSUER);
    let account = project.service_account("deploy");
    account.bind(&provider.principal(World::SUBJECT));
    Google { twin, provider, account }
}

fn workload(world: &World, google: &Google) -> WorkloadIdentity {
    WorkloadIdentity::builder(google.provider.audience(), world.identity()).build().unwrap()
}

/// What is secret in an access token, and how Google says whether it works.
fn fixture<P: Provider<Credential = AccessToken>>(provider: P, google: &Google) -> Fixture<P> {
    let twin = google.twin.clone();
    Fixture::new(provider)
        .secrets(|token| vec![token.secret().expose().to_owned()])
        .works(move |token| twin.access(token.secret().expose()).is_some())
}

#[test]
fn a_federated_token_keeps_every_law() {
    conformance::provider(|world| {
        let google = google(world);
        let made = fixture(workload(world, &google), &google);
        made.refused_by(move || {
            google.provider.only_subject("somebody else");
        })
    })
    .run()
    .assert_all();
}

#[test]
fn an_impersonated_token_keeps_every_law() {
    conformance::provider(|world| {
        let google = google(world);
        let base = world.scheduler().keep(workload(world, &google));
        let acting = Impersonation::builder(google.account.email(), base).build().unwrap();
        fixture(acting, &google).refused_by(move || google.account.delete())
    })
    .run()
    .assert_all();
}

#[test]
fn an_impersonated_id_token_keeps_every_law_of_a_token_source() {
    conformance::token_source(|world| {
        let google = google(world);
        let base = world.scheduler().keep(workload(world, &google));
        let (source, time) =
            (ImpersonatedIdToken::builder(google.account.email(), base).build().unwrap(), world.time().clone());
        // Google's ID tokens have no id of their own: another one is of another second.
        SourceFixture::new(source).next(move || time.suspend(Duration::from_secs(1)))
    })
    .run()
    .assert_all();
}

#[test]
fn the_machines_token_keeps_every_law() {
    conformance::provider(|world| {
        let google = google(world);
        let machine = google.account.machine();
        machine.lifetime(Duration::from_secs(3600));
        machine.route(world.network(), METADATA);
        let token = MetadataServer::new().access_token([CLOUD_PLATFORM]).unwrap();
        fixture(token, &google).answers_bear("metadata-flavor", "Google").refused_by(move || {
            machine.without_account(true);
        })
    })
    .run()
    .assert_all();
}

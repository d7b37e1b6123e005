//! The laws of the contract, on each provider.

use std::time::Duration;

use tokenex_aws::{
    AssumeRole, AwsCredentials, ContainerCredentials, InstanceCredentials, OutboundIdentity, WebIdentity,
};
use tokenex_core::{Handle, Provider};
use tokenex_testkit::conformance::{self, Fixture, SourceFixture};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::{Account, Role, StsTwin, TrustStatement};
use tokenex_testkit::world::World;

use crate::world::{ACCOUNT, AUDIENCE, HOST, REGION};

/// STS with an account whose role trusts the world's workload.
fn sts(world: &World) -> (StsTwin, Account, Role) {
    let twin = StsTwin::with_clock(world.target_clock());
    twin.reach(world.issuer());
    world.route(HOST, &twin);
    let account = twin.account(ACCOUNT);
    account.oidc_provider(World::ISSUER, AUDIENCE);
    let role = account.role("app");
    role.trust_subject(World::ISSUER, World::SUBJECT, AUDIENCE);
    (twin, account, role)
}

fn web_identity(world: &World, role: &Role) -> WebIdentity {
    WebIdentity::builder(role.arn(), world.identity()).region(REGION).build().unwrap()
}

fn session(world: &World, role: &Role) -> Handle<AwsCredentials> {
    world.scheduler().keep(web_identity(world, role))
}

/// What is secret in AWS's credentials, and how STS says whether they work.
fn fixture<P: Provider<Credential = AwsCredentials>>(provider: P, twin: &StsTwin) -> Fixture<P> {
    let twin = twin.clone();
    Fixture::new(provider)
        .secrets(|keys| {
            let token = keys.session_token().map(|token| token.expose().to_owned());
            std::iter::once(keys.secret_access_key().expose().to_owned()).chain(token).collect()
        })
        .works(move |keys| {
            let token = keys.session_token().map(|token| token.expose());
            twin.accepts(keys.access_key_id(), keys.secret_access_key().expose(), token)
        })
}

#[test]
fn web_identity_keeps_every_law() {
    conformance::provider(|world| {
        let (twin, _, role) = sts(world);
        fixture(web_identity(world, &role), &twin).refused_by(move || role.delete())
    })
    .run()
    .assert_all();
}

#[test]
fn assume_role_keeps_every_law() {
    conformance::provider(|world| {
        let (twin, account, role) = sts(world);
        let second = account.role("second");
        second.trust(TrustStatement::principal(role.arn()));
        let provider = AssumeRole::builder(second.arn(), session(world, &role)).region(REGION).build().unwrap();
        fixture(provider, &twin).refused_by(move || second.delete())
    })
    .run()
    .assert_all();
}

#[test]
fn a_containers_credentials_keep_every_law() {
    conformance::provider(|world| {
        let (twin, _, role) = sts(world);
        let container = role.container();
        container.lifetime(Duration::from_secs(3600)).route(world.network(), "169.254.170.2");
        world.canary().watch("authorization token", &container.token());
        let builder = ContainerCredentials::builder(format!("http://169.254.170.2{}", container.path()));
        let token = tokenex_core::sources::StaticText::new(container.token());
        let provider = builder.authorization(token).build().unwrap();
        fixture(provider, &twin).refused_by(move || {
            container.rotate_token();
        })
    })
    .run()
    .assert_all();
}

#[test]
fn an_instances_credentials_keep_every_law() {
    conformance::provider(|world| {
        let (twin, _, role) = sts(world);
        let instance = role.instance(REGION);
        instance.lifetime(Duration::from_secs(3600)).route(world.network(), "169.254.169.254");
        let provider = InstanceCredentials::builder().build().unwrap();
        fixture(provider, &twin).refused_by(move || {
            instance.without_role(true);
        })
    })
    .run()
    .assert_all();
}

#[test]
fn outbound_identity_keeps_every_law_of_a_token_source() {
    conformance::token_source(|world| {
        let (_, account, role) = sts(world);
        account.enable_outbound_federation();
        role.allow("sts:GetWebIdentityToken");
        let builder = OutboundIdentity::builder(session(world, &role)).region(REGION).audience("by default");
        SourceFixture::new(builder.build().unwrap())
    })
    .run()
    .assert_all();
}

//! Each platform before its twin, which refuses what the real one refuses.

use std::sync::{Arc, Mutex};

use tokenex_azure::{AccessToken, ManagedIdentity, ManagedIdentityBuilder, Platform};
use tokenex_core::{Claims, ErrorKind, Handle};
use tokenex_testkit::twins::azure::{App, ExpiryForm, PlatformTwin};
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::managed_identity::machine::IMDS;
use crate::world::{ARM, VAULT, World, minutes};

/// Where the platforms are that have no address of their own.
const LOCAL: &str = "127.0.0.1:41056";

/// The environment as a platform sets it, which a test may change.
type Environment = Arc<Mutex<Vec<(&'static str, String)>>>;

/// Puts the platform on the network, and returns the choices of a program that runs there.
fn program_on(world: &World, platform: &PlatformTwin) -> (Environment, ManagedIdentityBuilder) {
    platform.route(&world.network, LOCAL);
    let environment = Arc::new(Mutex::new(platform.environment(&format!("http://{LOCAL}"))));
    let read = environment.clone();
    let lookup =
        move |name: &str| read.lock().unwrap().iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    (environment, ManagedIdentity::builder().variables(lookup))
}

fn keep(world: &World, identity: &ManagedIdentity) -> Handle<AccessToken> {
    world.scheduler.keep(identity.token(ARM).unwrap())
}

fn is_token_of(token: &AccessToken, app: &App) -> bool {
    Claims::read(token.secret().expose()).unwrap().subject() == Some(&app.object_id())
}

/// All that take plain http, with the platform as it should be recognised.
fn platforms(world: &World) -> Vec<(PlatformTwin, Platform)> {
    vec![
        (PlatformTwin::imds(&world.twin), Platform::Imds),
        (PlatformTwin::app_service(&world.twin), Platform::AppService),
        (PlatformTwin::machine_learning(&world.twin), Platform::MachineLearning),
        (PlatformTwin::cloud_shell(&world.twin, &world.tenant.user("someone@contoso.example")), Platform::CloudShell),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_platform_is_recognised_and_gives_a_token_however_it_writes_its_end() {
    for form in
        [ExpiryForm::EpochText, ExpiryForm::EpochNumber, ExpiryForm::UsDate, ExpiryForm::PlainDate, ExpiryForm::Rfc3339]
    {
        let world = World::new();
        for (twin, platform) in platforms(&world) {
            if platform != Platform::CloudShell {
                twin.assign(&world.tenant.system_assigned_identity("machine"));
            }
            twin.expiry_form(form);
            twin.token_lifetime(minutes(90));
            let identity = program_on(&world, &twin).1.build().unwrap();
            assert_eq!(identity.platform(), platform);
            let token = keep(&world, &identity).get().await.unwrap();
            let ends = token.expires_at().unwrap().duration_since(world.time.clock().wall()).unwrap();
            assert!((5398.0..=5400.0).contains(&ends.as_secs_f64()), "{platform} {form:?}: {ends:?}");
            assert_eq!(token.fingerprint(), twin.asked()[0].outcome.as_deref().ok(), "{platform}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_identities_each_of_the_three_ids_finds_its_own() {
    let world = World::new();
    let [one, two] = ["one", "two"].map(|name| world.tenant.user_assigned_identity(name));
    for twin in [PlatformTwin::imds(&world.twin), PlatformTwin::app_service(&world.twin)] {
        twin.assign(&one).assign(&two);
        let builder = || program_on(&world, &twin).1;
        for (identity, app) in [
            (builder().client_id(one.client_id()), &one),
            (builder().client_id(two.client_id()), &two),
            (builder().object_id(two.object_id()), &two),
            (builder().resource_id(one.resource_id()), &one),
        ] {
            let token = keep(&world, &identity.build().unwrap()).get().await.unwrap();
            assert!(is_token_of(&token, app));
        }
        let unnamed = keep(&world, &builder().build().unwrap()).get().await.unwrap_err();
        assert!(!unnamed.is_transient() && unnamed.to_string().contains("client_id(..)"), "{unnamed}");
        let wrong = keep(&world, &builder().client_id(world.app.client_id()).build().unwrap());
        let wrong = wrong.get().await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::NotFound, "{wrong}");
        assert!(wrong.to_string().contains("was named is not assigned"), "{wrong}");
    }
    let twin = PlatformTwin::machine_learning(&world.twin);
    twin.assign(&one).assign(&two);
    let (environment, builder) = program_on(&world, &twin);
    let token = keep(&world, &builder.client_id(two.client_id()).build().unwrap()).get().await.unwrap();
    assert!(is_token_of(&token, &two));
    environment.lock().unwrap().push(("DEFAULT_IDENTITY_CLIENT_ID", one.client_id().to_owned()));
    let identity = program_on(&world, &twin).1.client_id(one.client_id()).build().unwrap();
    assert!(is_token_of(&keep(&world, &identity).get().await.unwrap(), &one));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_rotates_is_followed_and_an_old_one_is_refused_with_advice() {
    let world = World::new();
    for (twin, name) in [
        (PlatformTwin::app_service(&world.twin), "IDENTITY_HEADER"),
        (PlatformTwin::machine_learning(&world.twin), "MSI_SECRET"),
    ] {
        twin.assign(&world.tenant.system_assigned_identity("app"));
        let (environment, builder) = program_on(&world, &twin);
        let token = keep(&world, &builder.build().unwrap());
        token.get().await.unwrap();
        let secret = twin.rotate_secret();
        twin.forget();
        let generation = token.get().await.unwrap().generation();
        let refused = token.rejected(generation).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied, "{refused}");
        assert!(refused.to_string().contains("start the process anew"), "{refused}");
        environment.lock().unwrap().iter_mut().find(|(known, _)| *known == name).unwrap().1 = secret;
        world.seconds(61).await;
        assert!(token.status().failing.is_none(), "{}", token.status());
        assert_eq!(token.get().await.unwrap().generation(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_nobody_knows_is_a_mistake_of_the_scope() {
    let world = World::new();
    for (twin, platform) in platforms(&world) {
        if platform != Platform::CloudShell {
            twin.assign(&world.tenant.system_assigned_identity("machine"));
        }
        let identity = program_on(&world, &twin).1.build().unwrap();
        let unknown = world.scheduler.keep(identity.token("api://nobody/.default").unwrap());
        let error = unknown.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Configuration, false), "{platform}: {error}");
        assert!(error.to_string().contains("correct the scope or audience"), "{platform}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_moments_of_the_platform_pass() {
    for fault in [
        Fault::OutOfOrder(500, RetryAfter::Absent),
        Fault::OutOfOrder(503, RetryAfter::Seconds(5)),
        Fault::Empty(404),
        Fault::Empty(410),
        Fault::Html(200),
        Fault::Html(502),
        Fault::HalfBody,
        Fault::Throttled(RetryAfter::Seconds(20)),
    ] {
        let world = World::new();
        let twin = PlatformTwin::imds(&world.twin);
        twin.assign(&world.tenant.system_assigned_identity("machine"));
        twin.route(&world.network, IMDS);
        twin.fault(3, fault.clone());
        let identity = ManagedIdentity::builder().variables(|_| None).build().unwrap();
        let token = world.scheduler.keep(identity.token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        assert!(error.is_transient(), "{fault:?}: {error}");
        token.ready(minutes(2)).await.unwrap();
        assert_eq!(world.network.count(IMDS), 4, "{fault:?}");
    }
}

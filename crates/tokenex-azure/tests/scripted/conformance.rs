//! The laws of the contract, on each provider.

use std::time::SystemTime;

use tokenex_azure::{AccessToken, ClientSecret, Entra, ManagedIdentity, Platform};
use tokenex_core::{Attempt, Claims, Input, Provider, Result, Secret, Source};
use tokenex_testkit::conformance::{self, Fixture};
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EntraTwin, PlatformTwin, Tenant};
use tokenex_testkit::world::World;

use crate::world::{ARM, HOST};

/// A tenant with an application.
fn entra(world: &World) -> (EntraTwin, Tenant, App) {
    let twin = EntraTwin::with_clock(world.target_clock());
    twin.reach(world.issuer());
    world.route(HOST, &twin);
    let tenant = twin.tenant("contoso.example");
    let app = tenant.app("app");
    (twin, tenant, app)
}

/// What is secret in an access token, and how a resource says whether it works: by its own clock.
fn fixture<P: Provider<Credential = AccessToken>>(provider: P, world: &World) -> Fixture<P> {
    let now = world.target_clock();
    Fixture::new(provider)
        .secrets(|token| vec![token.secret().expose().to_owned()])
        .works(move |token| ends(token).is_some_and(|ends| ends > now()))
}

fn ends(token: &AccessToken) -> Option<SystemTime> {
    Claims::read(token.secret().expose()).unwrap().expires_at()
}

#[test]
fn a_federated_token_keeps_every_law() {
    conformance::provider(|world| {
        let (_, tenant, app) = entra(world);
        let trust = app.federate(World::ISSUER, World::SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        let entra = Entra::federated(tenant.id(), app.client_id(), world.identity()).build().unwrap();
        fixture(entra.token(ARM).unwrap(), world).refused_by(move || trust.remove())
    })
    .run()
    .assert_all();
}

/// Hands out a client with its secret, as somebody would who keeps both in one place.
struct Keeper {
    client_id: String,
    secret: tokenex_testkit::world::MarkedSecret,
}

impl Source<ClientSecret> for Keeper {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<ClientSecret>> {
        let input: Input<Secret> = self.secret.fetch(cx).await?;
        input.try_map(|secret| Ok(ClientSecret::new(self.client_id.clone(), secret)))
    }
}

#[test]
fn a_token_for_a_client_secret_keeps_every_law() {
    conformance::provider(|world| {
        let (_, tenant, app) = entra(world);
        let key = app.add_secret();
        let keeper =
            Keeper { client_id: app.client_id().to_owned(), secret: world.marked("client secret", key.value()) };
        let entra = Entra::client_secret(tenant.id(), keeper).build().unwrap();
        fixture(entra.token(ARM).unwrap(), world).refused_by(move || key.revoke())
    })
    .run()
    .assert_all();
}

#[test]
fn a_managed_identitys_token_keeps_every_law() {
    conformance::provider(|world| {
        let (twin, tenant, _) = entra(world);
        let platform = PlatformTwin::imds(&twin);
        let identity = tenant.system_assigned_identity("machine");
        platform.assign(&identity);
        platform.token_lifetime(std::time::Duration::from_secs(3600));
        world.route("169.254.169.254", &platform);
        let machine = ManagedIdentity::builder().platform(Platform::Imds).build().unwrap();
        fixture(machine.token(ARM).unwrap(), world).refused_by(move || platform.unassign(&identity))
    })
    .run()
    .assert_all();
}

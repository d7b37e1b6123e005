//! Client secrets.

use std::time::Duration;

use super::support::{Answer, MANAGEMENT, World};

fn ask(world: &World, secret: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", world.app.client_id()),
        ("scope", MANAGEMENT),
        ("client_secret", secret),
    ];
    world.post(world.tenant.id(), &form)
}

#[test]
fn each_of_several_secrets_works_until_it_is_revoked_or_over() {
    let world = World::new();
    let (first, second) = (world.app.add_secret(), world.app.add_secret());
    assert_eq!(ask(&world, first.value()).claims()["appidacr"], "1");
    assert_eq!(ask(&world, second.value()).status, 200);
    first.revoke();
    assert_eq!(ask(&world, first.value()).refusal(), (401, "invalid_client", 7_000_215));
    second.expires_at(world.now() + Duration::from_secs(10));
    assert_eq!(ask(&world, second.value()).status, 200);
    world.advance(Duration::from_secs(10));
    assert_eq!(ask(&world, second.value()).refusal(), (401, "invalid_client", 7_000_222));
    assert_eq!(ask(&world, "guessed").refusal().2, 7_000_215);
}

#[test]
fn a_young_secret_is_wrong_until_it_has_spread() {
    let world = World::new();
    let secret = world.app.add_secret();
    secret.unknown_for(1);
    assert_eq!(ask(&world, secret.value()).refusal().2, 7_000_215);
    assert_eq!(ask(&world, secret.value()).status, 200);
    secret.known_from(world.now() + Duration::from_secs(120));
    assert_eq!(ask(&world, secret.value()).refusal().2, 7_000_215);
    world.advance(Duration::from_secs(120));
    assert_eq!(ask(&world, secret.value()).status, 200);
}

#[test]
fn a_secret_is_not_printed() {
    let world = World::new();
    let secret = world.app.add_secret();
    ask(&world, secret.value());
    let printed = format!("{secret:?} {:?} {:?} {:?}", world.entra, world.app, world.entra.exchanges());
    assert!(!printed.contains(secret.value()));
}

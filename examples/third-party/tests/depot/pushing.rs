//! What is particular to Depot.

use std::time::Duration;

use tokenex_core::{ErrorKind, sources::StaticText};
use tokenex_depot::Depot;
use tokenex_testkit::world::World;

use crate::twin::{DepotTwin, LIFETIME};

fn depot_in(world: &World) -> (DepotTwin, Depot) {
    let twin = DepotTwin::new(world);
    twin.publisher("acme/shop", World::SUBJECT);
    world.route("depot.test", &twin);
    (twin, Depot::new("https://depot.test/", "acme/shop", world.identity()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn at_each_minute_of_a_day_there_is_a_token_that_works() {
    let world = World::new();
    let (twin, depot) = depot_in(&world);
    let token = world.scheduler().keep(depot);
    token.ready(Duration::from_secs(30)).await.unwrap();
    for _ in 0..24 * 60 {
        world.advance(Duration::from_secs(60)).await;
        let held = token.get().await.unwrap();
        assert!(twin.accepts(held.secret().expose()));
        assert_eq!(held.project(), "acme/shop");
        assert!(held.authorization().is_sensitive());
    }
    let lives = 24 * 3600 / LIFETIME.as_secs();
    assert!((lives..3 * lives).contains(&twin.made()), "{} tokens in a day", twin.made());
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_is_no_publisher_is_told_whom_depot_has_seen() {
    let world = World::new();
    let (_, depot) = {
        let (twin, _) = depot_in(&world);
        let stranger = world.identity().with(|token| token.subject("repo:evil/fork"));
        (twin, Depot::new("https://depot.test", "acme/shop", stranger).unwrap())
    };
    let error = world.scheduler().keep(depot).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("invalid_grant")));
    assert_eq!(error.presented().unwrap().subject, "repo:evil/fork");
    assert!(error.to_string().contains("publishers in the project's settings"), "{error}");
}

#[test]
fn a_wrong_address_or_project_is_refused_before_anything_is_sent() {
    let identity = || StaticText::new("e30.e30.");
    for bad in [
        "depot.test",
        "http://depot.test",
        "https://depot.test/path",
        "https://me:hunter2@depot.test",
        "https://depot.test?a",
    ] {
        let error = Depot::new(bad, "acme/shop", identity()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(Depot::new("https://depot.test", " ", identity()).unwrap_err().kind(), ErrorKind::Configuration);
}

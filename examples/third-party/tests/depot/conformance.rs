//! The laws of the contract.

use tokenex_depot::{Depot, PushToken};
use tokenex_testkit::conformance::{self, Fixture};
use tokenex_testkit::world::World;

use crate::twin::DepotTwin;

#[test]
fn the_provider_keeps_every_law() {
    let report = conformance::provider(|world| {
        let twin = DepotTwin::new(world);
        twin.publisher("acme/shop", World::SUBJECT);
        world.route("depot.test", &twin);
        let depot = Depot::new("https://depot.test", "acme/shop", world.identity()).unwrap();
        let refusing = twin.clone();
        Fixture::new(depot)
            .secrets(|token: &PushToken| vec![token.secret().expose().to_owned()])
            .works(move |token| twin.accepts(token.secret().expose()))
            .refused_by(move || refusing.publisher("acme/shop", "somebody else"))
    })
    .run();
    report.assert_all();
    assert!(report.verdict("revoked-once").is_kept(), "{report}");
}

//! The laws of the contract, on the login.

use std::time::Duration;

use tokenex_testkit::conformance::{self, Fixture};
use tokenex_testkit::twins::vault::VaultTwin;
use tokenex_testkit::world::World;

use super::Vault;

#[test]
fn a_login_keeps_every_law() {
    let report = conformance::provider(|world| {
        let twin = VaultTwin::with_clock(world.target_clock());
        twin.reach(world.issuer());
        world.route("vault.test", &twin);
        let role = twin.jwt_auth("jwt", World::ISSUER).role("app");
        role.audience("vault").subject(World::SUBJECT).ttl(Duration::from_secs(600)).max_ttl(Duration::from_secs(3600));
        let vault = Vault::builder("https://vault.test", "app", world.identity()).audience("vault");
        let vault = vault.build(world.scheduler()).unwrap();
        Fixture::new(vault.0.login.clone())
            .secrets(|login| vec![login.secret().expose().to_owned()])
            .works(move |login| twin.logins().iter().any(|known| Some(known.accessor.as_str()) == login.accessor()))
            .refused_by(move || role.delete())
    })
    .run();
    report.assert_all();
    assert!(report.verdict("revoked-once").is_kept(), "{report}");
}

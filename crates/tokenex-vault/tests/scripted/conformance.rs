//! The laws of the contract, on each kind of secret. Those of the login stand beside it, since it is no public provider.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokenex_testkit::conformance::{self, Fixture};
use tokenex_testkit::twins::vault::{JwtRole, VaultTwin};
use tokenex_testkit::world::World;
use tokenex_vault::{DatabaseCredentials, Vault, VaultSecret};

use crate::world::{HOST, REVOKE_LEASE};

/// A server whose role trusts the world's workload, and a client of it.
fn server(world: &World) -> (VaultTwin, JwtRole, Vault) {
    let twin = VaultTwin::with_clock(world.target_clock());
    twin.reach(world.issuer());
    world.route(HOST, &twin);
    let role = twin.jwt_auth("jwt", World::ISSUER).role("app");
    role.audience("vault").subject(World::SUBJECT).ttl(Duration::from_secs(3600));
    role.allow("database/*").allow("kv/*").allow("secret/*").allow("azure/*").allow(REVOKE_LEASE);
    let vault = Vault::builder(format!("https://{HOST}"), "app", world.identity()).audience("vault");
    (twin, role, vault.build(world.scheduler()).unwrap())
}

fn secret_of(user: &DatabaseCredentials) -> Vec<String> {
    vec![user.password().expose().to_owned()]
}

#[test]
fn a_leased_database_user_keeps_every_law() {
    let report = conformance::provider(|world| {
        let (twin, role, vault) = server(world);
        let database = twin.database("database");
        database.role("app").ttl(Duration::from_secs(600)).max_ttl(Duration::from_secs(7200));
        Fixture::new(vault.database("app"))
            .secrets(secret_of)
            .works(move |user| database.accepts(user.username(), user.password().expose()))
            .refused_by(move || role.delete())
    })
    .run();
    report.assert_all();
    assert!(report.verdict("revoked-once").is_kept(), "{report}");
}

#[test]
fn a_stored_secret_keeps_every_law() {
    for version in [1, 2] {
        conformance::provider(move |world| {
            let (twin, role, vault) = server(world);
            let value = world.secret("stored value");
            twin.kv1("kv").put("a", json!({ "k": value }));
            twin.kv2("secret").put("a", json!({ "k": value }));
            let kept = if version == 1 { vault.kv1("kv", "a") } else { vault.kv2("secret", "a") };
            Fixture::new(kept)
                .secrets(|secret: &VaultSecret| vec![secret.data().get("k").unwrap().expose().to_owned()])
                .works(move |secret| secret.data().get("k").unwrap().expose() == value)
                .refused_by(move || role.delete())
        })
        .run()
        .assert_all();
    }
}

#[test]
fn a_secret_of_any_engine_keeps_every_law() {
    conformance::provider(|world| {
        let (twin, role, vault) = server(world);
        let engine = twin.path("azure/creds/app");
        let made = AtomicUsize::new(0);
        engine.on_read(move || json!({"client_secret": format!("secret-{}", made.fetch_add(1, Ordering::Relaxed))}));
        engine.lease(Duration::from_secs(600), Duration::from_secs(3600)).renewable(true);
        Fixture::new(vault.read("azure/creds/app"))
            .secrets(|secret: &VaultSecret| vec![secret.data().get("client_secret").unwrap().expose().to_owned()])
            .works(move |secret| twin.leases().iter().any(|lease| lease == secret.lease().unwrap().id()))
            .refused_by(move || role.delete())
    })
    .run()
    .assert_all();
}

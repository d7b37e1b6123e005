//! `vault`: logins are shared, paths are read as they show, leases go at the end.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::twins::azure::EXCHANGE_AUDIENCE;

use super::world::{World, field, minutes, ready};
use crate::catalog::Kind;

fn table(name: &str, more: &str) -> String {
    format!(
        r#"
        [credential.{name}]
        provider = "vault"
        identity = "job"
        address = "https://vault.test:8200"
        role = "app"
        audience = "vault"
        {more}
        "#
    )
}

fn logins(world: &World) -> usize {
    world.vault.exchanges().into_iter().filter(|call| call.path == "auth/jwt/login").count()
}

#[tokio::test(start_paused = true)]
async fn a_database_user_is_kept_and_taken_back_at_the_end() {
    let world = World::new();
    world.vault_role("app");
    let database = world.vault.database("database");
    database.role("readonly").ttl(minutes(10)).max_ttl(minutes(60));
    let catalog = world.open(&table("db", "path = \"database/creds/readonly\"")).await;
    let user = ready(&catalog, "db").await;
    assert!(user.leased && database.accepts(&field(&user, "username"), &field(&user, "password")));
    assert!(user.value.only_field().is_none() && user.value.field("nothing").is_none());
    assert_eq!(catalog.get("db").unwrap().kind(), Kind::VaultSecret);
    world.watch(catalog.get("db").unwrap(), 180).await;
    let report = catalog.shutdown(Duration::from_secs(10)).await;
    assert!(report.left.is_empty() && !report.interrupted, "{report}");
    assert!(world.vault.leases().is_empty() && world.vault.logins().is_empty());
}

#[tokio::test(start_paused = true)]
async fn equal_logins_are_one_and_others_are_not() {
    let world = World::new();
    world.vault_role("app");
    world.vault_role("other");
    let kv = world.vault.kv2("secret");
    for name in ["a", "b", "c"] {
        kv.put(name, json!({ "value": name }));
    }
    let other = table("c", "path = \"secret/data/c\"").replace("role = \"app\"", "role = \"other\"");
    let (a, b) = (table("a", "path = \"secret/data/a\""), table("b", "path = \"secret/data/b\""));
    let catalog = world.open(&format!("{a}{b}{other}")).await;
    for name in ["a", "b", "c"] {
        let secret = ready(&catalog, name).await;
        assert_eq!((field(&secret, "value").as_str(), secret.leased), (name, false));
        assert_eq!(secret.value.only_field().as_deref(), Some("value"));
    }
    assert_eq!(logins(&world), 2);
    assert_eq!(catalog.iter().map(|managed| managed.name()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_stored_secret_is_read_again_as_often_as_the_file_says() {
    let world = World::new();
    world.vault_role("app");
    let (one, two) = (world.vault.kv1("kv"), world.vault.kv2("secret"));
    one.put("app", json!({ "value": "old" }));
    two.put("app", json!({ "value": "old" }));
    let every = "poll_interval = \"2m\"";
    let first = table("one", &format!("path = \"kv/app\"\nengine = \"kv1\"\n{every}"));
    let second = table("two", &format!("path = \"secret/data/app\"\n{every}"));
    let catalog = world.open(&format!("{first}{second}")).await;
    for name in ["one", "two"] {
        assert_eq!(field(&ready(&catalog, name).await, "value"), "old");
    }
    one.put("app", json!({ "value": "new" }));
    two.put("app", json!({ "value": "new" }));
    world.seconds(150).await;
    for name in ["one", "two"] {
        assert_eq!(field(&catalog.get(name).unwrap().current().unwrap(), "value"), "new", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_are_written_and_what_comes_back_is_the_secret() {
    let world = World::new();
    world.vault_role("app").allow("pki/*");
    let echo =
        |body: &serde_json::Value| json!({ "certificate": body["common_name"], "ttl": body["options"]["hours"] });
    world.vault.path("pki/issue/web").on_write(echo);
    let more = "path = \"pki/issue/web\"\nparameters = { common_name = \"web.example\", options = { hours = 7200 } }";
    let catalog = world.open(&table("certificate", more)).await;
    let secret = ready(&catalog, "certificate").await;
    assert_eq!((field(&secret, "certificate").as_str(), field(&secret, "ttl").as_str()), ("web.example", "7200"));
}

#[tokio::test(start_paused = true)]
async fn a_client_secret_out_of_vault_is_followed_to_its_end() {
    let world = World::new();
    world.vault_role("app").allow("azure/*");
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    let client = app.clone();
    let make = move || json!({ "client_id": client.client_id(), "client_secret": client.add_secret().value() });
    world.vault.path("azure/creds/app").on_read(make).lease(minutes(30), minutes(90));
    let blobs = format!(
        r#"
        [credential.blobs]
        provider = "azure"
        tenant_id = "{}"
        client_id = "{}"
        client_secret = {{ credential = "secret.client_secret" }}
        scope = "https://storage.azure.com/.default"
        "#,
        tenant.id(),
        app.client_id(),
    );
    let catalog =
        world.open_some(&format!("{}{blobs}", table("secret", "path = \"azure/creds/app\"")), &["blobs"]).await;
    ready(&catalog, "blobs").await;
    assert!(world.watch(catalog.get("blobs").unwrap(), 240).await >= 4, "a new secret makes a new token");
    let report = catalog.shutdown(Duration::from_secs(10)).await;
    assert!(world.vault.leases().is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_a_secret_does_not_have_is_named_with_those_it_has() {
    let world = World::new();
    world.vault_role("app");
    world.vault.kv2("secret").put("app", json!({ "user": "u", "pass": "hunter22" }));
    let tenant = world.entra.tenant("contoso.example");
    tenant.app("app").federate(super::world::ISSUER, super::world::SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let azure = format!(
        r#"
        [credential.blobs]
        provider = "azure"
        tenant_id = "{}"
        client_id = "11111111-2222-3333-4444-555555555555"
        client_secret = {{ credential = "settings.password" }}
        scope = "https://storage.azure.com/.default"
        "#,
        tenant.id(),
    );
    let catalog = world.open(&format!("{}{azure}", table("settings", "path = \"secret/data/app\""))).await;
    let error = catalog.get("blobs").unwrap().get().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("\"settings\" has no field \"password\"") && text.contains("pass, user"), "{text}");
    assert!(!text.contains("hunter22"), "{text}");
}

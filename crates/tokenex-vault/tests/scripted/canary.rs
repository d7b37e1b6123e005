//! Nothing that is secret is ever printed.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_testkit::canary::Canary;
use tokenex_vault::Vault;

use crate::world::{CREDS, HOST, LOGIN, RENEW_LEASE, World, login, refuse, reply};

#[tokio::test(start_paused = true)]
async fn no_token_password_or_value_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, token) = (canary.secret("identity token"), canary.secret("login token"));
    let (password, value) = (canary.secret("password"), canary.secret("stored value"));

    let world = World::new();
    let handed_out = token.clone();
    world.on(LOGIN, move |_| reply(200, login(&handed_out, 3600)));
    let handed_out = password.clone();
    world.on(CREDS, move |_| {
        reply(
            200,
            json!({"lease_id": "l", "lease_duration": 60, "renewable": true,
            "data": {"username": "u", "password": handed_out}}),
        )
    });
    let stored = value.clone();
    world.on("kv/a", move |_| reply(200, json!({"data": {"k": stored}})));
    // A server that repeats what it should not.
    let repeated = token.clone();
    world.on("kv/bad", move |_| refuse(400, &format!("bad token {repeated}")));
    world.on("auth/other/login", |request| refuse(400, &String::from_utf8_lossy(request.body())));
    let repeated = token.clone();
    world.on(RENEW_LEASE, move |_| refuse(500, &format!("cannot renew with {repeated}")));

    let identity = StaticText::new(format!("e30.e30.{signature}"));
    let builder = || Vault::builder(format!("https://{HOST}"), "app", identity.clone());
    let vault = builder().build(&world.scheduler).unwrap();
    let (db, kv) = (world.scheduler.keep(vault.database("app")), world.scheduler.keep(vault.kv1("kv", "a")));
    let (user, secret) = (db.get().await.unwrap(), kv.get().await.unwrap());
    assert_eq!((user.password().expose(), secret.data().get("k").unwrap().expose()), (&*password, &*value));
    let login = vault.login();
    let issued = login.get().await.unwrap();
    let bad = world.scheduler.keep(vault.kv1("kv", "bad"));
    canary.search_error("a refusal", &bad.get().await.unwrap_err());
    let refused = builder().mount("other").build(&world.scheduler).unwrap().login();
    canary.search_error("a refused login", &refused.get().await.unwrap_err());
    let said = world.scheduler.keep(vault.write("kv/bad", json!({ "password": password })));
    canary.search_error("a refused write", &said.get().await.unwrap_err());
    world.seconds(50).await;
    canary.search_error("a failing renewal", &db.status().failing.unwrap().last);

    canary.search_debug("vault", &vault);
    canary.search_debug("database provider", &vault.database("app"));
    canary.search_debug("write provider", &vault.write("kv/a", json!({ "password": password })));
    canary.search_debug("login", &(&login, &*issued, issued.credential()));
    canary.search_debug("database user", &(&db, &*user, user.credential(), user.lease()));
    canary.search_debug("stored secret", &(&kv, &*secret, secret.credential(), secret.data()));
    canary.search_debug("status", &world.scheduler.status().await);
    canary.search(
        "uris",
        world.network.requests().iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>(),
    );
    canary.search("shutdown", world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}

//! Nothing that is secret is ever printed.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_testkit::canary::Canary;
use tokenex_vault::Vault;

use crate::twin::{CREDS, HOST, LOGIN, RENEW_LEASE, Twin, login, refuse, reply};

#[tokio::test(start_paused = true)]
async fn no_token_password_or_value_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, token) = (canary.secret("identity token"), canary.secret("login token"));
    let (password, value) = (canary.secret("password"), canary.secret("stored value"));

    let twin = Twin::new();
    let handed_out = token.clone();
    twin.on(LOGIN, move |_| reply(200, login(&handed_out, 3600)));
    let handed_out = password.clone();
    twin.on(CREDS, move |_| {
        reply(
            200,
            json!({"lease_id": "l", "lease_duration": 60, "renewable": true,
            "data": {"username": "u", "password": handed_out}}),
        )
    });
    let stored = value.clone();
    twin.on("kv/a", move |_| reply(200, json!({"data": {"k": stored}})));
    // A server that repeats what it should not.
    let repeated = token.clone();
    twin.on("kv/bad", move |_| refuse(400, &format!("bad token {repeated}")));
    twin.on("auth/other/login", |request| refuse(400, &String::from_utf8_lossy(request.body())));
    let repeated = token.clone();
    twin.on(RENEW_LEASE, move |_| refuse(500, &format!("cannot renew with {repeated}")));

    let identity = StaticText::new(format!("e30.e30.{signature}"));
    let builder = || Vault::builder(format!("https://{HOST}"), "app", identity.clone());
    let vault = builder().build(&twin.scheduler).unwrap();
    let (db, kv) = (twin.scheduler.keep(vault.database("app")), twin.scheduler.keep(vault.kv1("kv", "a")));
    let (user, secret) = (db.get().await.unwrap(), kv.get().await.unwrap());
    assert_eq!((user.password().expose(), secret.data().get("k").unwrap().expose()), (&*password, &*value));
    let login = vault.login();
    let issued = login.get().await.unwrap();
    let bad = twin.scheduler.keep(vault.kv1("kv", "bad"));
    canary.search_error("a refusal", &bad.get().await.unwrap_err());
    let refused = builder().mount("other").build(&twin.scheduler).unwrap().login();
    canary.search_error("a refused login", &refused.get().await.unwrap_err());
    let said = twin.scheduler.keep(vault.write("kv/bad", json!({ "password": password })));
    canary.search_error("a refused write", &said.get().await.unwrap_err());
    twin.seconds(50).await;
    canary.search_error("a failing renewal", &db.status().failing.unwrap().last);

    canary.search_debug("vault", &vault);
    canary.search_debug("database provider", &vault.database("app"));
    canary.search_debug("write provider", &vault.write("kv/a", json!({ "password": password })));
    canary.search_debug("login", &(&login, &*issued, issued.credential()));
    canary.search_debug("database user", &(&db, &*user, user.credential(), user.lease()));
    canary.search_debug("stored secret", &(&kv, &*secret, secret.credential(), secret.data()));
    canary.search_debug("status", &twin.scheduler.status().await);
    canary.search(
        "uris",
        twin.network.requests().iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>(),
    );
    canary.search("shutdown", twin.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}

//! When a new login is due, and when it is not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokenex_core::ErrorKind;

use crate::twin::{CREDS, LOGIN, LOOKUP, RENEW_LOGIN, Twin, login, refuse, reply, user};

const MINUTE: u64 = 60;

#[tokio::test(start_paused = true)]
async fn a_path_without_policy_costs_a_new_login_at_most_each_quarter_of_an_hour() {
    let twin = Twin::new();
    twin.on(LOGIN, |_| reply(200, login("hvs.x", 24 * 3600)));
    twin.on("kv/a", |_| refuse(403, "1 error occurred:\n\t* permission denied\n\n"));
    let forbidden = twin.scheduler.keep(twin.vault().kv1("kv", "a"));
    assert_eq!(forbidden.get().await.unwrap_err().kind(), ErrorKind::Denied);
    for _ in 0..60 {
        twin.seconds(MINUTE).await;
    }
    let (logins, reads) = (twin.count(LOGIN), twin.count("kv/a"));
    assert!((2..=5).contains(&logins), "{logins} logins in an hour");
    assert!((30..=130).contains(&reads), "{reads} reads in an hour");
}

#[tokio::test(start_paused = true)]
async fn a_login_that_dies_again_and_again_is_replaced_at_most_each_five_seconds() {
    let twin = Twin::new();
    let vault = twin.vault();
    let handles: Vec<_> = (0..20).map(|_| twin.scheduler.keep(vault.database("app"))).collect();
    for handle in &handles {
        handle.ready(Duration::from_secs(10)).await.unwrap();
    }
    assert_eq!(twin.count(LOGIN), 1);
    // From now on every token is dead, at a server that goes on handing them out.
    for path in [CREDS, LOOKUP, RENEW_LOGIN, "sys/leases/renew"] {
        twin.on(path, |_| refuse(403, "permission denied"));
    }
    twin.seconds(2 * MINUTE).await;
    let logins = twin.count(LOGIN) - 1;
    assert!((1..=24).contains(&logins), "{logins} logins in two minutes, by 20 secrets");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_keeps_the_login_until_its_end() {
    let twin = Twin::new();
    twin.on(RENEW_LOGIN, |_| refuse(500, "internal error"));
    let login = twin.vault().login();
    login.ready(Duration::from_secs(10)).await.unwrap();
    twin.seconds(50 * MINUTE).await;
    assert_eq!((twin.count(LOGIN), login.get().await.unwrap().generation()), (1, 1));
    assert!(login.status().failing.is_some());
    twin.seconds(11 * MINUTE).await;
    assert_eq!(login.get().await.unwrap().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_wants_a_second_factor_or_holds_no_token_is_an_error() {
    let mfa = json!({"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "x"}}});
    for (answer, kind, word) in
        [(mfa, ErrorKind::Configuration, "second factor"), (json!({"auth": {}}), ErrorKind::Protocol, "no token")]
    {
        let twin = Twin::new();
        twin.on(LOGIN, move |_| reply(200, answer.clone()));
        let error = twin.scheduler.keep(twin.vault().database("app")).get().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_the_server_cannot_reach_is_a_passing_failure() {
    let twin = Twin::new();
    let mut logins = 0;
    twin.on(LOGIN, move |_| {
        logins += 1;
        match logins {
            1 => refuse(400, "error verifying token signature: fetching keys oidc: get keys failed"),
            _ => reply(200, login("hvs.1", 3600)),
        }
    });
    let db = twin.scheduler.keep(twin.vault().database("app"));
    assert!(db.get().await.unwrap_err().is_transient());
    db.ready(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_login_lives_as_long_as_its_last_secret() {
    let twin = Twin::new();
    let vault = twin.vault();
    let (one, other) = (twin.scheduler.keep(vault.database("app")), twin.scheduler.keep(vault.database("app")));
    one.get().await.unwrap();
    other.get().await.unwrap();
    one.close(Duration::from_secs(5)).await;
    twin.seconds(1).await;
    assert_eq!(twin.count("auth/token/revoke-self"), 0);
    drop(other);
    twin.seconds(1).await;
    assert_eq!(twin.count("auth/token/revoke-self"), 1);
    twin.scheduler.keep(vault.database("app")).get().await.unwrap();
    assert_eq!(twin.count(LOGIN), 2);
}

#[tokio::test(start_paused = true)]
async fn the_secrets_of_a_short_batch_token_are_replaced_while_the_old_ones_live() {
    let twin = Twin::new();
    let (began, made) = (tokio::time::Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let (mut logins, logged_in_at) = (0, Arc::new(Mutex::new(began)));
    let at = logged_in_at.clone();
    twin.on(LOGIN, move |_| {
        logins += 1;
        *at.lock().unwrap() = tokio::time::Instant::now();
        reply(
            200,
            json!({"auth": {"client_token": format!("hvb.{logins}"), "accessor": "", "renewable": false,
            "lease_duration": 4, "token_type": "batch", "policies": ["default"]}}),
        )
    });
    let (mut users, times) = (0, made.clone());
    twin.on(CREDS, move |_| {
        users += 1;
        // Cut to what is left of the token, in whole seconds, and half a second is lost on the way.
        let rest = Duration::from_millis(3500).saturating_sub(logged_in_at.lock().unwrap().elapsed()).as_secs();
        let now = began.elapsed();
        times.lock().unwrap().push((now, now + Duration::from_secs(rest)));
        reply(200, user(&format!("l/{users}"), rest))
    });
    let db = twin.scheduler.keep(twin.vault().database("app"));
    twin.seconds(60).await;
    drop(db);
    let made = made.lock().unwrap();
    for pair in made.windows(2) {
        let (old_ends, new_made) = (pair[0].1, pair[1].0);
        assert!(
            new_made + Duration::from_secs(1) < old_ends,
            "made at {new_made:?}, the old one ended at {old_ends:?}"
        );
    }
}

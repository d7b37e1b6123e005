//! 403 and 400: a policy that is missing, a login that is dead, an identity that is refused.

use std::time::Duration;

use serde_json::json;
use tokenex_core::sources::StaticText;
use tokenex_core::{ErrorKind, Policy};
use tokenex_testkit::servers::JwtRole;
use tokenex_vault::Vault;

use crate::world::{MINUTE, PATIENCE, POLICY, SECOND, World, eventually, login_role, put};

/// People repair things within seconds here.
fn patient() -> Policy {
    Policy::default().with_terminal_spacing(SECOND)
}

fn role() -> JwtRole {
    login_role().token_ttl(MINUTE).token_max_ttl(10 * MINUTE)
}

#[tokio::test]
async fn a_path_without_policy_parks_only_this_secret_until_the_policy_is_there() {
    let world = World::with_policy(role(), patient()).await;
    put(&world, "a", "1").await;
    world.bao.admin().policy("app", r#"path "database/*" { capabilities = ["read"] }"#).await.unwrap();
    let vault = world.vault();
    let db = world.scheduler.keep(vault.database("app"));
    let kv = world.scheduler.keep(vault.kv2("secret", "a"));
    db.ready(PATIENCE).await.unwrap();
    let error = kv.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Denied, false), "{error}");
    assert!(error.to_string().contains("policy"), "{error}");
    assert!(error.next_attempt_in().is_some());

    eventually("it was tried again", || async { kv.status().attempts >= 3 }).await;
    assert_eq!((world.logins(), db.status().generation), (1, 1), "the login and its other secrets are not touched");
    world.bao.admin().policy("app", POLICY).await.unwrap();
    eventually("the policy is noticed", || async { kv.get().await.is_ok() }).await;
    assert_eq!(world.logins(), 1);
}

#[tokio::test]
async fn a_login_that_was_revoked_is_replaced_once_for_all_its_secrets() {
    let world = World::new().await;
    put(&world, "a", "1").await;
    let vault = world.vault();
    let kvs: Vec<_> =
        (0..5).map(|_| world.scheduler.keep(vault.kv2("secret", "a").poll_interval(SECOND / 2))).collect();
    let db = world.scheduler.keep(vault.database("app"));
    let dead = db.ready(PATIENCE).await.unwrap();
    for accessor in world.bao.live_token_accessors().await.unwrap() {
        world.bao.admin().write("auth/token/revoke-accessor", &json!({"accessor": accessor})).await.unwrap();
    }
    eventually("the database user is another one that works", || async {
        let user = db.get().await.unwrap();
        user.generation() > dead.generation() && world.try_login(&user).await.is_ok()
    })
    .await;
    assert_eq!(world.logins(), 2, "one new login serves all");
    for kv in &kvs {
        let seen = kv.status().same_credential;
        eventually("each secret is read again", || async {
            let status = kv.status();
            status.same_credential > seen && status.failing.is_none()
        })
        .await;
    }
    assert_eq!(world.logins(), 2);
}

#[tokio::test]
async fn a_token_that_may_not_even_look_at_itself_is_not_taken_for_dead() {
    let blind = role().field("token_no_default_policy", json!(true));
    let world = World::with_policy(blind, patient()).await;
    put(&world, "a", "1").await;
    let vault = world.vault();
    let kv = world.scheduler.keep(vault.kv2("secret", "a"));
    let none = world.scheduler.keep(vault.kv2("elsewhere", "a"));
    kv.ready(PATIENCE).await.unwrap();
    assert_eq!(none.get().await.unwrap_err().kind(), ErrorKind::Denied);
    eventually("it was tried again and again", || async { none.status().attempts >= 8 }).await;
    assert_eq!(world.logins(), 1, "a refusal is no reason to log in again and again");
}

#[tokio::test]
async fn a_refused_login_says_what_the_token_said_and_what_to_look_at() {
    let world = World::with_policy(role(), patient()).await;
    let refused = async |vault: Vault| {
        let error = world.scheduler.keep(vault.kv2("secret", "a")).get().await.unwrap_err();
        (error.kind(), error.to_string())
    };
    let build = |mount: &str, role: &str| {
        Vault::builder(world.bao.address(), role, world.identity()).mount(mount).build(&world.scheduler).unwrap()
    };

    let (kind, text) = refused(build("jwt", "typo")).await;
    assert_eq!(kind, ErrorKind::Trust);
    assert!(text.contains("no such role") && text.contains("auth/<mount>/role"), "{text}");

    let (kind, text) = refused(build("typo", "app")).await;
    assert_eq!(kind, ErrorKind::Denied);
    assert!(text.contains("mount path"), "{text}");

    world.bao.admin().jwt_role("jwt", &JwtRole::new("other", "somebody-else")).await.unwrap();
    let (kind, text) = refused(build("jwt", "other")).await;
    assert_eq!(kind, ErrorKind::Trust);
    assert!(text.contains(world.issuer.url()) && text.contains("\"ci\"") && text.contains("\"vault\""), "{text}");
    assert!(text.contains("bound_audiences"), "{text}");
}

#[tokio::test]
async fn an_identity_that_is_expired_forged_or_no_jwt_is_an_error_until_a_good_one_comes() {
    let world = World::with_policy(role(), patient()).await;
    put(&world, "a", "1").await;
    let good = world.issuer.token().subject("ci").audience("vault");
    let source = StaticText::new("not a token");
    let vault =
        Vault::builder(world.bao.address(), "app", source.clone()).audience("vault").build(&world.scheduler).unwrap();
    for (token, kind, word) in [
        ("not a token".to_owned(), ErrorKind::Identity, "not a JWT"),
        // Sent all the same, since the leeway of a server is not known; this one's is up to 150 s.
        (good.clone().expired_since(4 * MINUTE).sign(), ErrorKind::Identity, "has expired"),
        (good.clone().expired_since(10 * MINUTE).sign(), ErrorKind::Identity, "expired"),
        (good.clone().claim("aud", "other").sign(), ErrorKind::Identity, "another audience"),
        (good.clone().forged().sign(), ErrorKind::Trust, "refused the identity"),
    ] {
        source.set(token.clone());
        let kv = world.scheduler.keep(vault.kv2("secret", "a"));
        let error = kv.get().await.expect_err(word);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word) && !error.to_string().contains(&token), "{word}: {error}");
        kv.close(SECOND).await;
    }
    let logins = world.logins();
    assert_eq!(logins, 2, "only what the server alone can judge is sent");
    let kv = world.scheduler.keep(vault.kv2("secret", "a"));
    source.set(good.sign());
    kv.ready(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_role_that_the_database_does_not_know_is_an_error_that_says_so() {
    let world = World::new().await;
    let vault = world.vault();
    let unknown = world.scheduler.keep(vault.database("typo")).get().await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound, "{unknown}");

    let config = json!({"allowed_roles": "other", "verify_connection": false});
    world.bao.admin().write("database/config/postgres", &config).await.unwrap();
    let forbidden = world.scheduler.keep(vault.database("app")).get().await.unwrap_err();
    assert_eq!((forbidden.kind(), forbidden.is_transient()), (ErrorKind::Denied, false), "{forbidden}");
    assert!(forbidden.to_string().contains("allowed_roles"), "{forbidden}");
    world.scheduler.shutdown(Duration::from_secs(5)).await;
}

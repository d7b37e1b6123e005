//! From a JWT to a database user and back to nothing.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::servers::{OpenBao, Scheme};
use tokenex_vault::Vault;

use crate::world::{MINUTE, PATIENCE, POLICY, World, eventually, login_role, next_generation, scheduler};

#[tokio::test]
async fn a_jwt_becomes_a_database_user_that_is_gone_after_the_close() {
    let world = World::new().await;
    let vault = world.vault();
    let db = world.scheduler.keep(vault.database("app"));

    let user = db.ready(PATIENCE).await.unwrap();
    world.try_login(&user).await.unwrap();
    let lease = user.lease().unwrap();
    assert!(lease.id().starts_with("database/creds/app/") && lease.is_renewable());
    assert_eq!(lease.duration(), MINUTE);
    let printed = format!("{user:?} {:?} {}", **user, db.status());
    assert!(!printed.contains(user.password().expose()) && printed.contains(lease.id()), "{printed}");

    let report = db.close(Duration::from_secs(5)).await;
    assert_eq!((report.accepted, report.left.is_none()), (1, true), "{report}");
    eventually("the user cannot log in", || async { world.try_login(&user).await.is_err() }).await;
    eventually("the login went with its last secret", || async {
        world.bao.live_token_accessors().await.unwrap().is_empty()
    })
    .await;

    // The same value logs in anew for a later secret.
    let again = world.scheduler.keep(vault.database("app"));
    world.try_login(&again.ready(PATIENCE).await.unwrap()).await.unwrap();
    assert_eq!(world.logins(), 2);
    world.shut_down().await;
}

#[tokio::test]
async fn a_lease_is_renewed_and_then_replaced_before_its_wall_with_both_users_alive() {
    let world = World::new().await;
    let role = tokenex_testkit::servers::DynamicRole::new("short", Duration::from_secs(4), Duration::from_secs(8));
    world.bao.admin().dynamic_role("database", &role).await.unwrap();
    let db = world.scheduler.keep(world.vault().database("short"));
    let mut listener = db.listen();
    let first = db.ready(PATIENCE).await.unwrap();

    let (mut renewals, mut handed_over) = (0, None);
    while handed_over.is_none() {
        let event = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
        assert!(event.removed.is_none() && event.failing.is_none(), "{event:?}");
        renewals += u32::from(event.renewed);
        handed_over = event.credential.filter(|issued| issued.generation() == 2).map(|_| event.previous_until);
    }
    assert!(renewals >= 1, "the lease can be extended once before its wall");
    assert!(handed_over.flatten().is_some(), "the event says until when the predecessor works");
    world.try_login(&first).await.expect("old and new overlap");
    world.try_login(&db.get().await.unwrap()).await.unwrap();
    assert_eq!(world.logins(), 1);
    world.shut_down().await;
}

#[tokio::test]
async fn a_lease_whose_policy_lacks_revoke_says_until_when_it_lives_and_dies_with_the_login() {
    let world = World::new().await;
    world.bao.admin().policy("app", r#"path "database/creds/*" { capabilities = ["read"] }"#).await.unwrap();
    let vault = world.vault();
    let (one, other) = (world.scheduler.keep(vault.database("app")), world.scheduler.keep(vault.database("app")));
    let (user, _) = (one.ready(PATIENCE).await.unwrap(), other.ready(PATIENCE).await.unwrap());

    let report = one.close(Duration::from_secs(5)).await;
    let left = report.left.expect("the server did not let us revoke");
    assert!(left.until.is_some(), "{left}");
    world.try_login(&user).await.expect("another secret keeps the login, and so this user, alive");
    other.close(Duration::from_secs(5)).await;
    eventually("the user goes with the login", || async { world.try_login(&user).await.is_err() }).await;
}

#[tokio::test]
async fn several_secrets_share_one_login_and_any_path_can_be_read_or_written() {
    let world = World::new().await;
    let admin = world.bao.admin();
    admin.mount("transit", "transit", json!({})).await.unwrap();
    admin.write("transit/keys/k", &json!({})).await.unwrap();
    let rules = format!("{POLICY}\npath \"transit/*\" {{ capabilities = [\"read\", \"update\"] }}");
    admin.policy("app", &rules).await.unwrap();

    let vault = world.vault();
    let read = world.scheduler.keep(vault.read("database/creds/app"));
    let written = world.scheduler.keep(vault.write("transit/encrypt/k", json!({"plaintext": "aGk="})));
    let user = read.ready(PATIENCE).await.unwrap();
    let (name, password) = (user.data().get("username").unwrap(), user.data().get("password").unwrap());
    world.postgres.login(name.expose(), password.expose()).await.unwrap();
    let cipher = written.ready(PATIENCE).await.unwrap();
    assert!(cipher.data().get("ciphertext").unwrap().expose().starts_with("vault:v1:") && cipher.lease().is_none());
    assert!(!format!("{user:?}").contains(password.expose()));
    assert_eq!(world.logins(), 1);
    let report = written.close(Duration::from_secs(5)).await;
    assert!(report.left.is_some(), "what has no lease cannot be taken back, and closing says so: {report}");
    world.shut_down().await;
}

#[tokio::test]
async fn a_server_with_its_own_ca_is_trusted_by_that_ca_only() {
    let world = World::with_login(login_role()).await;
    let bao = OpenBao::start_with(Scheme::Https).await.unwrap();
    let admin = bao.admin();
    let pems = vec![world.issuer.public_key_pem(tokenex_testkit::issuer::Algorithm::Es256)];
    admin.enable_jwt("jwt", &tokenex_testkit::servers::JwtTrust::PublicKeys { pems }).await.unwrap();
    admin.policy("app", POLICY).await.unwrap();
    admin.jwt_role("jwt", &login_role().policies(&["app"])).await.unwrap();
    admin.write("secret/data/a", &json!({"data": {"value": "over TLS"}})).await.unwrap();

    let scheduler = scheduler(tokenex_core::Policy::default());
    let builder = || Vault::builder(bao.address(), "app", world.identity());
    let trusting = builder().ca_pem(bao.ca_pem().unwrap()).build(&scheduler).unwrap();
    let secret = scheduler.keep(trusting.kv2("secret", "a")).ready(PATIENCE).await.unwrap();
    assert_eq!(secret.data().get("value").unwrap().expose(), "over TLS");

    let strange = scheduler.keep(builder().build(&scheduler).unwrap().kv2("secret", "a"));
    let error = strange.get().await.unwrap_err();
    assert_eq!(error.kind(), tokenex_core::ErrorKind::Tls, "{error}");
    scheduler.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn rejecting_a_secret_mints_a_new_one_at_once() {
    let world = World::new().await;
    let db = world.scheduler.keep(world.vault().database("app"));
    let first = db.ready(PATIENCE).await.unwrap();
    let outcome = db.rejected(first.generation()).await.unwrap();
    assert_eq!(outcome, tokenex_core::Rejection::Replaced { generation: 2 });
    assert_eq!(next_generation(&db, 1).await, 2);
    world.try_login(&db.get().await.unwrap()).await.unwrap();
    assert_eq!((world.logins(), world.mints()), (1, 2));
    world.shut_down().await;
}

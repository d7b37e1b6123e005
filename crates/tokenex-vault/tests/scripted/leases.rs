//! Leases: what a renewal may and may not lead to.

use std::time::Duration;

use serde_json::json;
use tokenex_core::{ErrorKind, Policy};

use crate::world::{CREDS, RENEW_LEASE, REVOKE_LEASE, World, refuse, reply};

#[tokio::test(start_paused = true)]
async fn a_failing_renewal_is_no_permission_to_mint() {
    let world = World::new();
    world.on(RENEW_LEASE, |_| refuse(400, "failed to renew entry: failed to connect to `host=db`"));
    let db = world.scheduler.keep(world.vault().database("app"));
    db.get().await.unwrap();
    world.seconds(58).await;
    assert!(db.peek().is_some() && db.status().failing.is_some());
    assert_eq!(world.count(CREDS), 1);
    assert!(world.count(RENEW_LEASE) <= 20, "{} renewals in 58 seconds", world.count(RENEW_LEASE));
    world.seconds(5).await;
    assert_eq!((world.count(CREDS), db.get().await.unwrap().generation()), (2, 2), "when it is over, a new one");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_over_is_replaced_at_once() {
    for text in ["lease not found", "lease expired or is not renewable: lease is not renewable"] {
        let world = World::new();
        world.on(RENEW_LEASE, move |_| refuse(400, text));
        let db = world.scheduler.keep(world.vault().database("app"));
        db.get().await.unwrap();
        world.seconds(45).await;
        assert_eq!((world.count(RENEW_LEASE), world.count(CREDS)), (1, 2), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_policy_to_renew_new_secrets_come_in_good_time_and_no_new_login() {
    let world = World::new();
    world.on(RENEW_LEASE, |_| refuse(403, "permission denied"));
    let db = world.scheduler.keep(world.vault().database("app"));
    db.get().await.unwrap();
    for _ in 0..600 {
        world.seconds(1).await;
        assert!(db.peek().is_some());
    }
    let mints = world.count(CREDS);
    assert!((15..=20).contains(&mints), "{mints} users in ten minutes of leases of one minute");
    assert_eq!(world.count(crate::world::LOGIN), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_users_are_not_asked_for_faster_than_two_a_second() {
    let hasty = Duration::from_millis(10);
    let policy = Policy::default().with_min_spacing(hasty).with_backoff_base(hasty).with_backoff_max(hasty);
    let world = World::with_policy(policy);
    world.on(CREDS, |_| refuse(500, "the answer is lost and the user is there"));
    let _db = world.scheduler.keep(world.vault().database("app"));
    world.seconds(60).await;
    assert!((60..=121).contains(&world.count(CREDS)), "{} users in a minute", world.count(CREDS));
}

#[tokio::test(start_paused = true)]
async fn a_close_uses_the_login_that_made_the_lease_and_reports_what_the_server_said() {
    for (status, accepted) in [(204, 1), (403, 0), (400, 0)] {
        let world = World::new();
        world.on(REVOKE_LEASE, move |_| refuse(status, "failed to revoke entry"));
        let vault = world.vault();
        let db = world.scheduler.keep(vault.database("app"));
        let (user, login) = (db.get().await.unwrap(), vault.login().get().await.unwrap());
        let report = db.close(Duration::from_secs(5)).await;
        assert_eq!((report.accepted, report.left.is_none()), (accepted, accepted == 1), "{status}: {report}");
        let asked = &world.asked(REVOKE_LEASE)[0];
        assert_eq!(asked.header("x-vault-token"), login.secret().expose());
        assert_eq!(asked.json()["lease_id"], user.lease().unwrap().id());
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_hands_out_keys_is_told_to_be_read_as_a_path() {
    let world = World::new();
    world.on(CREDS, |_| {
        reply(200, json!({"lease_id": "l", "lease_duration": 60, "data": {"username": "u", "rsa_private_key": "k"}}))
    });
    let error = world.scheduler.keep(world.vault().database("app")).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("Vault::read"), "{error}");
    let raw = world.scheduler.keep(world.vault().read(CREDS));
    assert_eq!(raw.get().await.unwrap().data().get("rsa_private_key").unwrap().expose(), "k");
}

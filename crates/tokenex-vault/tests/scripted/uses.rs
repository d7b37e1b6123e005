//! Logins that are good for a number of requests.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokenex_core::{ErrorKind, Handle};
use tokenex_testkit::twins::Twin as _;
use tokenex_vault::DatabaseCredentials;

use crate::world::{CREDS, HOST, LOGIN, LOOKUP, RENEW_LEASE, World};

const SOON: Duration = Duration::from_secs(10);

/// A world whose logins are good for so many requests.
fn world(uses: u64) -> World {
    let world = World::new();
    world.role.num_uses(uses);
    world
}

impl World {
    /// Lets seconds pass, in each of which the database knows the user in hand.
    async fn watch(&self, seconds: u64, handles: &[Handle<DatabaseCredentials>]) {
        for second in 0..seconds {
            self.seconds(1).await;
            for handle in handles {
                let user = handle.peek().unwrap_or_else(|| panic!("nothing in second {second}: {}", handle.status()));
                let accepted = self.database.accepts(user.username(), user.password().expose());
                assert!(accepted, "a dead user in second {second}: {}", handle.status());
            }
        }
    }

    /// How often the server said that a lease was asked for with the last use of a login, or that a login is dead.
    fn misused(&self) -> usize {
        self.twin.exchanges().iter().filter(|exchange| matches!(exchange.status(), Some(400 | 403))).count()
    }

    /// Somebody else looks the current login up.
    async fn somebody_else_uses(&self, login: &Handle<tokenex_vault::LoginToken>, times: usize) {
        let login = login.get().await.unwrap();
        for _ in 0..times {
            let look =
                Request::get(format!("https://{HOST}/v1/{LOOKUP}")).header("x-vault-token", login.secret().expose());
            assert_eq!(self.twin.answer(&look.body(Bytes::new()).unwrap()).status(), 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_login_comes_before_the_last_use_and_the_user_in_hand_always_works() {
    for (uses, logins) in [(2, 45..=65), (3, 20..=35), (4, 12..=24), (100, 1..=2)] {
        let world = world(uses);
        let db = world.scheduler.keep(world.vault().database("app"));
        db.ready(SOON).await.unwrap();
        world.watch(30 * 60, std::slice::from_ref(&db)).await;
        assert_eq!(world.misused(), 0, "{uses} uses");
        assert!(logins.contains(&world.count(LOGIN)), "{} logins of {uses} uses in half an hour", world.count(LOGIN));

        let report = world.scheduler.shutdown(SOON).await;
        assert!(report.left.is_empty(), "{uses} uses: {report}");
        assert!(world.twin.logins().is_empty() && world.twin.leases().is_empty(), "{uses} uses");
        assert_eq!(world.misused(), 0, "{uses} uses");
    }
}

#[tokio::test(start_paused = true)]
async fn several_secrets_share_the_uses_of_one_login() {
    let world = world(12);
    let vault = world.vault();
    let users: Vec<_> = (0..4).map(|_| world.scheduler.keep(vault.database("app"))).collect();
    for user in &users {
        user.ready(SOON).await.unwrap();
    }
    assert_eq!(world.count(LOGIN), 1);
    world.watch(10 * 60, &users).await;
    assert_eq!(world.misused(), 0);
    // Four of the eleven uses go to new users, seven to renewals.
    let (logins, renewals) = (world.count(LOGIN), world.count(RENEW_LEASE));
    assert!((5..=15).contains(&logins) && renewals > 2 * logins, "{logins} logins, {renewals} renewals");
}

#[tokio::test(start_paused = true)]
async fn one_secret_too_many_is_told_what_to_set_and_the_others_go_on() {
    let world = world(3);
    let vault = world.vault();
    let users = [world.scheduler.keep(vault.database("app")), world.scheduler.keep(vault.database("app"))];
    for user in &users {
        user.ready(SOON).await.unwrap();
    }
    let late = world.scheduler.keep(vault.database("app"));
    let error = late.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("too_few_uses")), "{error}");
    assert!(error.to_string().contains("token_num_uses of the role to 0"), "{error}");
    assert_eq!(world.count(LOGIN), 1, "a new login would not help");

    // Each time a user is due, both get a new one from a new login, and there is no more than that.
    world.watch(10 * 60, &users).await;
    assert_eq!(world.misused(), 0);
    assert!(world.count(LOGIN) <= 25, "{} logins in ten minutes", world.count(LOGIN));
    assert!(late.get().await.is_err());

    let [one, other] = users;
    one.close(SOON).await;
    drop((one, other));
    late.ready(Duration::from_secs(120)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_good_for_one_request_is_refused_and_does_not_stay() {
    let world = world(1);
    let error = world.scheduler.keep(world.vault().database("app")).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("token_num_uses"), "{error}");
    assert!(world.twin.logins().is_empty());
}

#[tokio::test(start_paused = true)]
async fn uses_that_somebody_else_spends_cost_a_new_login_and_no_error() {
    // What is left for the first read: the last use, and none.
    for spent in [3, 4] {
        let world = world(4);
        let vault = world.vault();
        let login = vault.login();
        world.somebody_else_uses(&login, spent).await;
        let db = world.scheduler.keep(vault.database("app"));
        let user = db.get().await.unwrap();
        assert!(world.database.accepts(user.username(), user.password().expose()));
        assert_eq!((world.count(LOGIN), world.count(CREDS), login.get().await.unwrap().generation()), (2, 2, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_secret_is_read_with_a_new_login_when_the_old_one_is_used_up() {
    let world = world(2);
    world.twin.kv2("secret").put("a", json!({"k": "1"}));
    let kv = world.scheduler.keep(world.vault().kv2("secret", "a").poll_interval(Duration::from_secs(60)));
    kv.ready(SOON).await.unwrap();
    world.seconds(10 * 60).await;
    world.twin.kv2("secret").put("a", json!({"k": "2"}));
    world.seconds(70).await;
    assert_eq!(kv.get().await.unwrap().data().get("k").unwrap().expose(), "2");
    assert_eq!(world.misused(), 0);
    let logins = world.count(LOGIN);
    assert!((9..=15).contains(&logins), "{logins} logins for a read each minute");
}

#[tokio::test(start_paused = true)]
async fn a_missing_policy_is_told_from_a_login_without_uses() {
    let world = world(2);
    world.role.forbid("kv/*");
    let forbidden = world.scheduler.keep(world.vault().kv1("kv", "a"));
    for _ in 0..10 {
        let error = forbidden.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        world.seconds(90).await;
    }
    assert!(world.count(LOGIN) <= 40, "{} logins in a quarter of an hour", world.count(LOGIN));
}

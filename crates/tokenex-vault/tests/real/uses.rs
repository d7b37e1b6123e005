//! Logins that are good for a number of requests.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::{ErrorKind, Transport as _};
use tokenex_testkit::servers::{DynamicRole, JwtRole};

use crate::world::{MINUTE, PATIENCE, SECOND, World, eventually, login_role};

fn role(uses: u64) -> JwtRole {
    login_role().token_ttl(MINUTE).token_max_ttl(10 * MINUTE).field("token_num_uses", json!(uses))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_fails_over_five_logins_of_three_uses() {
    let world = World::alone(role(3)).await;
    let short = DynamicRole::new("short", 6 * SECOND, 60 * SECOND);
    world.bao.admin().dynamic_role("database", &short).await.unwrap();
    let db = world.scheduler.keep(world.vault().database("short"));
    db.ready(PATIENCE).await.unwrap();

    let (began, mut tick) = (Instant::now(), tokio::time::interval(Duration::from_millis(100)));
    while world.logins() < 5 {
        tick.tick().await;
        let user = db.get().await.expect("there is always a usable user");
        if let Err(error) = world.try_login(&user).await {
            panic!("generation {}, after {:?}: {error}", user.generation(), began.elapsed());
        }
        assert!(began.elapsed() < 4 * PATIENCE, "only {} logins: {}", world.logins(), db.status());
    }
    // The second use of each login extends its user, and none is spent on a user that cannot be handed out.
    assert!(world.mints() <= world.logins(), "{} users by {} logins", world.mints(), world.logins());
    world.shut_down().await;
}

#[tokio::test]
async fn a_login_for_one_use_is_refused_and_leaves_no_token_behind() {
    let world = World::with_login(role(1)).await;
    let db = world.scheduler.keep(world.vault().database("app"));
    let error = db.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("token_num_uses"), "{error}");
    eventually("no token is left", || async { world.bao.live_token_accessors().await.unwrap().is_empty() }).await;
}

#[tokio::test]
async fn uses_that_somebody_else_spends_cost_a_new_login_and_no_error() {
    let world = World::with_login(role(3)).await;
    let vault = world.vault();
    let login = vault.login();
    let token = login.ready(PATIENCE).await.unwrap();
    let http = HttpTransport::new().unwrap();
    for _ in 0..2 {
        let look = Request::get(format!("{}/v1/auth/token/lookup-self", world.bao.address()));
        let look = look.header("x-vault-token", token.secret().expose()).body(Bytes::new()).unwrap();
        assert_eq!(http.send(look, PATIENCE).await.unwrap().status(), 200);
    }
    let db = world.scheduler.keep(vault.database("app"));
    world.try_login(&db.get().await.unwrap()).await.unwrap();
    assert_eq!((world.logins(), login.get().await.unwrap().generation()), (2, 2));
    // The first login is dead, which cannot be told from one that may not end itself: the report may name it.
    world.scheduler.shutdown(Duration::from_secs(5)).await;
    eventually("no token is left", || async { world.bao.live_token_accessors().await.unwrap().is_empty() }).await;
}

//! The server is sealed, stopped or cut off, or the database behind it is.

use std::time::{Duration, Instant};

use tokenex_core::{ErrorKind, Policy};
use tokenex_testkit::proxy::Proxy;
use tokenex_testkit::servers::{DatabaseConnection, DynamicRole};
use tokenex_vault::Vault;

use crate::world::{PATIENCE, POLICY, SECOND, World, eventually, login_role, next_generation};

/// Leases of 6 seconds that can be extended for long.
async fn short_leases(world: &World) {
    let role = DynamicRole::new("short", 6 * SECOND, 60 * SECOND);
    world.bao.admin().dynamic_role("database", &role).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_is_due_while_the_database_is_down_lives_on_and_is_not_replaced() {
    let world = World::new().await;
    short_leases(&world).await;
    let db = world.scheduler.keep(world.vault().database("short"));
    let user = db.ready(PATIENCE).await.unwrap();
    world.postgres.stop().await.unwrap();
    eventually("a renewal fails", || async { db.status().failing.is_some() }).await;
    let error = db.status().failing.unwrap().last.clone();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{error}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400), "the server calls this a bad request");
    assert!(db.get().await.is_ok(), "what is still valid stays readable");

    world.postgres.start_again().await.unwrap();
    eventually("the lease is extended", || async { db.status().failing.is_none() }).await;
    assert_eq!((db.get().await.unwrap().generation(), world.mints()), (1, 1), "a failing renewal is no reason to mint");
    world.try_login(&user).await.unwrap();
    world.shut_down().await;
}

#[tokio::test]
async fn a_database_that_is_cut_off_takes_nothing_away() {
    let world = World::new().await;
    let (admin, proxy) = (world.bao.admin(), Proxy::start(world.postgres.address()).await.unwrap());
    let connection = DatabaseConnection::to(&world.postgres).through(proxy.addr());
    admin.enable_database("far", &connection).await.unwrap();
    admin.dynamic_role("far", &DynamicRole::new("short", 6 * SECOND, 60 * SECOND)).await.unwrap();
    admin.policy("app", &format!("{POLICY}\npath \"far/*\" {{ capabilities = [\"read\"] }}")).await.unwrap();
    let db = world.scheduler.keep(world.vault().database("short").mount("far"));
    let user = db.ready(PATIENCE).await.unwrap();
    proxy.cut().await;
    eventually("a renewal fails", || async { db.status().failing.is_some() }).await;
    assert!(db.get().await.is_ok());
    world.try_login(&user).await.expect("only the server is cut off, not we");

    proxy.heal().unwrap();
    eventually("all is well", || async { db.status().failing.is_none() }).await;
    world.try_login(&db.get().await.unwrap()).await.unwrap();
    world.shut_down().await;
}

#[tokio::test]
async fn a_cold_start_with_the_database_down_succeeds_when_it_is_back() {
    let world = World::new().await;
    world.postgres.stop().await.unwrap();
    let db = world.scheduler.keep(world.vault().database("app"));
    let error = db.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{error}");
    assert!(error.to_string().contains("database"), "{error}");
    world.postgres.start_again().await.unwrap();
    world.try_login(&db.ready(PATIENCE).await.unwrap()).await.unwrap();
    world.shut_down().await;
}

#[tokio::test]
async fn a_sealed_server_takes_nothing_away_and_all_goes_on_after_the_unseal() {
    let world = World::with_login(login_role().token_ttl(10 * SECOND).token_max_ttl(60 * SECOND)).await;
    let vault = world.vault();
    let db = world.scheduler.keep(vault.database("app"));
    db.ready(PATIENCE).await.unwrap();
    world.bao.seal().await.unwrap();
    let late = world.scheduler.keep(vault.database("app"));
    let error = late.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{error}");
    assert!(error.to_string().contains("sealed"), "{error}");
    let login = vault.login();
    eventually("the login cannot be renewed", || async { login.status().failing.is_some() }).await;
    assert!(db.get().await.is_ok() && login.get().await.is_ok(), "what is still valid stays readable");

    world.bao.unseal().await.unwrap();
    eventually("all is well", || async { late.get().await.is_ok() && login.status().failing.is_none() }).await;
    world.try_login(&late.get().await.unwrap()).await.unwrap();
    drop(login);
    world.shut_down().await;
}

#[tokio::test]
async fn a_server_that_hangs_until_the_login_is_dead_is_logged_in_to_anew_when_it_goes_on() {
    let policy = Policy::default().with_attempt_deadline(2 * SECOND);
    let world = World::with_policy(login_role().token_ttl(4 * SECOND).token_max_ttl(60 * SECOND), policy).await;
    let vault = world.vault();
    let db = world.scheduler.keep(vault.database("app"));
    let first = db.ready(PATIENCE).await.unwrap();
    world.bao.pause().await.unwrap();
    let asked = Instant::now();
    eventually("nothing is usable any more", || async { db.get().await.is_err() }).await;
    assert!(asked.elapsed() >= 2 * SECOND, "it was usable until its login ended");
    assert!(db.peek().is_none(), "a user whose login is over is never handed out");

    world.bao.resume().await.unwrap();
    let second = next_generation(&db, first.generation()).await;
    assert!(second > first.generation());
    world.try_login(&db.get().await.unwrap()).await.unwrap();
    world.shut_down().await;
}

/// The network is cut for a third of the login's life, at each of ten points of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_of_a_third_of_the_life_costs_no_read_wherever_it_starts() {
    // Long enough that what is left after the cut is many times the spacing between two attempts.
    const LIFE: Duration = Duration::from_secs(18);
    let world = World::alone(login_role().token_ttl(LIFE).token_max_ttl(LIFE)).await;
    let mut cuts = tokio::task::JoinSet::new();
    for start in 0..10 {
        let proxy = Proxy::start(([127, 0, 0, 1], world.bao.port()).into()).await.unwrap();
        let address = format!("http://{}", proxy.addr());
        let vault = Vault::builder(address, "app", world.identity()).build(&world.scheduler).unwrap();
        let db = world.scheduler.keep(vault.database("app"));
        cuts.spawn(async move {
            db.ready(PATIENCE).await.unwrap();
            // Lives count from the login, which the machine may have been slow to follow.
            let login = vault.login().get().await.unwrap();
            let began = Instant::now() - login.issued_at().elapsed().unwrap();
            let cut_at = LIFE * start / 10;
            let (mut is_cut, mut healed) = (false, false);
            while began.elapsed() < 2 * LIFE {
                if !is_cut && began.elapsed() >= cut_at {
                    proxy.cut().await;
                    is_cut = true;
                }
                if is_cut && !healed && began.elapsed() >= cut_at + LIFE / 3 {
                    proxy.heal().unwrap();
                    healed = true;
                }
                assert!(db.peek().is_some(), "cut at {cut_at:?}: no user after {:?}: {}", began.elapsed(), db.status());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(healed && db.status().generation >= 2);
            db.close(Duration::from_secs(5)).await;
            proxy
        });
    }
    let _until_all_is_revoked = cuts.join_all().await;
    world.shut_down().await;
}

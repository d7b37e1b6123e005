//! Many callers, one exchange.

use std::sync::Arc;
use std::time::Duration;

use tokenex_testkit::proxy::Proxy;
use tokenex_vault::Vault;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::World;

const CALLERS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_at_a_cold_start_cause_one_login_and_one_read() {
    let world = World::new().await;
    let proxy = Proxy::start(([127, 0, 0, 1], world.bao.port()).into()).await.unwrap();
    proxy.delay(Duration::from_millis(200));
    let address = format!("http://{}", proxy.addr());
    let vault = Vault::builder(address, "app", world.identity()).build(&world.scheduler).unwrap();

    let barrier = Arc::new(Barrier::new(CALLERS + 1));
    let db = world.scheduler.keep(vault.database("app"));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (db, barrier) = (db.clone(), barrier.clone());
        callers.spawn(async move {
            barrier.wait().await;
            db.get().await.map(|user| user.username().to_owned())
        });
    }
    barrier.wait().await;
    let users = callers.join_all().await;
    let first = users[0].clone().unwrap();
    assert!(users.iter().all(|user| user.as_ref().is_ok_and(|user| *user == first)));
    assert_eq!((world.logins(), world.mints()), (1, 1));
    drop(db);
    world.shut_down().await;
}

//! Credentials stay fresh, and are not asked for more often than the design says.

use std::sync::Arc;
use std::time::Duration;

use tokenex_core::Handle;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::transport::Fault;
use tokio::sync::Barrier;

use crate::world::{HOST, World, minutes};

/// The credentials read now are ones that AWS itself would still take.
async fn read(world: &World, handle: &Handle<tokenex_aws::AwsCredentials>) {
    let credentials = handle.get().await.unwrap();
    assert!(world.time.wall() < credentials.expires_at().unwrap(), "a read of expired credentials");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_minutes_costs_no_read_wherever_it_begins() {
    for beginning in 0..60 {
        let world = World::new();
        let handle = world.web_identity();
        read(&world, &handle).await;
        world.seconds(beginning * 60).await;
        read(&world, &handle).await;
        world.network.fault(HOST, Fault::Unreachable);
        for _ in 0..40 {
            world.seconds(30).await;
            read(&world, &handle).await;
        }
        world.network.heal(HOST);
        for _ in 0..60 {
            world.seconds(60).await;
            read(&world, &handle).await;
        }
        handle.close(minutes(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_cause_one_exchange() {
    let world = World::new();
    world.network.latency(Duration::from_millis(300));
    let (handle, barrier) = (world.web_identity(), Arc::new(Barrier::new(1000)));
    let callers = (0..1000).map(|_| {
        let (handle, barrier) = (handle.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            handle.get().await.unwrap().access_key_id().to_owned()
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut seen = std::collections::HashSet::new();
    for caller in callers {
        seen.insert(caller.await.unwrap());
    }
    assert_eq!((seen.len(), world.twin.issued(), world.network.count(HOST)), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn sessions_of_every_length_are_replaced_at_the_pace_of_the_design() {
    for life in [minutes(15), minutes(60), minutes(6 * 60), minutes(12 * 60)] {
        let world = World::new();
        let handle = world.keep(world.builder().duration(life).build().unwrap());
        let (lives, reads) = (5, 40);
        for _ in 0..lives * reads {
            read(&world, &handle).await;
            world.time.advance(life / reads).await;
        }
        // When 40 % of the life are left, and at most one hour before the end.
        let pace = life - life.mul_f64(0.4).min(minutes(60));
        let (expected, asked) =
            (f64::from(lives) * life.as_secs_f64() / pace.as_secs_f64(), world.twin.issued() as f64);
        assert!(
            (expected * 0.9..=expected * 1.1 + 1.0).contains(&asked),
            "{life:?}: {asked} exchanges, not {expected}"
        );
    }
}

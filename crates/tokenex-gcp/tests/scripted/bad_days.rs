//! Outages, crowds and weather.

use std::sync::Arc;
use std::time::Duration;

use tokenex_core::Handle;
use tokenex_core::time::TimeSource as _;
use tokenex_gcp::AccessToken;
use tokenex_testkit::transport::Fault;
use tokio::sync::Barrier;

use crate::world::{IAM, STS, World, minutes};

/// Both services are away for 20 minutes, from each whole minute of a token's hour on.
async fn no_read_fails_in_an_outage(fault: Fault) {
    for minute in 0..60 {
        let world = World::new();
        let token = world.impersonated();
        token.get().await.unwrap();
        world.seconds(60 * minute).await;
        for host in [STS, IAM] {
            world.network.fault(host, fault);
        }
        read_for(&world, &token, 40, minute).await;
        for host in [STS, IAM] {
            world.network.heal(host);
        }
        read_for(&world, &token, 90, minute).await;
        assert!(token.status().failing.is_none(), "from minute {minute} on: {}", token.status());
    }
}

/// Reads each half minute, so often.
async fn read_for(world: &World, token: &Handle<AccessToken>, times: usize, minute: u64) {
    for _ in 0..times {
        world.seconds(30).await;
        let held = token.peek().unwrap_or_else(|| panic!("from minute {minute} on: {}", token.status()));
        assert!(world.twin.access(held.secret().expose()).is_some(), "Google knows it, from minute {minute} on");
    }
}

#[tokio::test(start_paused = true)]
async fn services_that_are_gone_for_20_minutes_cost_no_read_whenever_it_begins() {
    no_read_fails_in_an_outage(Fault::Unreachable).await;
}

#[tokio::test(start_paused = true)]
async fn services_that_hang_for_20_minutes_cost_no_read_whenever_it_begins() {
    no_read_fails_in_an_outage(Fault::Hang).await;
}

#[tokio::test(start_paused = true)]
async fn a_crowd_at_a_cold_start_is_one_exchange_and_one_impersonation() {
    const CROWD: usize = 1000;
    let world = World::new();
    world.network.latency(Duration::from_millis(200));
    let token = world.impersonated();
    let barrier = Arc::new(Barrier::new(CROWD));
    let callers: Vec<_> = (0..CROWD)
        .map(|_| {
            let (token, barrier) = (token.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                token.get().await.unwrap().secret().clone()
            })
        })
        .collect();
    let mut secrets = Vec::new();
    for caller in callers {
        secrets.push(caller.await.unwrap());
    }
    assert!(secrets.windows(2).all(|pair| pair[0].same_as(&pair[1])));
    assert_eq!((world.count(STS), world.count(IAM), world.twin.issued()), (1, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_for_a_day_gets_new_tokens_in_one_step() {
    let world = World::new();
    let token = world.impersonated();
    token.get().await.unwrap();
    world.time.suspend(minutes(24 * 60));
    assert!(token.peek().is_none(), "long over by the wall clock");
    world.seconds(15).await;
    let held = token.get().await.unwrap();
    assert!(held.expires_at().unwrap() > world.time.wall());
    assert_eq!((world.count(STS), world.count(IAM)), (2, 2));
}

//! How long tokens live, and how often the platform is asked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;

use crate::managed_identity::machine::{HOUR, Machine, VAULT, epoch, imds, now, refuse, reply};

/// A platform with a cache of its own: tokens of `life`, each handed out until `renewed` is left of it.
fn caching(machine: &Machine, life: u64, renewed: u64) {
    let clock = machine.time.clone();
    let (mut tokens, mut ends) = (0, 0);
    machine.on(move |_| {
        if now(&clock) + renewed >= ends {
            tokens += 1;
            ends = now(&clock) + life;
        }
        reply(200, imds(&format!("token {tokens}"), ends, &clock))
    });
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_hands_out_the_same_token_all_day_is_asked_a_few_times() {
    // Until its middle, its last hours, its last minutes: nobody says which, and it changed over the years.
    for (renewed, requests) in [(12 * HOUR, 2..=4), (3 * HOUR, 3..=8), (300, 6..=25)] {
        let machine = Machine::new();
        caching(&machine, 24 * HOUR, renewed);
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let first = token.get().await.unwrap();
        let mut listener = token.listen();
        let updates = tokio::spawn(async move {
            let mut updates = 0;
            while let Some(event) = listener.next().await {
                updates += usize::from(event.updated);
            }
            updates
        });
        for _ in 0..24 * 60 - 2 {
            machine.seconds(60).await;
            assert!(token.peek().is_some(), "renewed with {renewed} s left, after {} requests", machine.asked());
        }
        assert!(requests.contains(&machine.asked()), "renewed with {renewed} s left: {} requests", machine.asked());
        let second = token.get().await.unwrap();
        assert_eq!((first.generation(), second.generation()), (1, 2), "the same token is the same generation");
        assert_eq!(second.secret().expose(), "token 2");
        machine.scheduler.shutdown(Duration::from_secs(1)).await;
        assert_eq!(updates.await.unwrap(), 2, "the first token, and the one that followed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cached_token_is_not_believed_to_live_as_long_as_a_new_one() {
    let machine = Machine::new();
    let clock = machine.time.clone();
    let ends = now(&clock) + HOUR / 2;
    machine.on(move |_| {
        let (token, ends) = if now(&clock) + 300 < ends { ("old", ends) } else { ("new", now(&clock) + 24 * HOUR) };
        // Counted from the time of issue, which was most of a day ago.
        reply(200, json!({"access_token": token, "expires_in": "86400", "expires_on": ends.to_string()}))
    });
    let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    assert_eq!(token.get().await.unwrap().expires_at().map(epoch), Some(ends));
    for _ in 0..60 {
        machine.seconds(60).await;
        let issued = token.get().await.unwrap();
        assert!(issued.secret().expose() == "new" || now(&machine.time) < ends);
    }
    assert_eq!(token.get().await.unwrap().secret().expose(), "new");
}

#[tokio::test(start_paused = true)]
async fn lives_from_five_minutes_to_a_day_are_replaced_in_good_time() {
    for life in [300, 3599, 86_399] {
        let machine = Machine::new();
        caching(&machine, life, life);
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        token.get().await.unwrap();
        for _ in 0..100 {
            machine.seconds(life / 20).await;
            assert!(token.peek().is_some());
        }
        let requests = machine.asked();
        assert!((6..=14).contains(&requests), "{requests} requests in five lives of {life} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_platforms_own_hint_comes_first() {
    let machine = Machine::new();
    machine.on(|_| reply(200, json!({"access_token": "t", "expires_in": "86400", "refresh_in": "600"})));
    let _token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    machine.seconds(590).await;
    assert_eq!(machine.asked(), 1);
    machine.seconds(20).await;
    assert_eq!(machine.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_is_down_from_the_afternoon_to_the_morning_costs_no_read_of_a_token_of_a_day() {
    let machine = Machine::new();
    caching(&machine, 24 * HOUR, 24 * HOUR);
    let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    token.get().await.unwrap();
    machine.seconds(13 * HOUR).await;
    machine.on(|_| refuse(500, "unknown", "Failed to retrieve token"));
    for _ in 0..17 * 60 {
        machine.seconds(60).await;
        assert!(token.peek().is_some());
    }
    assert!(token.status().failing.is_some());
    caching(&machine, 24 * HOUR, 24 * HOUR);
    machine.seconds(HOUR).await;
    assert!(token.status().failing.is_none(), "{}", token.status());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_local_clock_is_corrected_by_what_the_platform_says() {
    let machine = Machine::new();
    // The platform's clock goes right; ours is then set forward.
    let (clock, start) = (machine.time.clone(), tokio::time::Instant::now());
    let begun = now(&clock);
    machine.on(move |_| {
        let platform = begun + start.elapsed().as_secs();
        let mut answer = reply(200, json!({"access_token": "t", "expires_on": platform + 600}));
        let (minute, second) = (platform / 60 % 60, platform % 60);
        let date = format!("Thu, 01 Jan 2026 00:{minute:02}:{second:02} GMT");
        answer.headers_mut().insert("date", date.parse().unwrap());
        answer
    });
    machine.time.step_wall_forward(Duration::from_secs(HOUR));
    let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    token.get().await.unwrap();
    machine.seconds(200).await;
    assert!(token.peek().is_some(), "{}", token.status());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_of_three_scopes_are_three_requests() {
    let machine = Machine::new();
    let tokens = machine.identity().tokens(&machine.scheduler);
    let barrier = Arc::new(Barrier::new(1000));
    let callers: Vec<_> = (0..1000)
        .map(|caller| {
            let scope = format!("https://{}.example/.default", ["a", "b", "c"][caller % 3]);
            let (tokens, barrier) = (tokens.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                tokens.handle(&scope).unwrap().get().await.unwrap().scope().to_string() == scope
            })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.unwrap());
    }
    assert_eq!(machine.asked(), 3);
}

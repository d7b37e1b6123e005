//! Counters and the histogram: what has happened.

use std::collections::BTreeMap;

use tokenex_core::{Error, ErrorKind, Grant, Outcome, Revocation};

use super::recorder::Kept;
use super::support::*;

fn attempts(kept: &Kept, name: &str, outcome: &str, kind: &str) -> u64 {
    kept.counter(&format!("tokenex_attempts_total{{kind={kind},name={name},outcome={outcome},provider=scripted}}"))
}

fn durations(kept: &Kept, name: &str, step: &str) -> Vec<f64> {
    kept.samples(&format!("tokenex_attempt_duration_seconds{{name={name},provider=scripted,step={step}}}"))
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_counted_once_by_how_it_ended() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let provider = Scripted::new(|n| match n {
        1 => Err(Error::new(ErrorKind::Trust, "not trusted")),
        2 => Err(down()),
        3 => Err(Error::new(ErrorKind::NotFound, "no such role")),
        4 => Ok(Grant::new(Token(1)).expires_at(std::time::UNIX_EPOCH).into()),
        5 => panic!("as told"),
        6 => Ok(Grant::new(Token(1)).lifetime(s(1000)).renewable().into()),
        _ => Ok(Outcome::Withdrawn),
    });
    let handle = world.keep("ends", provider.renew(|n| if n < 3 { Ok(Some(s(1000))) } else { Ok(None) }));
    world.pass(3000).await;
    let expected = [
        ("failed", "trust", 1),
        ("failed", "unavailable", 1),
        ("failed", "not_found", 1),
        ("failed", "protocol", 1),
        ("failed", "panic", 1),
        ("issued", "none", 1),
        ("renewed", "none", 2),
        ("not_renewable", "none", 1),
    ];
    for (outcome, kind, count) in expected {
        assert_eq!(attempts(&kept, "ends", outcome, kind), count, "{outcome} {kind} in {:#?}", kept.counters());
    }
    let withdrawn = attempts(&kept, "ends", "withdrawn", "none");
    assert!(withdrawn >= 1);
    let all: u64 =
        kept.counters().iter().filter(|(name, _)| name.starts_with("tokenex_attempts_total")).map(|(_, n)| n).sum();
    assert_eq!(all, handle.status().attempts, "none is missing, none counted twice");
}

#[tokio::test(start_paused = true)]
async fn what_arrives_after_the_close_is_counted_and_revoked() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let handle = world.keep("late", Scripted::fresh(1000).latency(s(3)));
    world.pass(1).await;
    handle.close(s(60)).await;
    assert_eq!(attempts(&kept, "late", "issued", "none"), 1);
    let revoked = kept.counter("tokenex_revocations_total{name=late,outcome=accepted,provider=scripted}");
    assert_eq!(revoked, 1);
}

#[tokio::test(start_paused = true)]
async fn reports_of_a_refusal_and_equal_credentials_are_counted() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let handle = world.keep("stubborn", Scripted::new(|_| token(1, 10_000)));
    world.pass(1).await;
    assert_eq!(
        (kept.counter(&of("rejected_total", "stubborn")), kept.counter(&of("same_credential_total", "stubborn"))),
        (0, 0)
    );
    assert!(
        kept.counters().contains_key(&of("rejected_total", "stubborn")),
        "there before the first, or it would be no increase"
    );
    world.pass(60).await;
    handle.rejected(1).await.unwrap();
    world.pass(60).await;
    let (one, two) = tokio::join!(handle.rejected(1), handle.rejected(1));
    one.and(two).unwrap();
    assert_eq!(kept.counter(&of("rejected_total", "stubborn")), 3, "each report");
    assert_eq!(kept.counter(&of("same_credential_total", "stubborn")), 2, "one refresh for both");
    assert_eq!(handle.status().same_credential, 2);
    // A demand for more life is no refusal.
    handle.get_valid_for(s(20_000)).await.unwrap_err();
    assert_eq!(kept.counter(&of("rejected_total", "stubborn")), 3);
}

#[tokio::test(start_paused = true)]
async fn revocations_are_counted_by_what_the_target_said() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let provider = Scripted::fresh(1000).revoke(|n| match n {
        1 => Ok(Revocation::Accepted),
        2 => Ok(Revocation::NotPossible),
        _ => Err(down()),
    });
    let handle = world.keep("revoked", provider);
    // Three generations; each is revoked a while after it was superseded.
    world.pass(1300).await;
    handle.close(s(5)).await;
    let said = |outcome: &str| {
        kept.counter(&format!("tokenex_revocations_total{{name=revoked,outcome={outcome},provider=scripted}}"))
    };
    assert_eq!(["accepted", "not_possible", "failed"].map(said), [1, 1, 1], "{:#?}", kept.counters());
    assert_eq!(durations(&kept, "revoked", "revoke").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn how_long_each_step_took_is_kept() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let provider = Scripted::new(|n| Ok(Grant::new(Token(n)).lifetime(s(1000)).renewable().revocable().into()));
    let handle = world.keep("slow", provider.renew(|_| Ok(Some(s(1000)))).latency(s(3)));
    world.pass(700).await;
    handle.close(s(60)).await;
    for step in ["issue", "renew", "revoke"] {
        let took = durations(&kept, "slow", step);
        assert_eq!(took.len(), 1, "{step}");
        assert_near(took[0], 3.0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_took_until_its_deadline() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let _handle = world.keep("hanging", Scripted::fresh(1000).latency(s(3600)));
    world.pass(31).await;
    assert_near(durations(&kept, "hanging", "issue")[0], 30.0);
    assert_eq!(attempts(&kept, "hanging", "failed", "timeout"), 1);
}

/// A week of a credential that lives for ten minutes: nothing is lost on the way.
#[tokio::test(start_paused = true)]
async fn the_counters_agree_with_the_status_after_a_week() {
    let kept = Kept::default();
    let _guard = kept.install();
    let world = World::new();
    let handle = world.keep("week", Scripted::new(|n| if n % 7 == 0 { Err(down()) } else { token(n, 600) }));
    world.pass(7 * 86_400).await;
    let status = handle.status();
    let mut by_outcome = BTreeMap::new();
    for (series, count) in kept.counters().iter().filter(|(series, _)| series.starts_with("tokenex_attempts_total")) {
        *by_outcome.entry(series.contains("outcome=issued")).or_insert(0) += count;
    }
    assert_eq!(by_outcome[&true], status.generation);
    assert_eq!(by_outcome[&true] + by_outcome[&false], status.attempts);
    assert!(status.generation > 1000);
    assert_eq!(durations(&kept, "week", "issue").len() as u64, status.attempts);
}

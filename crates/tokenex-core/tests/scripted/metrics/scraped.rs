//! The text that Prometheus reads, as the exporter for it makes it.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use super::support::*;

/// The buckets that `docs/operations.md` recommends.
const BUCKETS: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[tokio::test(start_paused = true)]
async fn a_scrape_has_everything_by_its_documented_name() {
    let duration = Matcher::Full("tokenex_attempt_duration_seconds".to_owned());
    let recorder = PrometheusBuilder::new().set_buckets_for_metric(duration, &BUCKETS).unwrap().build_recorder();
    let scrape = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);

    let world = World::new();
    let start = world.now();
    let orders = world.keep("orders-db", Scripted::fresh(1000));
    let stale = world.keep("stale \"one\"", Scripted::new(|n| if n == 1 { token(n, 100_000) } else { Err(down()) }));
    world.pass(700).await;

    let text = scrape.render();
    let line = |start: &str| {
        let found: Vec<_> = text.lines().filter(|line| line.starts_with(start)).collect();
        assert_eq!(found.len(), 1, "{start} in\n{text}");
        found[0].rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    let labels = "name=\"orders-db\",provider=\"scripted\"";
    assert_near(line(&format!("tokenex_credential_expires_at_seconds{{{labels}}}")), start + 1600.0);
    assert_near(line(&format!("tokenex_credential_last_success_seconds{{{labels}}}")), start + 600.0);
    assert_eq!(line(&format!("tokenex_credential_consecutive_failures{{{labels}}}")), 0.0);
    assert_eq!(line(&format!("tokenex_attempts_in_flight{{{labels}}}")), 0.0);
    assert_eq!(line(&format!("tokenex_clock_skew_seconds{{{labels}}}")), 0.0);
    assert_eq!(line(&format!("tokenex_attempts_total{{{labels},outcome=\"issued\",kind=\"none\"}}")), 2.0);
    assert_eq!(line(&format!("tokenex_rejected_total{{{labels}}}")), 0.0);
    assert_eq!(line(&format!("tokenex_same_credential_total{{{labels}}}")), 0.0);
    assert_eq!(line(&format!("tokenex_attempt_duration_seconds_count{{{labels},step=\"issue\"}}")), 2.0);
    assert_eq!(line(&format!("tokenex_attempt_duration_seconds_bucket{{{labels},step=\"issue\",le=\"0.05\"}}")), 2.0);
    assert_eq!(line(&format!("tokenex_revocations_total{{{labels},outcome=\"accepted\"}}")), 1.0);
    assert!(text.contains("name=\"stale \\\"one\\\"\""), "names are escaped:\n{text}");
    assert!(text.contains("# TYPE tokenex_attempts_total counter"), "{text}");
    assert!(text.contains("# TYPE tokenex_attempt_duration_seconds histogram"), "{text}");
    assert!(text.contains("# HELP tokenex_credential_expires_at_seconds When the credential ends"), "{text}");

    // What is closed says so, in a word that Prometheus knows and no comparison holds for.
    orders.close(s(5)).await;
    world.time.settle().await;
    let text = scrape.render();
    assert!(text.contains(&format!("tokenex_credential_expires_at_seconds{{{labels}}} NaN")), "{text}");
    drop(stale);
}

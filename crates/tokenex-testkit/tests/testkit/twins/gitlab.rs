//! The tokens of a job in GitLab CI.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::twins::gitlab::GitLabTwin;

use super::support::{Standing, claims};

#[test]
fn a_token_lives_as_long_as_the_job_may_run() {
    let clock = Standing::new();
    let gitlab = GitLabTwin::with_clock("https://gitlab.test", clock.reader());
    let life = |token: &str| {
        let claims = gitlab.issuer().verify(token).unwrap();
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap()
    };
    let job = gitlab.job("group/app").timeout(Duration::from_secs(7200));
    assert_eq!(life(&job.id_token(&["vault"])), 7200);
    assert_eq!(life(&gitlab.job("group/app").id_token(&["vault"])), 300);
    // It was signed when the job started, whenever the job looks.
    clock.advance(3600);
    assert_eq!(claims(&job.id_token(&["vault"]))["iat"], 1_767_225_600);
}

#[test]
fn the_claims_are_those_that_targets_pin() {
    let gitlab = GitLabTwin::new("https://gitlab.test");
    let job = gitlab.job("group/sub/app").branch("release").environment("prod");
    let claims = claims(&job.id_token(&["one", "two"]));
    assert_eq!(claims["iss"], "https://gitlab.test");
    assert_eq!(claims["sub"], "project_path:group/sub/app:ref_type:branch:ref:release");
    assert_eq!(claims["aud"], json!(["one", "two"]));
    assert_eq!((&claims["namespace_path"], &claims["environment_protected"]), (&json!("group/sub"), &json!("true")));
    for pinned in ["project_id", "namespace_id", "ref_protected", "jti"] {
        assert!(claims[pinned].is_string(), "{pinned}");
    }
}

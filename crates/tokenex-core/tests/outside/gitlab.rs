//! The variable of a GitLab job: what a child of this test binary sees, with the tokens that GitLab would have put there.

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use tokenex_core::sources::GitLab;
use tokenex_testkit::twins::gitlab::GitLabTwin;

use crate::support::{assert_unusable, child, offline, token};

const NAME: &str = "TOKENEX_TEST_ID_TOKEN";

/// What the others run in a process of its own; by itself it sees a missing variable.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn job() {
    match token(&GitLab::new(NAME), "https://vault.test", &offline()).await {
        Ok(token) => println!("token={token};"),
        Err(error) => {
            let error = assert_unusable::<()>(Err(error.clone()), error.code().unwrap());
            println!("refused={}; {error}", error.code().unwrap());
        }
    }
}

fn seen_by_the_job(value: Option<&str>) -> String {
    child("gitlab::job", &[(NAME, value.map(OsStr::new))])
}

/// A token of a job that started so long ago and may run for an hour.
fn started(ago: Duration) -> String {
    let gitlab = GitLabTwin::with_clock("https://gitlab.test", move || SystemTime::now() - ago);
    gitlab.job("group/app").timeout(Duration::from_secs(3600)).id_token(&["https://vault.test"])
}

#[test]
fn the_jobs_token_is_taken() {
    let token = started(Duration::from_secs(1800));
    assert!(seen_by_the_job(Some(&token)).contains(&format!("token={token};")));
}

#[test]
fn a_job_that_outlived_its_token_learns_which_setting_decides() {
    let seen = seen_by_the_job(Some(&started(Duration::from_secs(4000))));
    assert!(seen.contains("refused=expired;") && seen.contains("a job gets no second one"), "{seen}");
    assert!(seen.contains("`timeout:`") && seen.contains("project_path:group/app"), "{seen}");
}

#[test]
fn a_job_without_the_variable_learns_how_to_get_it() {
    for value in [None, Some(" ")] {
        let seen = seen_by_the_job(value);
        assert!(seen.contains("refused=missing;") || seen.contains("refused=empty;"), "{seen}");
        assert!(seen.contains(&format!("id_tokens: {{ {NAME}: {{ aud:")), "{seen}");
    }
}

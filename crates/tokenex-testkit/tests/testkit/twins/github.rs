//! The token service of an Actions job.

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::twins::github::Job;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use super::support::{Standing, claims};

const BASE: &str = "https://pipelines.test";

fn job() -> (Job, Standing) {
    let clock = Standing::new();
    (Job::with_clock("octo-org", "octo-repo", clock.reader()), clock)
}

fn ask(job: &Job, url: &str, authorization: &str) -> (u16, Value) {
    let request = http::Request::get(url).header("authorization", authorization).body(Bytes::new()).unwrap();
    let answer = job.answer(&request);
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

fn token(job: &Job, audience: &str) -> String {
    let url = format!("{}{audience}", job.request_url(BASE));
    let (status, answer) = ask(job, &url, &format!("Bearer {}", job.request_token()));
    assert_eq!(status, 200, "{answer}");
    assert!(answer["count"].is_u64(), "the real one has this member too");
    answer["value"].as_str().unwrap().to_owned()
}

#[test]
fn each_request_gets_a_new_token_of_five_minutes() {
    let (job, _) = job();
    let (first, second) = (token(&job, "&audience=vault"), token(&job, "&audience=api%3A%2F%2Fx"));
    assert_ne!(claims(&first)["jti"], claims(&second)["jti"]);
    let claims = job.issuer().verify(&second).unwrap();
    assert_eq!(
        (claims["iss"].as_str(), claims["aud"].as_str()),
        (Some("https://token.actions.githubusercontent.com"), Some("api://x"))
    );
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    for pinned in
        ["repository_id", "repository_owner_id", "ref", "job_workflow_ref", "event_name", "run_id", "run_attempt"]
    {
        assert!(claims[pinned].is_string(), "{pinned}");
    }
    assert_eq!(job.issued(), 2);
}

#[test]
fn without_an_audience_a_token_is_for_the_owner() {
    assert_eq!(claims(&token(&job().0, ""))["aud"], "https://github.com/octo-org");
}

#[test]
fn the_subject_names_ids_where_the_repository_is_new() {
    let (job, _) = job();
    assert_eq!(claims(&token(&job, ""))["sub"], "repo:octo-org/octo-repo:ref:refs/heads/main");
    job.environment("eu:prod");
    assert_eq!(claims(&token(&job, ""))["sub"], "repo:octo-org/octo-repo:environment:eu%3Aprod");
    job.immutable_subject(true);
    let claims = claims(&token(&job, ""));
    let id = |name: &str| claims[name].as_str().unwrap().to_owned();
    let (owner, repository) = (id("repository_owner_id"), id("repository_id"));
    assert_eq!(claims["sub"], format!("repo:octo-org@{owner}/octo-repo@{repository}:environment:eu%3Aprod"));
    assert_eq!(claims["sub"], job.subject());
}

#[test]
fn a_second_question_mark_a_wrong_token_and_a_job_that_is_over_get_none() {
    let (job, _) = job();
    let bearer = format!("Bearer {}", job.request_token());
    let url = job.request_url(BASE);
    assert_eq!(ask(&job, &format!("{url}?audience=vault"), &bearer).0, 400);
    assert_eq!(ask(&job, &url, "Bearer another").0, 401);
    assert_eq!(ask(&job, &url, &bearer.replace("Bearer", "Basic")).0, 401);
    assert_eq!(ask(&job, "https://pipelines.test/elsewhere", &bearer).0, 404);
    job.end();
    assert_eq!(ask(&job, &url, &bearer).0, 401);
    assert_eq!(job.issued(), 0);
}

#[test]
fn hiccups_are_in_its_own_form() {
    let (job, _) = job();
    job.fault(2, Fault::OutOfOrder(502, RetryAfter::Absent));
    let bearer = format!("Bearer {}", job.request_token());
    for _ in 0..2 {
        let (status, answer) = ask(&job, &job.request_url(BASE), &bearer);
        assert_eq!((status, &answer["value"]), (502, &json!(null)));
    }
    token(&job, "&audience=vault");
}

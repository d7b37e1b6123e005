//! A job as its runner starts it: a child of this test binary, with the variables that the runner would set.

use std::ffi::OsStr;

use tokenex_core::http::HttpTransport;
use tokenex_core::sources::GitHubActions;
use tokenex_core::{AnyTransport, Attempt, Clock};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::github::Job;

use crate::support::{LONG, child, token};

const AUDIENCE: &str = "https://vault.test";

/// What the other runs in a process of its own; by itself it finds nothing to ask with.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn job() {
    let source = match GitHubActions::from_env() {
        Ok(source) => source,
        Err(error) => {
            assert_eq!(error.code(), Some("missing"), "{error}");
            return;
        }
    };
    let transport = AnyTransport::new(HttpTransport::builder().build().unwrap());
    let cx = Attempt::detached(Clock::system(), transport, LONG);
    println!("token={};", token(&source, AUDIENCE, &cx).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_variables_of_the_runner_lead_to_a_token() {
    let twin = Job::new("octo-org", "octo-repo");
    let served = twin.serve().await.unwrap();
    let (url, request_token) = (twin.request_url(&served.url()), twin.request_token().to_owned());
    let seen = tokio::task::spawn_blocking(move || {
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", request_token.as_str()),
        ];
        child("github_actions::job", &variables.map(|(name, value)| (name, Some(OsStr::new(value)))))
    });
    let seen = seen.await.unwrap();
    let token = seen.split_once("token=").and_then(|(_, rest)| rest.split_once(';')).expect("a token").0;
    assert_eq!(twin.issuer().verify(token).unwrap()["aud"], AUDIENCE);
}

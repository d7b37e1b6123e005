//! Oracle's SDK for Python, unmodified and with documented arguments only, takes the twin for Oracle Cloud; and the refusals
//! reach it.

use std::time::Duration;

use serde_json::{Value, json};
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{STRANGER, SUBJECT, World, ask};

async fn exchange(question: &Value) -> Value {
    ask("exchange.py", question, |script| script).await
}

#[tokio::test]
async fn it_exchanges_an_identity_token_and_makes_signed_calls() {
    let world = World::new().await;
    let answer = exchange(&world.question(SUBJECT)).await;
    assert_eq!(answer["namespace"], world.oci.namespace(), "{answer}");
    assert_eq!((&answer["objects"], &answer["read"]), (&json!(["from/python object"]), &json!("streamed")), "{answer}");
    assert_eq!(answer["made"], "made", "a POST with a body");
    assert_eq!(world.oci.claims(answer["token"].as_str().unwrap()).unwrap()["sub"], world.user.ocid());
    assert_eq!(world.callers(), vec![world.user.ocid(); 5]);
    let signed: Vec<String> = world.oci.calls().iter().map(|call| call.signed.join(" ")).collect();
    let (short, long) = ("date (request-target) host", " content-length content-type x-content-sha256");
    assert_eq!(signed, [short, short, short, short, &format!("{short}{long}")]);
}

#[tokio::test]
async fn it_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let refused = exchange(&world.question(STRANGER)).await;
    assert_eq!(refused, json!({ "error": "400 invalid_grant" }));
    assert!(world.oci.calls().is_empty());
    world.trust.impersonate(&format!("sub eq {STRANGER}"), &world.user);
    assert_eq!(exchange(&world.question(STRANGER)).await["namespace"], world.oci.namespace());
}

#[tokio::test]
async fn it_fails_with_another_audience_another_secret_and_a_trust_that_is_off() {
    let world = World::new().await;
    let mut question = world.question(SUBJECT);
    question["jwt"] = json!(world.issuer.token().subject(SUBJECT).audience("other").sign());
    assert_eq!(exchange(&question).await["error"], "400 invalid_grant");
    let mut question = world.question(SUBJECT);
    question["client_secret"] = json!("other");
    assert_eq!(exchange(&question).await["error"], "401 invalid_client");
    world.trust.active(false);
    assert_eq!(exchange(&world.question(SUBJECT)).await["error"], "400 invalid_grant");
}

#[tokio::test]
async fn what_no_policy_allows_and_bad_days_reach_it() {
    let world = World::new().await;
    world.bucket.allow_nobody();
    assert_eq!(exchange(&world.question(SUBJECT)).await["error"], "404 NotAuthorizedOrNotFound");
    world.domain.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    assert_eq!(exchange(&world.question(SUBJECT)).await["error"], "503 temporarily_unavailable");
}

#[tokio::test]
async fn a_token_that_has_ended_is_exchanged_again_within_the_next_call() {
    let world = World::new().await;
    world.domain.longest_life(Duration::from_secs(1));
    let mut question = world.question(SUBJECT);
    question["outlive"] = json!(true);
    let longer_from_now_on = async {
        while world.domain.issued() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.domain.longest_life(Duration::from_secs(3600));
    };
    let (answer, ()) = tokio::join!(exchange(&question), longer_from_now_on);
    assert_eq!(answer["namespace"], world.oci.namespace(), "{answer}");
    assert_eq!(world.domain.issued(), 2, "the first one ended before the first call");
}

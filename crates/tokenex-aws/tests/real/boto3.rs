//! boto3, unmodified and with documented arguments only, takes the twin for STS; and AWS's refusals reach it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{EXTERNAL_ID, SUBJECT, World, ask};

/// What boto3 answers to these calls.
async fn calls(world: &World, calls: &[Value]) -> Value {
    ask("calls.py", &json!({ "endpoint": world.served.url(), "calls": calls }), |script| script).await
}

fn web_identity(world: &World, subject: &str) -> Value {
    json!({
        "operation": "assume_role_with_web_identity",
        "arguments": {
            "RoleArn": world.deployer.arn(),
            "RoleSessionName": "ci",
            "WebIdentityToken": world.jwt(subject),
        },
    })
}

/// The second role, with the keys of the first call.
fn chained(world: &World, more: Value) -> Value {
    let mut arguments = json!({ "RoleArn": world.auditor.arn(), "RoleSessionName": "audit" });
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    json!({ "operation": "assume_role", "arguments": arguments, "signer": { "of": 0 } })
}

/// A token for others, with the keys of the first call.
fn outbound(more: Value) -> Value {
    let mut arguments = json!({ "Audience": ["api://AzureADTokenExchange"], "SigningAlgorithm": "RS256" });
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    json!({ "operation": "get_web_identity_token", "arguments": arguments, "signer": { "of": 0 } })
}

fn whoami(signer: Value) -> Value {
    json!({ "operation": "get_caller_identity", "signer": signer })
}

#[track_caller]
fn assert_refused(answer: &Value, status: u16, code: &str) {
    assert_eq!((&answer["Status"], &answer["Code"]), (&json!(status), &json!(code)), "{answer}");
}

#[tokio::test]
async fn boto3_becomes_a_role_by_web_identity_and_then_another() {
    let world = World::new().await;
    let answers = calls(
        &world,
        &[
            web_identity(&world, SUBJECT),
            whoami(json!({ "of": 0 })),
            chained(&world, json!({ "ExternalId": EXTERNAL_ID })),
            whoami(json!({ "of": 2 })),
        ],
    )
    .await;

    assert_eq!(answers[0]["SubjectFromWebIdentityToken"], SUBJECT);
    assert_eq!(answers[0]["AssumedRoleUser"]["Arn"], answers[1]["Arn"], "{answers}");
    assert_eq!(answers[1]["Arn"], "arn:aws:sts::123456789012:assumed-role/deployer/ci");
    assert_eq!(answers[3]["Arn"], "arn:aws:sts::123456789012:assumed-role/auditor/audit");
    assert_eq!(world.sts.issued(), 2);
}

#[tokio::test]
async fn boto3_is_refused_with_the_wrong_subject() {
    let world = World::new().await;
    let answers = calls(&world, &[web_identity(&world, "repo:acme/other"), web_identity(&world, "")]).await;
    for answer in answers.as_array().unwrap() {
        assert_refused(answer, 403, "AccessDenied");
        assert_eq!(answer["Message"], "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
    assert_eq!(world.sts.issued(), 0);
}

#[tokio::test]
async fn boto3_is_refused_what_a_chain_may_not() {
    let world = World::new().await;
    world.auditor.maximum_session(Duration::from_secs(43_200));
    let answers = calls(
        &world,
        &[
            web_identity(&world, SUBJECT),
            chained(&world, json!({ "ExternalId": "order-8" })),
            chained(&world, json!({ "ExternalId": EXTERNAL_ID, "DurationSeconds": 7200 })),
            chained(&world, json!({ "ExternalId": EXTERNAL_ID, "Tags": [{ "Key": "team", "Value": "a" }] })),
        ],
    )
    .await;

    assert_refused(&answers[1], 403, "AccessDenied");
    assert_refused(&answers[2], 400, "ValidationError");
    assert_refused(&answers[3], 403, "AccessDenied");
}

#[tokio::test]
async fn boto3_is_refused_with_keys_that_are_not_those_handed_out() {
    let world = World::new().await;
    let wrong = |more: Value| {
        let mut signer = json!({ "of": 0 });
        for (name, value) in more.as_object().unwrap() {
            signer[name] = value.clone();
        }
        whoami(signer)
    };
    let answers = calls(
        &world,
        &[
            web_identity(&world, SUBJECT),
            wrong(json!({ "SecretAccessKey": "x".repeat(40) })),
            wrong(json!({ "SessionToken": "another" })),
            wrong(json!({ "AccessKeyId": "ASIAXXXXXXXXXXXXXXXX" })),
            whoami(Value::Null),
        ],
    )
    .await;

    assert_refused(&answers[1], 403, "SignatureDoesNotMatch");
    assert_refused(&answers[2], 403, "InvalidClientTokenId");
    assert_refused(&answers[3], 403, "InvalidClientTokenId");
    assert_refused(&answers[4], 403, "MissingAuthenticationToken");
}

#[tokio::test]
async fn boto3_gets_tokens_for_others_that_the_accounts_keys_verify() {
    let world = World::new().await;
    let issuer = world.account.enable_outbound_federation();
    let answers = calls(
        &world,
        &[
            web_identity(&world, SUBJECT),
            outbound(json!({})),
            outbound(json!({ "SigningAlgorithm": "ES384", "Audience": ["one", "two"], "DurationSeconds": 60 })),
            outbound(json!({ "Tags": [{ "Key": "team", "Value": "a" }] })),
        ],
    )
    .await;

    let claims = |at: usize| issuer.verify(answers[at]["WebIdentityToken"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&claims(1)["sub"], &claims(1)["aud"]),
        (&json!(world.deployer.arn()), &json!("api://AzureADTokenExchange"))
    );
    assert_eq!(claims(2)["aud"], json!(["one", "two"]));
    assert_eq!(claims(3)["https://sts.amazonaws.com/"]["request_tags"], json!({ "team": "a" }));
}

#[tokio::test]
async fn boto3_is_refused_tokens_for_others_that_the_session_may_not_have() {
    let world = World::new().await;
    let begin = || web_identity(&world, SUBJECT);
    let disabled = calls(&world, &[begin(), outbound(json!({}))]).await;
    assert_refused(&disabled[1], 403, "OutboundWebIdentityFederationDisabledException");

    world.account.enable_outbound_federation();
    let mut short = begin();
    short["arguments"]["DurationSeconds"] = json!(900);
    let answers = calls(&world, &[short, outbound(json!({ "DurationSeconds": 901 }))]).await;
    assert_refused(&answers[1], 403, "SessionDurationEscalationException");

    world.deployer.forbid("sts:GetWebIdentityToken");
    let answers = calls(&world, &[begin(), outbound(json!({}))]).await;
    assert_refused(&answers[1], 403, "AccessDenied");
}

//! google-auth for Python, unmodified and with documented arguments only, takes the twin for Google; and Google's refusals
//! reach it.

use serde_json::{Value, json};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;
use tokenex_testkit::web::{Received, Reply, WebServer};

use crate::world::{CLOUD_PLATFORM, STRANGER, SUBJECT, World, ask};

const REFUSED: &str = "iam.serviceAccounts.getAccessToken";

/// What google-auth gets for this credential file.
async fn token(info: &Value, variables: &[(&str, &str)]) -> Value {
    let question = json!({ "info": info, "scopes": [CLOUD_PLATFORM] });
    ask("external_account.py", &question, |script| {
        variables.iter().fold(script, |script, (name, value)| script.variable(name, value))
    })
    .await
}

#[track_caller]
fn assert_is(world: &World, answer: &Value, member: &str) {
    let token = answer["token"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(world.holder(token), member);
}

#[track_caller]
fn assert_refused(answer: &Value, why: &str) {
    assert!(answer["error"].as_str().is_some_and(|error| error.contains(why)), "{answer}");
}

#[tokio::test]
async fn it_takes_a_token_from_a_file_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let federated = token(&world.federated(world.file_source(SUBJECT)), &[]).await;
    assert_is(&world, &federated, &world.provider.principal(SUBJECT));
    let impersonated = token(&world.impersonated(world.file_source(SUBJECT)), &[]).await;
    assert_is(&world, &impersonated, &world.account.member());
    assert_refused(&token(&world.impersonated(world.file_source(STRANGER)), &[]).await, REFUSED);

    world.provider.only_subject(SUBJECT);
    let refused = token(&world.federated(world.file_source(STRANGER)), &[]).await;
    assert_refused(&refused, "unauthorized_client: The given credential is rejected by the attribute condition.");
}

#[tokio::test]
async fn it_takes_a_token_from_an_address_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let platform = WebServer::start().await.unwrap();
    let source = |path: &str| {
        json!({
            "url": format!("{}{path}", platform.url()),
            "headers": { "Metadata": "true" },
            "format": { "type": "json", "subject_token_field_name": "access_token" },
        })
    };
    for (path, subject) in [("/token", SUBJECT), ("/strange", STRANGER)] {
        let document = json!({ "access_token": world.jwt(subject) });
        platform.on(path, move |request: &Received| match request.header("metadata") {
            "true" => Reply::json(200, &document),
            _ => Reply::status(400),
        });
    }
    assert_is(&world, &token(&world.impersonated(source("/token")), &[]).await, &world.account.member());
    assert_refused(&token(&world.impersonated(source("/strange")), &[]).await, REFUSED);
}

#[tokio::test]
async fn it_takes_a_token_from_a_program_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let answer = async |subject| {
        let document = json!({
            "version": 1,
            "success": true,
            "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "id_token": world.jwt(subject),
        });
        let document = world.folder.write("answer.json", &document.to_string());
        let command = format!("/bin/cat {}", document.display());
        let info = world.impersonated(json!({ "executable": { "command": command, "timeout_millis": 10_000 } }));
        token(&info, &[("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")]).await
    };
    assert_is(&world, &answer(SUBJECT).await, &world.account.member());
    assert_refused(&answer(STRANGER).await, REFUSED);
}

#[tokio::test]
async fn it_takes_the_keys_of_a_role_of_aws_and_fails_with_those_of_another_account() {
    let world = World::new().await;
    let sts = StsTwin::new();
    let provider = world.project.aws_provider("ci", "aws", &sts, "123456789012");
    let mut info = world.federated(json!({
        "environment_id": "aws1",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    }));
    info["audience"] = json!(provider.audience());
    info["subject_token_type"] = json!("urn:ietf:params:aws:token-type:aws4_request");
    let answer = async |account: &str| {
        let key = sts.account(account).user("ada");
        let variables =
            [("AWS_ACCESS_KEY_ID", key.id()), ("AWS_SECRET_ACCESS_KEY", key.secret()), ("AWS_REGION", "eu-west-1")];
        token(&info, &variables).await
    };
    let arn = "arn:aws:iam::123456789012:user/ada";
    assert_is(&world, &answer("123456789012").await, &provider.principal(arn));
    assert_refused(&answer("210987654321").await, "invalid_grant: The AWS account of the given request");
}

#[tokio::test]
async fn it_acts_as_a_service_account_over_a_delegate() {
    let world = World::new().await;
    let target = world.project.service_account("target");
    target.bind(&world.account.member());
    let answer = async |subject, delegates: Value| {
        let question = json!({
            "info": world.federated(world.file_source(subject)),
            "target": target.email(),
            "scopes": [CLOUD_PLATFORM],
            "delegates": delegates,
            "lifetime": 600,
            "endpoint": target.impersonation_url(&world.served.url()),
        });
        ask("impersonated.py", &question, |script| script).await
    };
    let delegate = json!([format!("projects/-/serviceAccounts/{}", world.account.email())]);
    assert_is(&world, &answer(SUBJECT, delegate.clone()).await, &target.member());
    assert_refused(&answer(SUBJECT, json!([])).await, REFUSED);
    assert_refused(&answer(STRANGER, delegate).await, REFUSED);
}

#[tokio::test]
async fn it_takes_a_service_account_key_until_it_is_deleted() {
    let world = World::new().await;
    let key = world.account.key();
    let info: Value = serde_json::from_str(&key.json(&format!("{}/token", world.served.url()))).unwrap();
    let question = json!({ "info": info, "scopes": [CLOUD_PLATFORM], "audience": "https://service.test" });
    let answer = ask("service_account.py", &question, |script| script).await;
    assert_is(&world, &answer, &world.account.member());
    assert_eq!(verify(&world, &answer["id_token"], "https://service.test").await["sub"], world.account.unique_id());

    key.delete();
    assert_refused(&ask("service_account.py", &question, |script| script).await, "Invalid JWT Signature.");
}

#[tokio::test]
async fn it_takes_the_metadata_server_and_verifies_what_comes_from_it() {
    let world = World::new().await;
    let machine = world.account.machine();
    let metadata = machine.serve().await.unwrap();
    let host = metadata.server().addr().to_string();
    let question = json!({ "audience": "https://service.test" });
    let answer = async || {
        ask("machine.py", &question, |script| {
            // The one for tokens, the other for finding out whether there is such a server.
            script.variable("GCE_METADATA_HOST", &host).variable("GCE_METADATA_IP", &host)
        })
        .await
    };
    let found = answer().await;
    assert_is(&world, &found, &world.account.member());
    assert_eq!((&found["account"], &found["project"]), (&json!(world.account.email()), &json!("acme-prod")));
    let claims = verify(&world, &found["id_token"], "https://service.test").await;
    assert_eq!(
        (&claims["iss"], &claims["email"]),
        (&json!("https://accounts.google.com"), &json!(world.account.email()))
    );

    machine.without_flavor(true);
    assert!(answer().await["error"].is_string(), "anybody can be the metadata server");
}

#[tokio::test]
async fn it_verifies_id_tokens_with_the_published_keys_and_refuses_all_others() {
    let world = World::new().await;
    let google = world.google.id_token_keys();
    let token = google.token().algorithm(tokenex_testkit::issuer::Algorithm::Rs256).audience("a");
    assert_eq!(verify(&world, &json!(token.sign()), "a").await["iss"], "https://accounts.google.com");
    for (wrong, audience) in [(token.clone().forged().sign(), "a"), (token.sign(), "b")] {
        assert!(verify(&world, &json!(wrong), audience).await["error"].is_string());
    }
}

/// What a service makes of an ID token that it got.
async fn verify(world: &World, token: &Value, audience: &str) -> Value {
    let certs = format!("{}/oauth2/v3/certs", world.served.url());
    ask("verify.py", &json!({ "token": token, "audience": audience, "certs": certs }), |script| script).await
}

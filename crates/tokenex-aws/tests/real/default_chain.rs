//! What every program with boto3 does without a line of its own: credentials from the surroundings. It takes the twins for
//! what AWS puts on machines, and our output for that of such an endpoint.

use serde_json::{Value, json};
use tokenex_aws::output;
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::PodIdentityTwin;
use tokenex_testkit::web::{Reply, WebServer};

use crate::world::{Folder, PATIENCE, REGION, SECOND, SUBJECT, World, ask, scheduler};

/// Who boto3 is, with these variables beside the address of STS.
async fn whoami(world: &World, variables: &[(&str, &str)]) -> Value {
    let adjust = |script: PythonScript| {
        let script = script.variable("AWS_ENDPOINT_URL_STS", world.served.url()).variable("AWS_DEFAULT_REGION", REGION);
        variables.iter().fold(script, |script, (name, value)| script.variable(name, value))
    };
    ask("default_chain.py", &json!({}), adjust).await
}

#[track_caller]
fn assert_is(answer: &Value, role: &str, method: &str) {
    let arn = answer["Arn"].as_str().unwrap_or_default();
    assert!(arn.starts_with(&format!("arn:aws:sts::123456789012:assumed-role/{role}/")), "{answer}");
    assert_eq!(answer["Method"], method);
}

#[tokio::test]
async fn boto3_finds_the_role_and_the_token_file_of_a_pod_and_fails_with_the_wrong_subject() {
    let world = World::new().await;
    let folder = Folder::new();
    let answer = async |subject| {
        let file = folder.write("token", &world.jwt(subject));
        let variables =
            [("AWS_ROLE_ARN", world.deployer.arn()), ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap())];
        whoami(&world, &variables).await
    };
    assert_is(&answer(SUBJECT).await, "deployer", "assume-role-with-web-identity");
    let error = answer("repo:acme/other").await["Error"].to_string();
    assert!(error.contains("AccessDenied"), "{error}");
}

#[tokio::test]
async fn boto3_takes_the_container_endpoint_and_fails_with_the_wrong_token() {
    let world = World::new().await;
    let container = world.deployer.container();
    let served = container.serve().await.unwrap();
    let url = served.url() + container.path();
    let answer = async |token: &str| {
        let variables =
            [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)];
        whoami(&world, &variables).await
    };
    assert_is(&answer(&container.token()).await, "deployer", "container-role");
    assert!(answer("wrong").await["Error"].is_string());
}

#[tokio::test]
async fn boto3_takes_the_agent_of_pod_identity_and_fails_with_the_wrong_service_account() {
    let world = World::new().await;
    let agent = world.auditor.pod_identity(&world.issuer, "shop", "cart");
    let served = agent.serve().await.unwrap();
    let url = served.url() + PodIdentityTwin::PATH;
    let folder = Folder::new();
    let answer = async |service_account: &str| {
        let subject = format!("system:serviceaccount:shop:{service_account}");
        let token = world.issuer.token().subject(subject).audience("pods.eks.amazonaws.com").sign();
        let file = folder.write("token", &token);
        let file = file.to_str().unwrap();
        let variables =
            [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)];
        whoami(&world, &variables).await
    };
    assert_is(&answer("cart").await, "auditor", "container-role");
    assert!(answer("other").await["Error"].is_string());
}

#[tokio::test]
async fn boto3_takes_the_metadata_service_of_an_instance() {
    let world = World::new().await;
    let instance = world.deployer.instance(REGION);
    let served = instance.serve().await.unwrap();
    let url = served.url();
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str()), ("AWS_EC2_METADATA_DISABLED", "false")];
    assert_is(&whoami(&world, &variables).await, "deployer", "iam-role");
    instance.without_role(true);
    assert!(whoami(&world, &variables).await["Error"].is_string());
}

#[tokio::test]
async fn boto3_takes_our_output_of_a_process_and_of_an_endpoint() {
    let world = World::new().await;
    let scheduler = scheduler();
    let role = scheduler.keep(world.web_identity_at(&world.served.url(), SUBJECT).build().unwrap());
    let issued = role.ready(PATIENCE).await.unwrap();

    let folder = Folder::new();
    let document = folder.write("document", output::credential_process_json(&issued).unwrap().expose());
    let profile = format!("[default]\ncredential_process = cat '{}'\n", document.display());
    let profile = folder.write("config", &profile);
    let variables = [("AWS_CONFIG_FILE", profile.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    assert_is(&whoami(&world, &variables).await, "deployer", "custom-process");

    let endpoint = WebServer::start().await.unwrap();
    let document: Value = serde_json::from_str(output::container_json(&issued).unwrap().expose()).unwrap();
    endpoint.on("/role", Reply::json(200, &document));
    let url = format!("{}/role", endpoint.url());
    assert_is(&whoami(&world, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]).await, "deployer", "container-role");
    scheduler.shutdown(SECOND).await;
}

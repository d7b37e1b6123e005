//! The request after the exchange.

use serde_json::json;
use tokenex_testkit::web::Reply;

use super::world::World;

#[tokio::test]
async fn a_missing_role_of_azure_is_another_finding_than_refused_trust() {
    let world = World::new().await;
    world.write(|file| file.replace("resourceGroups/web/", "resourceGroups/secret/"));
    let diagnosis = world.doctor(&["arm"]).await;
    diagnosis.step("arm", "exchange").is("ok");
    let world = World::new().await;
    let other = world.tenant.app("other");
    other.federate(world.issuer.url(), super::world::SUBJECT, "api://AzureADTokenExchange").unwrap();
    world.write(|file| file.replace(world.app.client_id(), other.client_id()));
    let diagnosis = world.doctor(&["arm"]).await.exits(6);
    diagnosis.step("arm", "exchange").is("ok");
    let probe = diagnosis.step("arm", "probe").is("failed").said("AuthorizationFailed", "does not have authorization");
    let scope = format!("/subscriptions/{}/resourceGroups/web", world.subscription.id());
    probe.means("what is missing is a permission");
    probe.fixed_by("az role assignment create", &[other.client_id(), &format!("--scope {scope}")]);
    assert!(!probe.0["found"]["address"].as_str().unwrap().contains("api-version"), "no query: {probe:?}");
}

#[tokio::test]
async fn requests_to_oracle_are_signed_and_its_404_may_be_a_missing_policy() {
    let world = World::new().await;
    world.bucket.allow_nobody();
    let diagnosis = world.doctor(&["session"]).await.exits(6);
    diagnosis.step("session", "exchange").is("ok");
    let probe = diagnosis.step("session", "probe").is("failed").said("NotAuthorizedOrNotFound", "Authorization failed");
    probe.fixed_by("oci iam policy list", &[]).means("Allow group");
    let call = world.oci.calls().pop().unwrap();
    assert_eq!(call.outcome, Err(("NotAuthorizedOrNotFound", "no policy allows it")), "the signature was accepted");
}

#[tokio::test]
async fn requests_to_aws_are_signed_for_the_service_and_its_words_are_read() {
    let world = World::new().await;
    let reply = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not yours</Message></Error></ErrorResponse>";
    world.at.sts.server().on("/bucket", Reply::text(403, reply));
    world.write(|file| file.replace("/?Action=GetCallerIdentity&Version=2011-06-15", "/bucket"));
    let diagnosis = world.doctor(&["deploy"]).await.exits(6);
    let probe = diagnosis.step("deploy", "probe").is("failed").said("AccessDenied", "not yours");
    probe.fixed_by("aws iam list-attached-role-policies --role-name deployer", &[]);
    let requests = world.at.sts.server().requests_to("/bucket");
    let authorization = requests[0].header("authorization");
    assert!(authorization.contains("/eu-west-1/sts/aws4_request"), "{authorization}");
    assert!(!requests[0].header("x-amz-security-token").is_empty());
}

#[tokio::test]
async fn google_and_identity_tokens_are_shown_as_bearer_tokens() {
    let world = World::new().await;
    let refused = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": "storage.buckets.list" } });
    world.at.google.server().on("/storage", Reply::json(403, &refused));
    world.with_line("robot", &format!("probe = \"{}/storage\"", world.at.google.url()));
    let diagnosis = world.doctor(&["robot"]).await.exits(6);
    diagnosis.step("robot", "access").is("ok");
    let probe = diagnosis.step("robot", "probe").is("failed").said("PERMISSION_DENIED", "storage.buckets.list");
    probe.fixed_by("gcloud projects get-iam-policy acme-prod", &[world.robot.email()]);
    let requests = world.at.google.server().requests_to("/storage");
    assert!(world.google.access(requests[0].header("authorization").strip_prefix("Bearer ").unwrap()).is_some());
}

#[tokio::test]
async fn the_token_of_a_vault_login_goes_to_its_own_server_only() {
    let world = World::new().await;
    world.write(|file| file.replace("/v1/auth/token/lookup-self", "/v1/sys/mounts"));
    let diagnosis = world.doctor(&["kv"]).await.exits(6);
    let probe = diagnosis.step("kv", "probe").is("failed").said("", "permission denied");
    probe.fixed_by("vault read", &["-field=token_policies", "auth/jwt/role/app"]);

    let elsewhere = world.at.google.url();
    world.write(|file| {
        file.replace(&format!("{}/v1/auth/token/lookup-self", world.at.vault.url()), &format!("{elsewhere}/x"))
    });
    let diagnosis = world.doctor(&["kv"]).await.exits(2);
    diagnosis.step("kv", "probe").is("failed").means("another server");
    assert!(world.at.google.server().requests_to("/x").is_empty());
}

#[tokio::test]
async fn an_answer_that_neither_allows_nor_refuses_is_a_warning_and_an_outage_is_no_refusal() {
    let world = World::new().await;
    let server = world.at.google.server();
    server.on("/absent", Reply::status(404));
    server.on("/moved", Reply::redirect(302, &format!("{}/target", world.at.google.url())));
    server.on("/target", Reply::status(200));
    server.on("/down", Reply::status(503));
    for (path, exit, result) in [("absent", 0, "warning"), ("moved", 0, "warning"), ("down", 5, "failed")] {
        world.with_line("jwt", &format!("probe = \"{}/{path}\"", world.at.google.url()));
        world.doctor(&["jwt"]).await.exits(exit).step("jwt", "probe").is(result);
    }
    assert!(server.requests_to("/target").is_empty(), "a redirect is not followed");
}

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::aws::PodIdentityTwin;

use super::support::*;

fn ask(twin: &impl Twin, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = http::Request::builder().method(method).uri(format!("http://169.254.169.254{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = twin.answer(&request.body(Bytes::new()).unwrap());
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
}

fn keys(body: &str) -> Keys {
    let body: Value = serde_json::from_str(body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("Token")) }
}

#[test]
fn a_container_gets_the_same_session_until_shortly_before_its_end() {
    let world = World::new();
    let container = world.role.container();
    let token = container.token();
    let ask = |token: &str| ask(&container, "GET", container.path(), &[("authorization", token)]);
    let first = keys(&ask(&token).1);
    assert!(world.signed(&first, "GetCallerIdentity", &[]).element("Arn").contains("assumed-role/deployer/"));
    world.clock.advance(6 * 3600 - 300);
    assert_eq!(keys(&ask(&token).1).id, first.id);
    world.clock.advance(1);
    assert_ne!(keys(&ask(&token).1).id, first.id);
    assert_eq!(container.issued(), 2);

    let (status, body) = ask("wrong");
    assert!(status == 401 && body.contains("\"Code\":\"AccessDenied\""), "{status} {body}");
    container.rotate_token();
    assert_eq!(ask(&token).0, 401);
    container.without_token();
    assert_eq!(ask("").0, 200);
}

#[test]
fn a_pod_proves_its_service_account() {
    let world = World::new();
    let agent = world.role.pod_identity(&world.issuer, "shop", "cart");
    let pod = || world.issuer.token().subject("system:serviceaccount:shop:cart").audience("pods.eks.amazonaws.com");
    let call = |jwt: &str| ask(&agent, "GET", PodIdentityTwin::PATH, &[("authorization", jwt)]);
    assert_eq!(call(&pod().sign()).0, 200);
    for (jwt, code) in [
        (pod().subject("system:serviceaccount:shop:other").sign(), "ResourceNotFoundException"),
        (pod().forged().sign(), "InvalidTokenException"),
        (world.issuer.token().subject("system:serviceaccount:shop:cart").sign(), "InvalidTokenException"),
        (pod().expired_since(Duration::from_secs(1)).sign(), "ExpiredTokenException"),
    ] {
        let (status, body) = call(&jwt);
        assert!(status >= 400 && body.contains(code), "{code}: {status} {body}");
    }
    assert_eq!(agent.issued(), 1);
}

#[test]
fn an_instance_answers_only_with_a_token_of_its_service() {
    let world = World::new();
    let instance = world.role.instance("eu-west-1");
    let path = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(ask(&instance, "GET", path, &[]).0, 401);
    let ttl = "x-aws-ec2-metadata-token-ttl-seconds";
    assert_eq!(ask(&instance, "PUT", "/latest/api/token", &[]).0, 400);
    assert_eq!(ask(&instance, "PUT", "/latest/api/token", &[(ttl, "21601")]).0, 400);
    let (status, token) = ask(&instance, "PUT", "/latest/api/token", &[(ttl, "60")]);
    assert_eq!(status, 200);
    let get = |path: &str| ask(&instance, "GET", path, &[("x-aws-ec2-metadata-token", &token)]);
    assert_eq!(get(path), (200, "deployer".to_owned()));
    let credentials = "/latest/meta-data/iam/security-credentials/deployer";
    let first = keys(&get(credentials).1);
    assert_eq!(world.signed(&first, "GetCallerIdentity", &[]).status, 200);
    assert_eq!(get("/latest/meta-data/placement/region").1, "eu-west-1");
    assert_eq!(get("/latest/meta-data/iam/security-credentials/other").0, 404);

    instance.answers_code(Some("AssumeRoleUnauthorizedAccess"));
    let (status, body) = get(credentials);
    assert!(status == 200 && body.contains("AssumeRoleUnauthorizedAccess") && !body.contains("AccessKeyId"));
    instance.answers_code(None).stuck(true);
    world.clock.advance(59);
    instance.lifetime(Duration::from_secs(60));
    assert_eq!(keys(&get(credentials).1).id, first.id);
    world.clock.advance(1);
    assert_eq!(get(credentials).0, 401, "the token of the service has ended");
    instance.without_role(true);
    let token = ask(&instance, "PUT", "/latest/api/token", &[(ttl, "60")]).1;
    assert_eq!(ask(&instance, "GET", path, &[("x-aws-ec2-metadata-token", &token)]).0, 404);
    let through_a_proxy = [("x-aws-ec2-metadata-token", token.as_str()), ("x-forwarded-for", "10.0.0.1")];
    assert_eq!(ask(&instance, "GET", path, &through_a_proxy).0, 403);
}

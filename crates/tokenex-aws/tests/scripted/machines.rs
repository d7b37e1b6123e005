//! Credentials that the platform gives to a container or an instance.

use std::time::Duration;

use tokenex_aws::{AssumeRole, ContainerCredentials, InstanceCredentials, OutboundIdentity};
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Passthrough, Retry, Scheduler, Secret};
use tokenex_testkit::transport;
use tokenex_testkit::twins::aws::{PodIdentityTwin, TrustStatement};
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::world::{ACCOUNT, REGION, World, minutes, reply};

const ECS: &str = "169.254.170.2";
const PODS: &str = "169.254.170.23";
const IMDS: &str = "169.254.169.254";

fn container(path: &str, token: &str) -> ContainerCredentials {
    let builder = ContainerCredentials::builder(format!("http://{ECS}{path}"));
    builder.authorization(StaticText::new(token)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_container_gets_the_session_of_its_task_and_keeps_it_fresh() {
    let world = World::new();
    let twin = world.role.container();
    twin.lifetime(minutes(60)).route(&world.network, ECS);
    let handle = world.keep(container(twin.path(), &twin.token()));
    let first = handle.get().await.unwrap();
    assert!(first.is_role_session() && first.fingerprint() == Some(first.access_key_id()));
    assert_eq!((first.account_id(), first.role_arn()), (Some(ACCOUNT), Some(world.role.arn())));
    let request = &world.network.requests_to(ECS)[0];
    assert_eq!((request.path(), request.header("authorization")), (twin.path(), twin.token().as_str()));
    assert!(request.headers()["authorization"].is_sensitive());
    for _ in 0..36 {
        world.seconds(300).await;
        assert!(handle.get().await.unwrap().expires_at().unwrap() > world.time.wall());
    }
    assert!((3..=5).contains(&twin.issued()), "{} sessions in three hours", twin.issued());
}

#[tokio::test(start_paused = true)]
async fn a_pod_shows_the_token_that_is_in_the_file_now() {
    let world = World::new();
    let twin = world.role.pod_identity(&world.issuer, "prod", "api");
    twin.lifetime(minutes(60)).route(&world.network, PODS);
    let jwt = world.jwt().audience("pods.eks.amazonaws.com").lifetime(minutes(60));
    let source = Closure::plain(move |_| Ok(Secret::new(jwt.sign())));
    let builder = ContainerCredentials::builder(format!("http://{PODS}{}", PodIdentityTwin::PATH));
    let handle = world.keep(builder.authorization(source).build().unwrap());
    handle.get().await.unwrap();
    world.seconds(3 * 3600).await;
    assert!(handle.get().await.is_ok() && handle.status().failing.is_none());
    let shown: std::collections::HashSet<_> =
        world.network.requests_to(PODS).iter().map(|r| r.header("authorization").to_owned()).collect();
    assert!(shown.len() > 2, "a new token each time");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_endpoint_say_what_is_missing_and_not_what_was_sent() {
    let world = World::new();
    let twin = world.role.container();
    twin.route(&world.network, ECS);
    let (path, token) = (twin.path().to_owned(), twin.token());
    for (path, token, kind, code) in [
        (path.as_str(), "hunter22-wrong", ErrorKind::Denied, "AccessDenied"),
        ("/v2/credentials/other", token.as_str(), ErrorKind::NotFound, "ResourceNotFound"),
    ] {
        let error = world.keep(container(path, token)).get().await.unwrap_err();
        assert_eq!((error.kind(), error.code(), error.retry()), (kind, Some(code), Retry::Terminal), "{error}");
        assert_eq!((error.provider(), error.step()), (Some("aws"), Some("container credentials")));
        assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"), "{error}");
    }
    let pods = world.role.pod_identity(&world.issuer, "prod", "api");
    pods.route(&world.network, PODS);
    let ask = |jwt: String| {
        let builder = ContainerCredentials::builder(format!("http://{PODS}{}", PodIdentityTwin::PATH));
        world.keep(builder.authorization(StaticText::new(jwt)).build().unwrap())
    };
    let jwt = world.jwt().audience("pods.eks.amazonaws.com");
    for (jwt, kind, is_transient) in [
        (jwt.clone().expired_since(minutes(1)).sign(), ErrorKind::Identity, true),
        (jwt.clone().forged().sign(), ErrorKind::Denied, false),
        (jwt.subject("system:serviceaccount:prod:other").sign(), ErrorKind::NotFound, false),
    ] {
        let error = ask(jwt).get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, is_transient), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_authorization_token_goes_nowhere_else() {
    let world = World::new();
    world.network.route(ECS, |_| async {
        http::Response::builder()
            .status(307)
            .header("location", "http://169.254.170.23/")
            .body(Default::default())
            .unwrap()
    });
    world.network.route(PODS, |_| async { reply(200, "{}") });
    let error = world.keep(container("/x", "hunter22")).get().await.unwrap_err();
    assert_eq!((error.kind(), world.network.count(PODS)), (ErrorKind::Configuration, 0), "{error}");
}

#[tokio::test(start_paused = true)]
async fn bad_days_of_the_endpoint_pass() {
    let world = World::new();
    let twin = world.role.container();
    twin.route(&world.network, ECS);
    for (fault, kind) in [
        (Fault::Throttled(RetryAfter::Seconds(3)), ErrorKind::Throttled),
        (Fault::OutOfOrder(500, RetryAfter::Absent), ErrorKind::Unavailable),
        (Fault::Html(200), ErrorKind::Protocol),
        (Fault::HalfBody, ErrorKind::Protocol),
        (Fault::Empty(200), ErrorKind::Protocol),
    ] {
        twin.fault(1, fault.clone());
        let handle = world.keep(container(twin.path(), &twin.token()));
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{fault:?}: {error}");
        handle.ready(minutes(1)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_asked_in_version_2_only() {
    let world = World::new();
    let twin = world.role.instance(REGION);
    twin.route(&world.network, IMDS);
    let handle = world.keep(InstanceCredentials::builder().build().unwrap());
    let credentials = handle.get().await.unwrap();
    assert!(credentials.is_role_session() && credentials.session_token().is_some());
    let requests = world.network.requests_to(IMDS);
    let asked: Vec<_> = requests.iter().map(|r| (r.method().as_str(), r.path())).collect();
    let path = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(asked, [("PUT", "/latest/api/token"), ("GET", path), ("GET", &format!("{path}app"))]);
    assert_eq!(requests[0].header("x-aws-ec2-metadata-token-ttl-seconds"), "60");
    assert!(requests[1..].iter().all(|r| r.headers()["x-aws-ec2-metadata-token"].is_sensitive()));
}

#[tokio::test(start_paused = true)]
async fn an_instance_keeps_its_session_fresh_although_ec2_hands_it_out_until_its_last_minutes() {
    let world = World::new();
    let twin = world.role.instance(REGION);
    twin.route(&world.network, IMDS);
    let handle = world.keep(InstanceCredentials::builder().build().unwrap());
    handle.get().await.unwrap();
    for _ in 0..24 * 12 {
        world.seconds(300).await;
        assert!(handle.get().await.unwrap().expires_at().unwrap() > world.time.wall());
    }
    assert!((4..=5).contains(&twin.issued()), "{} sessions in a day", twin.issued());
    // The session is the same for long: it is asked for more often near its end, and not all the time.
    let asked = world.network.count(IMDS) / 3;
    assert!(asked < 100, "{asked} times in a day");
}

#[tokio::test(start_paused = true)]
async fn what_an_instance_can_lack_is_told_apart() {
    let world = World::new();
    let twin = world.role.instance(REGION);
    twin.route(&world.network, IMDS);
    let ask = || world.keep(InstanceCredentials::builder().build().unwrap());
    twin.without_role(true);
    let error = ask().get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::NotFound, Some("instance credentials")));
    assert!(error.to_string().contains("no role"), "{error}");
    twin.without_role(false).answers_code(Some("AssumeRoleUnauthorizedAccess"));
    let error = ask().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("AssumeRoleUnauthorizedAccess")));
    assert!(error.said().unwrap().contains("EC2 cannot assume the role"), "{error}");
    twin.answers_code(None);
    twin.fault(1, Fault::Empty(403));
    let error = ask().get().await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Denied, Retry::Terminal));
    assert!(error.advice().unwrap().contains("--http-endpoint enabled"), "{error}");
    twin.fault(1, Fault::Html(200));
    assert_eq!(ask().get().await.unwrap_err().kind(), ErrorKind::Protocol);
    world.network.fault(IMDS, transport::Fault::Hang);
    let began = world.time.wall();
    let error = ask().get().await.unwrap_err();
    assert!(world.time.wall().duration_since(began).unwrap() < Duration::from_secs(6), "it is told soon");
    assert!(error.advice().unwrap().contains("hop-limit 2"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ec2_could_not_renew_ends_when_it_ends() {
    let world = World::new();
    let twin = world.role.instance(REGION);
    twin.lifetime(minutes(60)).stuck(true).route(&world.network, IMDS);
    let handle = world.keep(InstanceCredentials::builder().build().unwrap());
    handle.get().await.unwrap();
    world.seconds(59 * 60).await;
    assert!(handle.get().await.is_ok());
    world.seconds(120).await;
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Unavailable, Some("expired"), true));
    twin.stuck(false);
    handle.ready(minutes(5)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_platforms_credentials_are_a_base_for_what_comes_next() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    let second = world.account.role("second");
    second.trust(TrustStatement::principal(world.role.arn()));
    let (task, instance) = (world.role.container(), world.role.instance(REGION));
    task.route(&world.network, ECS);
    instance.route(&world.network, IMDS);
    let task = container(task.path(), &task.token());
    let instance = InstanceCredentials::builder().build().unwrap();
    let long =
        AssumeRole::builder(second.arn(), instance.clone()).region(REGION).duration(minutes(90)).build().unwrap();
    let error = world.keep(long).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("duration")));
    let chained = world.keep(AssumeRole::builder(second.arn(), instance).region(REGION).build().unwrap());
    assert_eq!(chained.get().await.unwrap().role_arn(), Some(second.arn()));
    let outbound = OutboundIdentity::builder(task).region(REGION).audience("x").build().unwrap();
    let token = world.scheduler.keep(Passthrough::new(outbound)).get().await.unwrap();
    assert_eq!(issuer.verify(token.secret().expose()).unwrap()["sub"], world.role.arn());
}

/// On real time, since the file is read on another thread.
#[tokio::test]
async fn the_token_file_is_read_again_for_each_request_and_trimmed() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pod-token-{}", std::process::id()));
    let network = transport::InMemory::new();
    network.route(PODS, |request: http::Request<bytes::Bytes>| {
        let shown = request.headers()["authorization"].to_str().unwrap().to_owned();
        let body = format!(
            "{{\"AccessKeyId\":\"ASIA{shown}\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2100-01-01T00:00:00Z\"}}"
        );
        async move { reply(200, body) }
    });
    let builder = ContainerCredentials::builder(format!("http://{PODS}{}", PodIdentityTwin::PATH));
    let pod = builder.authorization_file(&file).transport(network).build().unwrap();
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
    for written in ["FIRST\n", " SECOND\r\n"] {
        std::fs::write(&file, written).unwrap();
        let credentials = scheduler.keep(pod.clone()).get().await.unwrap();
        assert_eq!(credentials.access_key_id(), format!("ASIA{}", written.trim()));
    }
    std::fs::remove_file(&file).unwrap();
    let error = scheduler.keep(pod).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("missing")));
}

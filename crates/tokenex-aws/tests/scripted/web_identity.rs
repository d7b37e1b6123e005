//! An identity token becomes a role's session.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokenex_aws::WebIdentity;
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Provider as _};
use tokenex_testkit::twins::Twin as _;

use crate::world::{ACCOUNT, AUDIENCE, HOST, ISSUER, SUBJECT, World, minutes};

#[tokio::test(start_paused = true)]
async fn the_trusted_workload_gets_credentials_of_the_role() {
    let world = World::new();
    let handle = world.web_identity();
    let credentials = handle.get().await.unwrap();
    assert!(credentials.access_key_id().starts_with("ASIA"));
    assert_eq!(credentials.fingerprint(), Some(credentials.access_key_id()));
    assert!(!credentials.secret_access_key().is_empty() && credentials.session_token().is_some());
    assert_eq!((credentials.account_id(), credentials.role_arn()), (Some(ACCOUNT), Some(world.role.arn())));
    assert_eq!(
        credentials.assumed_role_arn(),
        Some("arn:aws:sts::123456789012:assumed-role/app/tokenex-system-serviceaccount-prod-api")
    );
    let life = credentials.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(life.abs_diff(minutes(60)) < Duration::from_secs(2), "{life:?}");
    assert!(credentials.bonds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_request_is_one_unsigned_form_with_the_token_in_its_body() {
    let world = World::new();
    world.web_identity().get().await.unwrap();
    let [request] = &world.requests()[..] else { panic!("{} requests", world.requests().len()) };
    assert_eq!((request.method().as_str(), request.path(), request.query()), ("POST", "/", ""));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    for absent in ["authorization", "x-amz-security-token"] {
        assert!(request.headers().get(absent).is_none());
    }
    let body = String::from_utf8_lossy(request.body());
    assert!(body.starts_with("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"), "{body}");
    assert!(body.contains("&WebIdentityToken=eyJ") && !body.contains("DurationSeconds"), "{body}");
    assert_eq!(request.header("content-length"), request.body().len().to_string());
    assert!(request.header("user-agent").contains("tokenex"), "{}", request.header("user-agent"));
}

#[tokio::test(start_paused = true)]
async fn each_choice_is_sent() {
    let world = World::new();
    let provider = world
        .builder()
        .session_name("nightly+1@ci")
        .duration(Duration::from_secs(43_200))
        .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .policy_arn("arn:aws:iam::123456789012:policy/own")
        .build()
        .unwrap();
    let credentials = world.keep(provider);
    let life = credentials.get().await.unwrap().expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(life > minutes(11 * 60), "{life:?}");
    let call = world.last();
    assert_eq!((call.session_name.as_str(), call.duration.as_str()), ("nightly+1@ci", "43200"));
    let (issuer, subject, audiences) = call.presented.unwrap();
    assert_eq!((issuer.as_str(), subject.as_str()), (ISSUER, SUBJECT));
    assert_eq!(audiences, [AUDIENCE]);
    let body = String::from_utf8_lossy(world.requests()[0].body()).into_owned();
    for sent in ["&Policy=%7B%22Version", "&PolicyArns.member.1.arn=arn%3Aaws", "&PolicyArns.member.2.arn="] {
        assert!(body.contains(sent), "{sent} is not in {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_audience_is_asked_for_and_a_token_for_a_third_is_not_sent() {
    let world = World::new();
    world.account.oidc_provider(ISSUER, "api://aws");
    world.role.trust_subject(ISSUER, SUBJECT, "api://aws");
    world.keep(world.builder().audience("api://aws").build().unwrap()).get().await.unwrap();
    let jwt = world.jwt().audience("somebody-else");
    let fixed = Closure::plain(move |_| Ok(jwt.sign()));
    let error = world.keep(world.builder_with(fixed).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("wrong_audience")));
    assert_eq!((error.provider(), error.step()), (Some("aws"), Some("web identity")));
    assert_eq!(world.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expired_on_the_way_is_replaced_once() {
    let world = World::new();
    // Expired, but within the leeway of other servers, so it is sent; AWS has none.
    let (jwt, asked) = (world.jwt().audience(AUDIENCE), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let source = Closure::plain(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Ok(jwt.clone().expired_since(Duration::from_secs(30)).sign()),
        _ => Ok(jwt.sign()),
    });
    world.keep(world.builder_with(source).build().unwrap()).get().await.unwrap();
    let codes: Vec<_> = world.twin.exchanges().iter().map(|call| call.code()).collect();
    assert_eq!(codes, [Some("ExpiredTokenException"), None]);
}

#[tokio::test(start_paused = true)]
async fn the_same_expired_token_is_not_sent_twice() {
    let world = World::new();
    let jwt = world.jwt().audience(AUDIENCE).expired_since(Duration::from_secs(30)).sign();
    let source = Closure::plain(move |_| Ok(jwt.clone()));
    let error = world.keep(world.builder_with(source).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("ExpiredTokenException")));
    assert!(error.is_transient() && error.presented().is_some(), "{error}");
    assert_eq!(world.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_any_length_that_aws_takes_are_sent_and_longer_ones_are_not() {
    let world = World::new();
    let jwt = world.jwt().audience(AUDIENCE);
    let long = move |length: usize| {
        let jwt = jwt.clone();
        Closure::plain(move |_| Ok(jwt.clone().claim("filler", "x".repeat(length)).sign()))
    };
    world.keep(world.builder_with(long(13_000)).build().unwrap()).get().await.unwrap();
    let error = world.keep(world.builder_with(long(16_000)).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("token_length")));
    assert_eq!(world.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_counts_by_the_clock_of_aws() {
    // Its clock is seven minutes ahead, and so is the time in its answer.
    let world = World::with_twin_ahead(minutes(7));
    let handle = world.web_identity();
    let end = handle.get().await.unwrap().expires_at().unwrap();
    let life = end.duration_since(world.time.wall()).unwrap();
    assert!(life.abs_diff(minutes(60)) < Duration::from_secs(3), "{life:?}");
    assert!(handle.status().clock_skew.is_some(), "{}", handle.status());
}

#[tokio::test(start_paused = true)]
async fn an_own_endpoint_and_an_own_way_to_it_are_used() {
    let world = World::new();
    let own = tokenex_testkit::transport::InMemory::new();
    world.twin.route(&own, "sts.internal.example:8443");
    let builder = WebIdentity::builder(world.role.arn(), world.identity()).region("eu-central-1");
    let provider = builder.endpoint("https://sts.internal.example:8443").transport(own.clone()).build().unwrap();
    assert_eq!(provider.target().name(), "https://sts.internal.example:8443");
    world.keep(provider).get().await.unwrap();
    assert_eq!((own.count("sts.internal.example:8443"), world.network.count(HOST)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_says_until_when_the_session_lives() {
    let world = World::new();
    let handle = world.web_identity();
    handle.get().await.unwrap();
    let report = handle.close(Duration::from_secs(5)).await;
    assert!(report.left.is_some(), "{report}");
}

//! A role's session becomes that of another role.

use std::time::Duration;

use tokenex_aws::{AssumeRole, AwsCredentials, IntoBase};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{Error, ErrorKind, Input, Result, Retry, Source};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::{Role, TrustStatement};

use crate::world::{REGION, World, minutes};

/// A second role, which trusts the first.
fn second(world: &World) -> Role {
    let role = world.account.role("team/second");
    role.trust(TrustStatement::principal(world.role.arn()).external_id("our-id").tag_session().set_source_identity());
    role.maximum_session(minutes(12 * 60));
    role
}

fn build(role: &Role, base: impl IntoBase) -> AssumeRole {
    AssumeRole::builder(role.arn(), base).region(REGION).external_id("our-id").build().unwrap()
}

fn refused(
    world: &World,
    code: &str,
    change: impl FnOnce(tokenex_aws::AssumeRoleBuilder) -> tokenex_aws::AssumeRoleBuilder,
) {
    let builder = AssumeRole::builder(world.role.arn(), world.web_identity()).region(REGION);
    let error = change(builder).build().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{error}");
    assert!(error.advice().is_some(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_second_role_is_assumed_with_the_session_of_the_first() {
    let world = World::new();
    let role = second(&world);
    let base = world.web_identity();
    let chained = world.keep(build(&role, base.clone()));
    let credentials = chained.get().await.unwrap();
    assert_eq!(credentials.role_arn(), Some(role.arn()));
    // The session keeps its name along the chain.
    let name = "arn:aws:sts::123456789012:assumed-role/second/tokenex-system-serviceaccount-prod-api";
    assert_eq!(credentials.assumed_role_arn(), Some(name));
    let call = world.last();
    assert_eq!(
        (call.signed_by.as_str(), call.external_id.as_str()),
        (base.get().await.unwrap().access_key_id(), "our-id")
    );
    let request = world.requests().pop().unwrap();
    assert!(
        request.headers()["authorization"].is_sensitive() && request.headers()["x-amz-security-token"].is_sensitive()
    );
}

#[tokio::test(start_paused = true)]
async fn a_chained_session_lives_on_when_the_one_before_it_ends() {
    let world = World::new();
    let base = world.keep(world.builder().duration(minutes(15)).build().unwrap());
    let chained = world.keep(build(&second(&world), base.clone()));
    let credentials = chained.get().await.unwrap();
    assert!(credentials.bonds().is_empty());
    let first = (base.get().await.unwrap().generation(), credentials.generation());
    base.close(Duration::from_secs(5)).await;
    world.seconds(20 * 60).await;
    assert_eq!(chained.get().await.unwrap().generation(), first.1);
}

#[tokio::test(start_paused = true)]
async fn each_choice_is_sent_and_taken() {
    let world = World::new();
    let role = second(&world);
    let provider = AssumeRole::builder(role.arn(), world.web_identity())
        .region(REGION)
        .external_id("our-id")
        .session_name("nightly")
        .duration(minutes(60))
        .source_identity("jane@example")
        .tag("team", "a b")
        .tag("stage", "prod")
        .transitive_tag_key("team")
        .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .build()
        .unwrap();
    world.keep(provider).get().await.unwrap();
    let call = world.last();
    assert_eq!((call.session_name.as_str(), call.duration.as_str()), ("nightly", "3600"));
    let body = String::from_utf8_lossy(world.requests()[1].body()).into_owned();
    for sent in [
        "&SourceIdentity=jane%40example",
        "&Tags.member.1.Key=team&Tags.member.1.Value=a%20b",
        "&Tags.member.2.Key=stage",
        "&TransitiveTagKeys.member.1=team",
        "&PolicyArns.member.1.arn=",
        "&Policy=",
    ] {
        assert!(body.contains(sent), "{sent} is not in {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_an_hour_is_refused_for_a_roles_session_and_taken_for_a_users_keys() {
    let world = World::new();
    let base = world.web_identity();
    // Before it is known what the handle holds, the refusal comes with the first attempt, and nothing is sent.
    let role = second(&world);
    let long = |base: tokenex_core::Handle<AwsCredentials>| {
        AssumeRole::builder(role.arn(), base).region(REGION).external_id("our-id").duration(minutes(61)).build()
    };
    let error = world.keep(long(base.clone()).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("duration")));
    assert_eq!(world.requests().len(), 1);
    // Afterwards it comes with the builder.
    base.get().await.unwrap();
    let error = long(base).unwrap_err();
    assert!(error.to_string().contains("3600 s"), "{error}");

    let user = world.account.user("ci");
    role.trust(TrustStatement::principal("arn:aws:iam::123456789012:user/ci").external_id("our-id"));
    let (id, secret) = (user.id().to_owned(), user.secret().to_owned());
    let keys = Closure::plain(move |_| Ok(AwsCredentials::new(id.as_str(), secret.as_str())));
    let provider =
        AssumeRole::builder(role.arn(), keys).region(REGION).external_id("our-id").duration(minutes(12 * 60)).build();
    let credentials = world.keep(provider.unwrap()).get().await.unwrap();
    let life = credentials.expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(life > minutes(11 * 60) && credentials.assumed_role_arn().unwrap().ends_with("/tokenex"), "{life:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_knows_to_be_one_is_refused_in_aws_own_words_with_advice() {
    let world = World::new();
    let role = second(&world);
    let session = world.web_identity();
    let copied = session.map(|session| {
        let token = session.session_token().unwrap().clone();
        Ok(AwsCredentials::new(session.access_key_id(), session.secret_access_key().clone()).with_session_token(token))
    });
    let provider = AssumeRole::builder(role.arn(), copied).region(REGION).external_id("our-id").duration(minutes(120));
    let error = world.keep(provider.build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("ValidationError")));
    assert!(error.advice().unwrap().contains("3600 s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_aws_no_longer_knows_is_replaced_and_the_call_done_again() {
    let world = World::new();
    let base = world.web_identity();
    let first = base.get().await.unwrap();
    world.twin.revoke(first.access_key_id());
    world.seconds(10).await;
    let chained = world.keep(build(&second(&world), base.clone()));
    chained.get().await.unwrap();
    let now = base.get().await.unwrap();
    assert!(now.generation() > first.generation());
    assert_eq!(world.last().signed_by, now.access_key_id());
    let codes: Vec<_> = world.twin.exchanges().iter().map(|call| call.code()).collect();
    assert_eq!(codes, [None, Some("InvalidClientTokenId"), None, None]);
}

#[tokio::test(start_paused = true)]
async fn keys_that_were_just_made_are_given_time() {
    struct Young(Option<std::time::SystemTime>);
    impl Source<AwsCredentials> for Young {
        async fn fetch(&self, _: &tokenex_core::Attempt) -> Result<Input<AwsCredentials>> {
            let input = Input::new(AwsCredentials::new("AKIAUNKNOWN", "secret"));
            Ok(match self.0 {
                Some(at) => input.with_issued_at(at),
                None => input,
            })
        }
    }
    let world = World::new();
    let role = second(&world);
    let made_at = world.time.wall();
    let error = |source| async { world.keep(build(&role, source)).get().await.unwrap_err() };
    let young: Error = error(Young(Some(made_at))).await;
    assert_eq!((young.code(), young.retry()), (Some("InvalidClientTokenId"), Retry::Transient), "{young}");
    assert_eq!(error(Young(None)).await.retry(), Retry::Terminal);
    world.seconds(300).await;
    let old: Error = error(Young(Some(made_at))).await;
    assert_eq!((old.kind(), old.retry()), (ErrorKind::Trust, Retry::Terminal), "{old}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_learnt_and_the_next_request_is_signed_with_the_time_of_aws() {
    // AWS takes signatures of 15 minutes.
    let world = World::with_twin_ahead(minutes(40));
    let user = world.account.user("ci");
    let role = world.account.role("second");
    role.trust(TrustStatement::principal("arn:aws:iam::123456789012:user/ci"));
    let (id, secret) = (user.id().to_owned(), user.secret().to_owned());
    let keys = Closure::plain(move |_| Ok(AwsCredentials::new(id.as_str(), secret.as_str())));
    let handle = world.keep(AssumeRole::builder(role.arn(), keys).region(REGION).build().unwrap());
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), (Some("SignatureDoesNotMatch"), true), "{error}");
    handle.ready(Duration::from_secs(10)).await.unwrap();
    assert_eq!(world.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_role_does_not_allow_is_denied_with_the_request_id() {
    let world = World::new();
    let role = world.account.role("closed");
    let error = world.keep(build(&role, world.web_identity())).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("AccessDenied")));
    assert_eq!(error.request_id(), Some(world.last().request_id.as_str()));
    assert!(error.said().unwrap().contains("sts:AssumeRole"), "{error}");
    let wrong = AssumeRole::builder(second(&world).arn(), world.web_identity()).region(REGION).external_id("other");
    assert_eq!(world.keep(wrong.build().unwrap()).get().await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test(start_paused = true)]
async fn choices_out_of_bounds_are_refused_before_anything_is_sent() {
    let world = World::new();
    refused(&world, "external_id", |builder| builder.external_id("x"));
    refused(&world, "external_id", |builder| builder.external_id("a b"));
    refused(&world, "external_id", |builder| builder.external_id("x".repeat(1225)));
    refused(&world, "source_identity", |builder| builder.source_identity("a:b"));
    refused(&world, "session_name", |builder| builder.session_name("a b"));
    refused(&world, "duration", |builder| builder.duration(minutes(14)));
    refused(&world, "tag", |builder| builder.tag("aws:x", "y"));
    refused(&world, "tag", |builder| builder.transitive_tag_key("a*"));
    refused(&world, "region", |builder| builder.region("Frankfurt"));
    let error = AssumeRole::builder("app", world.web_identity()).region(REGION).build().unwrap_err();
    assert_eq!(error.code(), Some("role_arn"));
}

#[tokio::test(start_paused = true)]
async fn the_global_endpoint_and_the_forms_of_a_regional_one_take_the_signature() {
    let world = World::new();
    let role = second(&world);
    let base = world.web_identity();
    let builder = || AssumeRole::builder(role.arn(), base.clone()).external_id("our-id");
    for (host, builder) in [
        ("sts.amazonaws.com", builder().region("aws-global")),
        ("sts-fips.us-east-2.amazonaws.com", builder().region("us-east-2").fips()),
        ("sts.us-east-2.api.aws", builder().region("us-east-2").dual_stack()),
        (
            "vpce-1.sts.us-east-2.vpce.amazonaws.com",
            builder().region("us-east-2").endpoint("https://vpce-1.sts.us-east-2.vpce.amazonaws.com"),
        ),
    ] {
        world.twin.route(&world.network, host);
        let outcome = world.keep(builder.build().unwrap()).get().await;
        outcome.unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!(world.network.count(host), 1);
    }
}

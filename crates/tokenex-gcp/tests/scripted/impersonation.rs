//! Tokens of a service account, made with the right of another token.

use std::time::Duration;

use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource as _;
use tokenex_core::{AnySource, ErrorKind};
use tokenex_gcp::{AccessToken, Impersonation};
use tokenex_testkit::twins::google::Endpoint;

use crate::world::{IAM, STORAGE, STS, World, minutes};

#[tokio::test(start_paused = true)]
async fn a_federated_token_becomes_that_of_a_service_account() {
    let world = World::new();
    let acting = world.acting(&world.federated()).scopes([STORAGE]).lifetime(minutes(10)).build().unwrap();
    let token = world.scheduler.keep(acting).get().await.unwrap();
    let access = world.twin.access(token.secret().expose()).unwrap();
    assert_eq!(
        (access.member.as_str(), token.scopes()),
        (world.account.member().as_str(), [STORAGE.to_owned()].as_slice())
    );
    assert_eq!(token.expires_at().unwrap().duration_since(world.time.wall()).unwrap(), minutes(10));

    let request = &world.network.requests_to(IAM)[0];
    assert_eq!(request.path(), format!("/v1/projects/-/serviceAccounts/{}:generateAccessToken", world.account.email()));
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.json()["lifetime"], "600s");
    assert!(request.json().get("delegates").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_federated_token_is_used_as_long_as_it_is_valid_and_not_fetched_each_time() {
    let world = World::new();
    let base = world.federated();
    let short = world.scheduler.keep(world.acting(&base).lifetime(minutes(5)).build().unwrap());
    short.get().await.unwrap();
    for _ in 0..180 {
        world.seconds(60).await;
        assert!(short.peek().is_some());
    }
    let (exchanges, impersonations) = (world.count(STS), world.count(IAM));
    assert!((4..=7).contains(&exchanges), "{exchanges} exchanges in three hours");
    assert!((50..=90).contains(&impersonations), "{impersonations} tokens of five minutes in three hours");
}

#[tokio::test(start_paused = true)]
async fn several_accounts_share_one_base() {
    let world = World::new();
    let other = world.project.service_account("reader");
    other.bind(&world.provider.principal(crate::world::SUBJECT));
    let base = world.federated();
    let one = world.scheduler.keep(world.acting(&base).build().unwrap());
    let two = world.scheduler.keep(Impersonation::builder(other.email(), base).build().unwrap());
    assert!(!one.get().await.unwrap().secret().same_as(two.get().await.unwrap().secret()));
    assert_eq!((world.count(STS), world.count(IAM)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_delegates_ends_in_the_account() {
    let world = World::new();
    let (middle, end) = (world.project.service_account("middle"), world.project.service_account("end"));
    middle.bind(&world.account.member());
    end.bind(&middle.member());
    let acting = |delegates: &[&str]| {
        let builder = Impersonation::builder(end.email(), world.federated());
        delegates.iter().fold(builder, |builder, link| builder.delegate(*link)).build().unwrap()
    };
    let chain = acting(&[world.account.email(), middle.email()]);
    let token = world.scheduler.keep(chain).get().await.unwrap();
    assert_eq!(world.twin.access(token.secret().expose()).unwrap().member, end.member());
    // A link left out.
    let error = world.scheduler.keep(acting(&[middle.email()])).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("IAM_PERMISSION_DENIED")));
}

#[tokio::test(start_paused = true)]
async fn a_long_life_is_asked_for_on_purpose_and_allowed_by_the_organisation() {
    let world = World::new();
    let base = world.federated();
    let long = || world.acting(&base).extended_lifetime(minutes(12 * 60)).build().unwrap();
    let error = world.scheduler.keep(long()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("INVALID_ARGUMENT")));
    assert!(error.to_string().contains("allowServiceAccountCredentialLifetimeExtension"), "{error}");
    world.project.long_lifetimes(true);
    let token = world.scheduler.keep(long()).get().await.unwrap();
    assert_eq!(token.expires_at().unwrap().duration_since(world.time.wall()).unwrap(), minutes(12 * 60));
    assert_eq!(world.acting(&base).lifetime(minutes(61)).build().unwrap_err().code(), Some("lifetime"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_names_the_account_and_is_looked_at_again_each_minute() {
    let world = World::new();
    world.binding.seen_from(world.time.wall() + minutes(4));
    let token = world.impersonated();
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Denied, false));
    assert!(error.to_string().contains(world.account.email()), "{error}");
    assert!(error.to_string().contains("roles/iam.workloadIdentityUser"), "{error}");
    token.ready(minutes(6)).await.unwrap();
    let looked = world.count(IAM);
    assert!((4..=11).contains(&looked), "looked {looked} times in 5 minutes");
    assert_eq!(world.count(STS), 1);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_not_enabled_is_told_from_a_right_that_is_missing() {
    let world = World::new();
    world.project.impersonation_api(false);
    let error = world.impersonated().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("SERVICE_DISABLED")));
    let command = "gcloud services enable iamcredentials.googleapis.com --project=123456789012";
    assert!(error.to_string().contains(command), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_gone_and_a_base_of_the_wrong_scope_are_told_apart() {
    let world = World::new();
    let base = world.scheduler.keep(world.builder().scopes([STORAGE]).build().unwrap());
    let error = world.scheduler.keep(world.acting(&base).build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT")));
    world.account.delete();
    let error = world.impersonated().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NOT_FOUND")));
}

#[tokio::test(start_paused = true)]
async fn a_base_token_that_google_no_longer_knows_is_replaced_within_the_attempt() {
    let world = World::new();
    let base = world.federated();
    let held = base.get().await.unwrap();
    world.twin.revoke(held.secret().expose());
    let token = world.scheduler.keep(world.acting(&base).build().unwrap());
    token.get().await.unwrap();
    assert_eq!(base.get().await.unwrap().generation(), 2);
    assert_eq!((world.count(STS), world.count(IAM)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_base_from_elsewhere_is_used_as_it_is() {
    let world = World::new();
    let elsewhere = world.federated().get().await.unwrap().secret().clone();
    let text = elsewhere.clone();
    let source = Closure::plain(move |_| AccessToken::new(text.clone()));
    let acting = Impersonation::builder(world.account.email(), AnySource::new(source)).build().unwrap();
    let token = world.scheduler.keep(acting);
    token.get().await.unwrap();
    // Nobody to ask for another one: the refusal is what there is to tell.
    world.twin.revoke(elsewhere.expose());
    let error = token.rejected(1).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Identity, true));
}

#[tokio::test(start_paused = true)]
async fn an_impersonated_token_outlives_its_base() {
    let world = World::new();
    world.twin.token_lifetime(minutes(5));
    let base = world.federated();
    let token = world.scheduler.keep(world.acting(&base).build().unwrap());
    let issued = token.get().await.unwrap();
    assert!(issued.bonds().is_empty());
    base.close(Duration::from_secs(5)).await;
    world.seconds(30 * 60).await;
    assert!(token.peek().is_some());
}

#[tokio::test(start_paused = true)]
async fn another_google_cloud_and_another_address_are_asked_where_they_are() {
    let world = World::new();
    for host in ["iamcredentials.apis.example", "iam.proxy.test"] {
        world.answers(host, |_| {
            let body = serde_json::json!({"accessToken": "ya29.x", "expireTime": "2026-01-01T01:00:00Z"});
            crate::world::reply(200, &body)
        });
    }
    let base = world.federated();
    let other = world.acting(&base).universe_domain("apis.example").build().unwrap();
    assert_eq!(world.scheduler.keep(other).get().await.unwrap().universe_domain(), "apis.example");
    let proxied = world.acting(&base).endpoint("https://iam.proxy.test/").build().unwrap();
    world.scheduler.keep(proxied).get().await.unwrap();
    assert_eq!(world.twin.exchanges().iter().filter(|one| one.endpoint == Endpoint::AccessToken).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn options_out_of_range_are_refused_by_build() {
    let world = World::new();
    let base = world.federated();
    let build = |change: fn(tokenex_gcp::ImpersonationBuilder) -> tokenex_gcp::ImpersonationBuilder| {
        change(world.acting(&base)).build().unwrap_err()
    };
    for (error, code) in [
        (build(|b| b.scopes(["storage"])), "scopes"),
        (build(|b| b.lifetime(Duration::ZERO)), "lifetime"),
        (build(|b| b.lifetime(Duration::from_millis(900))), "lifetime"),
        (build(|b| b.extended_lifetime(minutes(12 * 60 + 1))), "lifetime"),
        (build(|b| b.delegate("nobody")), "service_account"),
        (build(|b| (0..11).fold(b, |b, _| b.delegate("1"))), "delegates"),
        (build(|b| b.endpoint("iamcredentials.googleapis.com")), "endpoint"),
        (build(|b| b.universe_domain("x")), "universe_domain"),
        (Impersonation::builder("deploy", base.clone()).build().unwrap_err(), "service_account"),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)));
        assert!(error.advice().is_some(), "{error}");
    }
}

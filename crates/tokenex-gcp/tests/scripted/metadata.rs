//! The metadata server: access tokens, and ID tokens as identities.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::json;
use tokenex_core::{AnyTokenSource, ErrorKind, Passthrough, TokenRequest, TokenSource as _};
use tokenex_gcp::{Impersonation, MetadataServer};
use tokenex_testkit::twins::google::MetadataTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::executable::{is_run_again, run_again};
use crate::world::{CLOUD_PLATFORM, METADATA, STORAGE, World, minutes, parameter};

fn machine(world: &World) -> MetadataTwin {
    let machine = world.account.machine();
    machine.route(&world.network, METADATA);
    machine
}

#[tokio::test(start_paused = true)]
async fn the_machines_token_is_kept_fresh_although_the_server_hands_out_its_own() {
    let world = World::new();
    let machine = machine(&world);
    let kept = world.scheduler.keep(MetadataServer::new().access_token([CLOUD_PLATFORM, STORAGE]).unwrap());
    let token = kept.get().await.unwrap();
    assert_eq!(world.twin.access(token.secret().expose()).unwrap().member, world.account.member());
    let request = &world.network.requests_to(METADATA)[0];
    assert_eq!(request.path(), "/computeMetadata/v1/instance/service-accounts/default/token");
    assert_eq!(request.header("metadata-flavor"), "Google");
    assert_eq!(parameter(request, "scopes").unwrap(), format!("{CLOUD_PLATFORM},{STORAGE}"));
    for _ in 0..240 {
        world.seconds(60).await;
        let token = kept.peek().expect("a token at each minute");
        assert!(world.twin.access(token.secret().expose()).is_some());
    }
    let asked = world.count(METADATA);
    assert!(asked < 60, "asked {asked} times in four hours");
    assert!(machine.issued() < 6, "{} tokens in four hours", machine.issued());
    assert_eq!(kept.get().await.unwrap().generation(), machine.issued(), "the same token again is no new generation");
}

#[tokio::test(start_paused = true)]
async fn without_scopes_nothing_is_said_about_them() {
    let world = World::new();
    machine(&world);
    let provider = MetadataServer::new().access_token(Vec::<String>::new()).unwrap();
    assert!(world.scheduler.keep(provider).get().await.unwrap().scopes().is_empty());
    assert_eq!(world.network.requests_to(METADATA)[0].query(), "");
}

#[tokio::test(start_paused = true)]
async fn an_id_token_is_an_identity_for_the_audience_that_is_wanted() {
    let world = World::new();
    machine(&world);
    let source = AnyTokenSource::new(MetadataServer::new());
    let cx = world.attempt();
    let input = source.token(&TokenRequest::new(&cx).audience("api://AzureADTokenExchange")).await.unwrap();
    let claims = world.twin.id_token_keys().verify(input.value().secret().expose()).unwrap();
    assert_eq!(
        (&claims["aud"], &claims["email"]),
        (&json!("api://AzureADTokenExchange"), &json!(world.account.email()))
    );
    let request = &world.network.requests_to(METADATA)[0];
    assert_eq!(request.path(), "/computeMetadata/v1/instance/service-accounts/default/identity");
    assert_eq!(
        (parameter(request, "format").unwrap(), parameter(request, "licenses").unwrap()),
        ("full".into(), "FALSE".into())
    );

    let error = source.token(&TokenRequest::new(&cx)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("audience")));
}

#[tokio::test(start_paused = true)]
async fn an_id_token_can_be_kept_as_it_is() {
    let world = World::new();
    machine(&world);
    let kept = world.scheduler.keep(Passthrough::new(MetadataServer::new()).audience("https://app.run.app"));
    for _ in 0..120 {
        world.seconds(60).await;
        assert!(kept.peek().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn the_machines_account_may_act_as_another() {
    let world = World::new();
    machine(&world);
    let other = world.project.service_account("reader");
    other.bind(&world.account.member());
    let base = world.scheduler.keep(MetadataServer::new().access_token([CLOUD_PLATFORM]).unwrap());
    let token = world.scheduler.keep(Impersonation::builder(other.email(), base).build().unwrap()).get().await.unwrap();
    assert_eq!(world.twin.access(token.secret().expose()).unwrap().member, other.member());
}

#[tokio::test(start_paused = true)]
async fn another_account_and_another_host_are_asked_for_by_name() {
    let world = World::new();
    let machine = world.account.machine();
    machine.route(&world.network, "127.0.0.1:8080");
    let server = MetadataServer::at("127.0.0.1:8080").unwrap().service_account(world.account.email()).unwrap();
    let server = server.universe_domain("apis.example").unwrap();
    let token = world.scheduler.keep(server.access_token([CLOUD_PLATFORM]).unwrap()).get().await.unwrap();
    assert_eq!(token.universe_domain(), "apis.example");
    let request = &world.network.requests_to("127.0.0.1:8080")[0];
    assert_eq!(
        request.path(),
        format!("/computeMetadata/v1/instance/service-accounts/{}/token", world.account.email())
    );

    let stranger = server.service_account("other@acme-prod.iam.gserviceaccount.com").unwrap();
    let error = world.scheduler.keep(stranger.access_token([CLOUD_PLATFORM]).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::NotFound, Some("metadata")));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_say_that_he_is_google_is_not_believed() {
    let world = World::new();
    let machine = machine(&world);
    machine.without_flavor(true);
    let token = world.scheduler.keep(MetadataServer::new().access_token([CLOUD_PLATFORM]).unwrap());
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some("foreign_answer")));
    assert!(error.to_string().contains("Metadata-Flavor"), "{error}");
    // A refusal of somebody else says nothing about the machine either.
    machine.without_account(true);
    world.seconds(60).await;
    assert_eq!(token.get().await.unwrap_err().kind(), ErrorKind::Protocol);
    machine.without_flavor(false).without_account(false);
    token.ready(minutes(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_an_account_and_a_server_on_a_bad_day_are_told_apart() {
    let world = World::new();
    let machine = machine(&world);
    machine.without_account(true);
    let get = || world.scheduler.keep(MetadataServer::new().access_token([CLOUD_PLATFORM]).unwrap());
    let error = get().get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::NotFound, false));
    machine.without_account(false);
    machine.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    let error = get().get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    machine.fault(1, Fault::Throttled(RetryAfter::Seconds(7)));
    let error = get().get().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(Duration::from_secs(7))));
    machine.fault(1, Fault::HalfBody);
    assert_eq!(get().get().await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn elsewhere_than_on_google_cloud_the_error_asks_where_it_runs() {
    let world = World::new();
    let token = world.scheduler.keep(MetadataServer::new().access_token([CLOUD_PLATFORM]).unwrap());
    let error = token.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("does this program run on Google Cloud?"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_is_no_jwt_is_refused() {
    let world = World::new();
    for body in [&b"not a token"[..], b"\xff\xfe", b""] {
        world.answers(METADATA, move |_| {
            Response::builder().header("metadata-flavor", "Google").body(Bytes::from_static(body)).unwrap()
        });
        let cx = world.attempt();
        let error = MetadataServer::new().token(&TokenRequest::new(&cx).audience("a")).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!((error.provider(), error.step()), (Some("gcp"), Some("metadata")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_environment_names_another_host() {
    const TEST: &str = "metadata::the_environment_names_another_host";
    if !is_run_again() {
        run_again(TEST, |it| it.env("GCE_METADATA_HOST", "127.0.0.1:8080"));
        run_again(TEST, |it| it.env("GCE_METADATA_HOST", ""));
        return run_again(TEST, |it| it.env("GCE_METADATA_HOST", "http://127.0.0.1:8080/"));
    }
    match std::env::var("GCE_METADATA_HOST").unwrap().as_str() {
        "" => assert!(format!("{:?}", MetadataServer::from_env().unwrap()).contains(METADATA)),
        "127.0.0.1:8080" => {
            let world = World::new();
            world.account.machine().route(&world.network, "127.0.0.1:8080");
            let token = MetadataServer::from_env().unwrap().access_token([CLOUD_PLATFORM]).unwrap();
            world.scheduler.keep(token).get().await.unwrap();
        }
        _ => {
            let error = MetadataServer::from_env().unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("metadata_host")));
            assert!(error.to_string().contains("GCE_METADATA_HOST"), "{error}");
        }
    }
}

//! The credential of the Azure SDK, alone and in the SDK's own pipeline.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind as SdkKind;
use tokenex_azure::{AccessToken, IntoSdk, SdkCredential};
use tokenex_core::{Error, ErrorKind, Handle, Rejection};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::transport::Fault;

use crate::sdk_client::{SdkClient, real_time_client};
use crate::world::{ARM, GRAPH, HOST, VAULT, World};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The credential of one scope, ready.
async fn one(world: &World) -> (Handle<AccessToken>, Arc<SdkCredential>) {
    let handle = world.keep(&world.entra(), ARM);
    handle.ready(s(5)).await.unwrap();
    (handle.clone(), handle.into_sdk())
}

/// What is inside an error of the SDK.
fn ours(error: &azure_core::Error) -> &Error {
    assert_eq!(*error.kind(), SdkKind::Credential);
    SdkCredential::reason(error).expect("an error of ours")
}

#[tokio::test(start_paused = true)]
async fn a_client_gets_the_current_token_and_its_end() {
    let world = World::new();
    let (handle, sdk) = one(&world).await;
    let got = sdk.get_token(&[ARM], None).await.unwrap();
    let issued = handle.get().await.unwrap();
    assert_eq!(got.token.secret(), issued.secret().expose());
    assert_eq!(SystemTime::from(got.expires_on), issued.expires_at().unwrap());

    world.seconds(3600).await;
    let later = sdk.get_token(&[ARM], None).await.unwrap();
    assert!(later.token != got.token && later.expires_on > got.expires_on);
}

#[tokio::test(start_paused = true)]
async fn handing_out_sends_nothing_and_waits_for_nothing() {
    let world = World::new();
    let (_handle, sdk) = one(&world).await;
    for _ in 0..1000 {
        sdk.get_token(&[ARM], None).await.unwrap();
    }
    assert_eq!(world.count(), 1);

    // Also while a refresh is under way and hangs.
    world.network.fault(HOST, Fault::Hang);
    world.seconds(2400).await;
    assert!(world.count() > 1, "a refresh is under way, or failed");
    let at_once = tokio::time::timeout(Duration::ZERO, sdk.get_token(&[ARM], None));
    at_once.await.expect("at once").unwrap();
}

#[tokio::test(start_paused = true)]
async fn before_the_first_token_a_request_waits_for_it_and_starts_no_second_exchange() {
    let world = World::new();
    world.network.latency(s(2));
    let sdk = world.keep(&world.entra(), ARM).into_sdk();
    let (one, two) = (sdk.get_token(&[ARM], None), sdk.get_token(&[ARM], None));
    let (one, two) = tokio::join!(one, two);
    assert!(one.unwrap().token == two.unwrap().token);
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_scope_than_the_handles_is_an_error_that_names_both() {
    let world = World::new();
    let (_handle, sdk) = one(&world).await;
    let error = sdk.get_token(&[VAULT], None).await.unwrap_err();
    assert_eq!((ours(&error).kind(), ours(&error).code()), (ErrorKind::Configuration, Some("scope")));
    for word in [ARM, VAULT] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_scope_and_several_scopes_are_refused() {
    let world = World::new();
    for sdk in [one(&world).await.1, world.entra().tokens(&world.scheduler).into_sdk()] {
        for (scopes, word) in [
            (&[][..], "empty"),
            (&[""], "empty"),
            (&[ARM, VAULT], "one credential for each scope"),
            (&["https://vault.azure.net"], "did you mean"),
        ] {
            let error = sdk.get_token(scopes, None).await.unwrap_err();
            assert_eq!(ours(&error).kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(word), "{scopes:?}: {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_scopes_of_one_client_serve_any_client() {
    let world = World::new();
    let sdk = world.entra().tokens(&world.scheduler).into_sdk();
    let mut tokens = HashSet::new();
    for _ in 0..2 {
        for scope in [ARM, GRAPH, VAULT] {
            tokens.insert(sdk.get_token(&[scope], None).await.unwrap().token.secret().to_owned());
        }
    }
    assert_eq!((tokens.len(), world.count()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_failure_comes_at_once_with_our_error_inside() {
    let world = World::new();
    world.trust.remove();
    let sdk = world.keep(&world.entra(), ARM).into_sdk();
    let error = sdk.get_token(&[ARM], None).await.unwrap_err();
    assert_eq!((ours(&error).kind(), ours(&error).code()), (ErrorKind::Trust, Some("AADSTS70025")));
    assert!(ours(&error).next_attempt_in().is_some());
    assert_eq!(error.downcast_ref::<Error>().unwrap().to_string(), error.to_string());
    assert!(SdkCredential::reason(&std::io::Error::other("another")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_a_service_refused_is_reported_and_replaced() {
    let world = World::new();
    for sdk in [one(&world).await.1, world.entra().tokens(&world.scheduler).into_sdk()] {
        let refused = sdk.get_token(&[ARM], None).await.unwrap();
        let Rejection::Replaced { generation } = sdk.rejected(ARM).await.unwrap() else { panic!("it is replaced") };
        assert_eq!(generation, 2);
        let replaced = sdk.get_token(&[ARM], None).await.unwrap();
        assert!(replaced.token != refused.token);
    }
    assert_eq!(world.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_report_about_a_token_that_was_replaced_meanwhile_sends_nothing() {
    let world = World::new();
    let (handle, sdk) = one(&world).await;
    sdk.get_token(&[ARM], None).await.unwrap();
    world.seconds(3000).await;
    assert_eq!((handle.get().await.unwrap().generation(), world.count()), (2, 2));
    assert_eq!(sdk.rejected(ARM).await.unwrap(), Rejection::Replaced { generation: 2 });
    assert_eq!(world.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_handed_out_cannot_be_reported() {
    let world = World::new();
    let (handle, sdk) = one(&world).await;
    assert_eq!(sdk.rejected(ARM).await.unwrap_err().kind(), ErrorKind::Configuration);
    sdk.get_token(&[ARM], None).await.unwrap();
    assert!(sdk.rejected(VAULT).await.unwrap_err().to_string().contains(VAULT));
    handle.close(s(5)).await;
    assert_eq!(sdk.rejected(ARM).await.unwrap_err().code(), Some("scope"), "closed since");
    assert_eq!(world.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_closed_credential_is_told_so() {
    let world = World::new();
    let (handle, sdk) = one(&world).await;
    handle.close(s(5)).await;
    let error = sdk.get_token(&[ARM], None).await.unwrap_err();
    assert_eq!(ours(&error).kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn no_token_shows_in_debug_or_errors() {
    let world = World::new();
    let canary = Canary::new();
    let recording = canary.record();
    let (_handle, sdk) = one(&world).await;
    let many = world.entra().tokens(&world.scheduler).into_sdk();
    for sdk in [&sdk, &many] {
        canary.watch("access token", sdk.get_token(&[ARM], None).await.unwrap().token.secret());
        canary.search_debug("credential", sdk);
        canary.search_error("another scope", &sdk.get_token(&[ARM, VAULT], None).await.unwrap_err());
    }
    canary.search_error("another scope", &sdk.get_token(&[VAULT], None).await.unwrap_err());
    drop(recording);
    canary.assert_clean();
}

/// What the SDK does with a token is measured on its own pipeline and clock, so these run in real time; they wait for
/// nothing.
#[tokio::test]
async fn a_client_keeps_its_token_and_sees_another_one_only_after_a_401() {
    let (twin, handle) = real_time_client(s(3600)).await;
    let sdk = SdkClient::new(handle.clone().into_sdk(), ARM);
    for _ in 0..3 {
        assert_eq!(sdk.request().await, 200);
    }
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (1, 1));

    // It is replaced early; the client goes on with what it has, which still works.
    handle.rejected(1).await.unwrap();
    assert_eq!(sdk.request().await, 200);
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (1, 1));

    // Until a service refuses it.
    sdk.service_answers(401);
    assert_eq!(sdk.request().await, 401);
    assert_eq!(sdk.request().await, 200);
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (2, 2));
    assert_eq!(twin.issued(), 2);
}

#[tokio::test]
async fn after_a_401_a_client_gets_the_same_token_again_unless_somebody_reports_it() {
    let (twin, handle) = real_time_client(s(3600)).await;
    let credential = handle.into_sdk();
    let sdk = SdkClient::new(credential.clone(), ARM);
    sdk.service_answers(401);
    assert_eq!((sdk.request().await, sdk.request().await), (401, 200));
    assert_eq!((sdk.asked(), sdk.tokens_seen().len(), twin.issued()), (2, 1, 1));

    sdk.service_answers(401);
    assert_eq!(sdk.request().await, 401);
    assert!(matches!(credential.rejected(ARM).await.unwrap(), Rejection::Replaced { .. }));
    assert_eq!(sdk.request().await, 200);
    assert_eq!((sdk.tokens_seen().len(), twin.issued()), (2, 2));
}

#[tokio::test]
async fn a_client_keeps_no_token_of_less_than_five_minutes_and_so_always_has_the_current_one() {
    let (twin, handle) = real_time_client(s(299)).await;
    let sdk = SdkClient::new(handle.clone().into_sdk(), ARM);
    for _ in 0..3 {
        assert_eq!(sdk.request().await, 200);
    }
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (3, 1));
    handle.rejected(1).await.unwrap();
    assert_eq!(sdk.request().await, 200);
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (4, 2));
    assert_eq!(twin.issued(), 2, "asking here sends nothing");
}

#[tokio::test]
async fn a_failure_passes_through_the_pipeline_with_our_error_inside_and_is_not_tried_again_by_it() {
    let (_twin, handle) = real_time_client(s(3600)).await;
    let sdk = SdkClient::new(handle.into_sdk(), VAULT);
    let error = sdk.send().await.unwrap_err();
    assert_eq!(ours(&error).code(), Some("scope"));
    assert_eq!((sdk.asked(), sdk.tokens_seen().len()), (1, 0));
}

//! The credentials provider of the AWS SDK.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::IdentityCache;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokenex_aws::{IntoSdk as _, OutboundIdentity, WebIdentity};
use tokenex_core::{ErrorKind, Handle, Provider as _, Rejection};

use crate::sdk_client::{AT_ONCE, call, client, ours};
use crate::world::{ACCOUNT, World, minutes, refuse};

#[tokio::test(start_paused = true)]
async fn no_request_waits_for_a_slow_sts_while_credentials_are_valid_with_either_cache() {
    let world = World::new();
    // Each refresh takes 25 seconds, and there is one each 36 minutes.
    world.network.latency(Duration::from_secs(25));
    let handle = world.web_identity();
    handle.ready(minutes(1)).await.unwrap();
    let uncached = client(&world, handle.clone().into_sdk(), |config| config.identity_cache(IdentityCache::no_cache()));
    let cached = client(&world, handle.clone().into_sdk(), |config| config);
    let mut keys = std::collections::HashSet::new();
    // Every seven seconds for three hours: in the middle of each refresh, and around the end of each session.
    for _ in 0..3 * 3600 / 7 {
        for client in [&uncached, &cached] {
            let (key, took) = call(&world, client).await;
            assert!(took < AT_ONCE, "a request waited {took:?}");
            keys.insert(key.unwrap());
        }
        world.seconds(7).await;
    }
    assert!((5..=6).contains(&keys.len()), "{} sessions in three hours", keys.len());
}

#[tokio::test(start_paused = true)]
async fn without_the_sdks_cache_a_rejected_credential_is_gone_and_with_it_it_stays_until_its_end() {
    let world = World::new();
    let handle = world.web_identity();
    let (one, other) = (handle.clone().into_sdk(), handle.clone().into_sdk());
    let uncached = client(&world, one.clone(), |config| config.identity_cache(IdentityCache::no_cache()));
    let cached = client(&world, other.clone(), |config| config);
    let (first, _) = call(&world, &uncached).await;
    assert_eq!(call(&world, &cached).await.0, first);

    // AWS takes them back; somebody sees the refusal and says so.
    world.twin.revoke(first.as_ref().unwrap());
    world.seconds(10).await;
    for client in [&uncached, &cached] {
        assert!(call(&world, client).await.0.unwrap_err().contains("InvalidClientTokenId"));
    }
    assert_eq!(one.rejected().await.unwrap(), Rejection::Replaced { generation: 2 });
    // Whoever reports the same ones again learns that they were replaced.
    assert_eq!(other.rejected().await.unwrap(), Rejection::Replaced { generation: 2 });

    let (second, took) = call(&world, &uncached).await;
    assert!(second.unwrap() != first.unwrap() && took < AT_ONCE);
    // The other client has what it has, for almost an hour.
    world.seconds(58 * 60).await;
    assert!(call(&world, &cached).await.0.unwrap_err().contains("InvalidClientTokenId"));
    world.seconds(2 * 60).await;
    assert!(call(&world, &cached).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn only_before_the_first_credentials_does_a_request_wait() {
    let world = World::new();
    world.network.latency(Duration::from_secs(5));
    let client =
        client(&world, world.web_identity().into_sdk(), |config| config.identity_cache(IdentityCache::no_cache()));
    let (first, took) = call(&world, &client).await;
    assert!(first.is_ok() && took >= Duration::from_secs(5), "{took:?}");
    assert!(call(&world, &client).await.1 < AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_out_is_whole_and_the_same_until_it_is_replaced() {
    let world = World::new();
    let handle = world.web_identity();
    let sdk = handle.clone().into_sdk();
    assert!(sdk.fallback_on_interrupt().is_none());
    assert_eq!(sdk.rejected().await.unwrap_err().code(), Some("not_in_use"));
    let (issued, given) = (handle.get().await.unwrap(), sdk.provide_credentials().await.unwrap());
    assert_eq!(given.access_key_id(), issued.access_key_id());
    assert_eq!(given.secret_access_key(), issued.secret_access_key().expose());
    assert_eq!(given.session_token(), issued.session_token().map(|token| token.expose()));
    assert_eq!((given.expiry(), given.account_id().map(|id| id.as_str())), (issued.expires_at(), Some(ACCOUNT)));
    assert_eq!(sdk.fallback_on_interrupt().unwrap().access_key_id(), issued.access_key_id());
    // Clones share one memory.
    let again = sdk.clone().provide_credentials().await.unwrap();
    assert!(std::ptr::eq(again.secret_access_key(), given.secret_access_key()));
    assert_eq!(sdk.rejected().await.unwrap(), Rejection::Replaced { generation: 2 });
    let replaced = sdk.provide_credentials().await.unwrap();
    assert_ne!(replaced.access_key_id(), given.access_key_id());
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_at_once_and_stops_a_chain_of_providers() {
    let world = World::new();
    world.answers(|_| refuse(403, "AccessDenied", "no"));
    let denied = world.web_identity();
    assert!(denied.get().await.is_err());
    let began = tokio::time::Instant::now();
    let error = denied.clone().into_sdk().provide_credentials().await.unwrap_err();
    assert!(began.elapsed() < AT_ONCE);
    assert!(matches!(error, CredentialsError::ProviderError(_)), "{error:?}");
    assert_eq!(ours(&error).unwrap().kind(), ErrorKind::Trust);
    world.answers(|_| refuse(400, "MalformedPolicyDocument", "no"));
    let error = world.web_identity().into_sdk().provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::InvalidConfiguration(_)), "{error:?}");
    // A client says it too.
    let client = client(&world, denied.into_sdk(), |config| config.identity_cache(IdentityCache::no_cache()));
    let error = client.get_caller_identity().send().await.unwrap_err();
    assert_eq!(ours(&error).unwrap().kind(), ErrorKind::Trust);
}

#[tokio::test(start_paused = true)]
async fn while_the_provider_lives_so_do_its_credentials() {
    let world = World::new();
    let handle = world.web_identity();
    let sdk = handle.clone().into_sdk();
    let weak: tokenex_core::WeakHandle<_> = Handle::downgrade(&handle);
    drop(handle);
    assert!(sdk.provide_credentials().await.is_ok() && weak.upgrade().is_some());
    drop(sdk);
    world.seconds(1).await;
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_aws_config_loaded_is_taken_over() {
    let world = World::new();
    let target = |config: &SdkConfig| {
        let builder = WebIdentity::builder(world.role.arn(), world.identity());
        builder.sdk_config(config).build().map(|provider| provider.target().name().to_owned())
    };
    let region = || SdkConfig::builder().region(Region::new("us-west-2"));
    assert_eq!(target(&region().build()).unwrap(), "https://sts.us-west-2.amazonaws.com");
    assert_eq!(target(&region().use_fips(true).build()).unwrap(), "https://sts-fips.us-west-2.amazonaws.com");
    assert_eq!(target(&region().use_dual_stack(true).build()).unwrap(), "https://sts.us-west-2.api.aws");
    assert_eq!(target(&region().endpoint_url("https://all.example").build()).unwrap(), "https://all.example");
    assert_eq!(target(&SdkConfig::builder().build()).unwrap_err().code(), Some("region"));
    // What is said later counts.
    let builder = OutboundIdentity::builder(world.web_identity()).sdk_config(&region().build()).region("aws-global");
    assert_eq!(builder.build().unwrap_err().code(), Some("region"));
}

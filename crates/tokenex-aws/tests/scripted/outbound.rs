//! A role's session becomes an identity token.

use std::time::Duration;

use tokenex_aws::{OutboundIdentity, SigningAlgorithm};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Passthrough};

use crate::world::{REGION, World, minutes};

fn outbound(world: &World) -> OutboundIdentity {
    OutboundIdentity::builder(world.web_identity()).region(REGION).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_signed_by_the_account_for_the_audience_that_the_target_wants() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    let kept = world.scheduler.keep(Passthrough::new(outbound(&world)).audience("api://AzureADTokenExchange"));
    let token = kept.get().await.unwrap();
    assert!(issuer.verify(token.secret().expose()).is_ok());
    assert_eq!((token.claims().issuer(), token.claims().subject()), (Some(issuer.issuer()), Some(world.role.arn())));
    assert_eq!(token.claims().audiences(), ["api://AzureADTokenExchange"]);
    let life = token.claims().expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(life.abs_diff(minutes(5)) < Duration::from_secs(2), "{life:?}");
    assert!(token.bonds().is_empty());
    let body = String::from_utf8_lossy(world.requests()[1].body()).into_owned();
    assert!(body.contains("&SigningAlgorithm=RS256") && !body.contains("DurationSeconds"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn each_choice_is_sent_and_each_request_gets_another_token() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    let source = OutboundIdentity::builder(world.web_identity())
        .region(REGION)
        .algorithm(SigningAlgorithm::Es384)
        .duration(minutes(10))
        .tag("team", "prod")
        .audience("own")
        .build()
        .unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let token = world.scheduler.keep(Passthrough::new(source.clone())).get().await.unwrap();
        let claims = issuer.verify(token.secret().expose()).unwrap();
        assert_eq!(claims["https://sts.amazonaws.com/"]["request_tags"]["team"], "prod");
        assert_eq!(token.claims().audiences(), ["own"]);
        ids.push(token.claims().id().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    let body = String::from_utf8_lossy(world.requests()[1].body()).into_owned();
    assert!(body.contains("&SigningAlgorithm=ES384") && body.contains("&DurationSeconds=600"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_cut_to_what_is_left_of_the_session() {
    let world = World::new();
    world.account.enable_outbound_federation();
    // Nobody renews the session: what is left of it shrinks.
    let session = world.keep(world.builder().duration(minutes(15)).build().unwrap());
    let held = session.get().await.unwrap().credential().clone();
    session.close(Duration::from_secs(1)).await;
    let fixed = tokenex_core::sources::Closure::plain(move |_| Ok(held.clone()));
    let source = OutboundIdentity::builder(fixed).region(REGION).duration(minutes(10)).audience("x").build().unwrap();
    let ask = || async { world.scheduler.keep(Passthrough::new(source.clone())).get().await };
    world.seconds(7 * 60).await;
    let token = ask().await.unwrap();
    let life = token.claims().expires_at().unwrap().duration_since(world.time.wall()).unwrap();
    assert!(life < minutes(8) && life > minutes(7), "{life:?}");
    world.seconds(7 * 60).await;
    let error = ask().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Identity, Some("session_ends"), true));
    assert_eq!(world.last().action, "GetWebIdentityToken");
    assert_eq!(world.requests().len(), 2, "what AWS would refuse is not sent");
}

#[tokio::test(start_paused = true)]
async fn what_the_account_does_not_allow_is_explained() {
    let world = World::new();
    let keep = || world.scheduler.keep(Passthrough::new(outbound(&world)).audience("x"));
    let error = keep().get().await.unwrap_err();
    assert_eq!(error.code(), Some("OutboundWebIdentityFederationDisabledException"));
    assert_eq!((error.kind(), error.step()), (ErrorKind::Denied, Some("outbound identity")));
    assert!(error.advice().unwrap().contains("enable-outbound-web-identity-federation"), "{error}");
    world.account.enable_outbound_federation();
    world.role.forbid("sts:GetWebIdentityToken");
    let error = keep().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("AccessDenied")));
    assert!(error.advice().unwrap().contains("sts:GetWebIdentityToken"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_aws_is_no_web_identity_for_aws() {
    let world = World::new();
    world.account.enable_outbound_federation();
    let back = world.builder_with(outbound(&world)).build().unwrap();
    let error = world.keep(back).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("InvalidIdentityToken")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn choices_out_of_bounds_are_refused_before_anything_is_sent() {
    let world = World::new();
    let builder = || OutboundIdentity::builder(world.web_identity()).region(REGION);
    for (code, builder) in [
        ("region", builder().region("aws-global")),
        ("duration", builder().duration(Duration::from_secs(59))),
        ("duration", builder().duration(Duration::from_secs(3601))),
        ("audience", builder().audience("")),
        ("audience", builder().audience("x".repeat(1001))),
        ("tag", builder().tag("", "x")),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{error}");
    }
    let nameless = world.scheduler.keep(Passthrough::new(outbound(&world)));
    let error = nameless.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("audience")));
    assert_eq!(world.twin.exchanges().iter().filter(|call| call.action == "GetWebIdentityToken").count(), 0);
}

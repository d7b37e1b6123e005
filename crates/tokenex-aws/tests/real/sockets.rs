//! The crate over real sockets: https with a CA of one's own, and the whole chain before the twin, which verifies each
//! token and each signature.

use serde_json::json;
use tokenex_aws::{AssumeRole, OutboundIdentity, SigningAlgorithm};
use tokenex_core::{ErrorKind, Passthrough};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;

use crate::world::{EXTERNAL_ID, PATIENCE, REGION, SECOND, SUBJECT, World, scheduler};

#[tokio::test]
async fn an_identity_becomes_a_role_another_role_and_an_identity_for_others_over_tls() {
    let world = World::new().await;
    let issuer = world.account.enable_outbound_federation();
    let certificates = Certificates::for_loopback();
    let served = world.sts.serve_tls(&certificates).await.unwrap();
    let (url, ca) = (served.url(), certificates.ca_pem());
    let scheduler = scheduler();

    let first = scheduler.keep(world.web_identity_at(&url, SUBJECT).ca_pem(ca).build().unwrap());
    let next = AssumeRole::builder(world.auditor.arn(), first).region(REGION).endpoint(&url).ca_pem(ca);
    let next = scheduler.keep(next.external_id(EXTERNAL_ID).build().unwrap());
    for (algorithm, name) in [(SigningAlgorithm::Rs256, "RS256"), (SigningAlgorithm::Es384, "ES384")] {
        let identity = OutboundIdentity::builder(next.clone()).region(REGION).endpoint(&url).ca_pem(ca);
        let identity = identity.algorithm(algorithm).build().unwrap();
        let token = scheduler.keep(Passthrough::new(identity).audience("vault")).ready(PATIENCE).await.unwrap();

        let claims = issuer.verify(token.credential().secret().expose()).unwrap();
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!(world.auditor.arn()), &json!("vault")), "{name}");
    }
    let actions: Vec<_> = world.sts.exchanges().into_iter().map(|exchange| exchange.action).collect();
    assert_eq!(actions, ["AssumeRoleWithWebIdentity", "AssumeRole", "GetWebIdentityToken", "GetWebIdentityToken"]);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn another_ca_is_an_error_of_tls_and_nothing_is_asked() {
    let world = World::new().await;
    let served = world.sts.serve_tls(&Certificates::for_loopback()).await.unwrap();
    let scheduler = scheduler();
    let role = world.web_identity_at(&served.url(), SUBJECT).ca_pem(Certificates::for_loopback().ca_pem());
    let error = scheduler.keep(role.build().unwrap()).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(world.sts.exchanges().is_empty());
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_wrong_subject_is_refused_and_the_error_says_what_was_presented() {
    let world = World::new().await;
    let scheduler = scheduler();
    let role = world.web_identity_at(&world.served.url(), "repo:acme/other").build().unwrap();
    let error = scheduler.keep(role).get().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"), "{error}");
    assert!(error.to_string().contains("repo:acme/other"), "{error}");
    assert!(error.request_id().is_some_and(|id| id == world.sts.exchanges()[0].request_id), "{error:?}");
    scheduler.shutdown(SECOND).await;
}

//! Exchanges that an instance signs, in place of an application with its secret.

use std::sync::{Arc, Mutex};

use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{AnyTokenSource, ErrorKind, Handle};
use tokenex_oci::{Domain, InstancePrincipal, SessionToken};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::oci::InstanceTwin;

use crate::world::{HOST, World, field};

const METADATA: &str = "169.254.169.254";
const AUTH: &str = "auth.eu-frankfurt-1.oraclecloud.com";

/// An instance of the tenancy that may exchange in the domain, and its own token, kept.
fn instance(world: &World) -> (InstanceTwin, Handle<SessionToken>) {
    let instance = world.oci.instance("eu-frankfurt-1");
    instance.route(&world.network, METADATA);
    world.oci.route(&world.network, AUTH);
    world.domain.allow_instance(&instance);
    (instance, world.keep(InstancePrincipal::new()))
}

fn session(world: &World, principal: &Handle<SessionToken>) -> Handle<SessionToken> {
    let identity = world.fixed(&world.jwt());
    let domain = Domain::builder(world.domain.url(), identity).instance_principal(principal.clone()).build().unwrap();
    world.keep(domain.user_token())
}

#[tokio::test(start_paused = true)]
async fn the_form_is_the_same_and_the_signature_takes_the_place_of_the_secret() {
    let world = World::new();
    let (instance, principal) = instance(&world);
    let token = session(&world, &principal).get().await.unwrap();
    assert_eq!((token.claims().subject(), world.call(&token)), (Some(world.user.ocid()), 200));
    assert_eq!(world.domain.exchanges()[0].client, instance.ocid());
    let request = &world.requests()[0];
    let signature = request.header("authorization");
    assert!(signature.starts_with("Signature version=\"1\",keyId=\"ST$"), "{signature}");
    assert!(signature.contains("x-content-sha256") && request.headers()["authorization"].is_sensitive());
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(field(request, "subject_token_type").as_deref(), Some("jwt"));
}

#[tokio::test(start_paused = true)]
async fn the_source_chooses_the_audience_unless_one_is_named() {
    let world = World::new();
    let (_, principal) = instance(&world);
    world.trust.audience("oci-workloads");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (jwt, seen) = (world.jwt(), asked.clone());
    let source = AnyTokenSource::new(Closure::plain(move |audience: Option<String>| {
        seen.lock().unwrap().push(audience);
        Ok(jwt.clone().audience("oci-workloads").sign())
    }));
    let builder = || Domain::builder(world.domain.url(), source.clone()).instance_principal(principal.clone());
    world.keep(builder().build().unwrap().user_token()).get().await.unwrap();
    world.keep(builder().audience("oci-workloads").build().unwrap().user_token()).get().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [None, Some("oci-workloads".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_instance_that_is_refused_is_replaced_in_the_same_attempt() {
    let world = World::new();
    let (_, principal) = instance(&world);
    let held = principal.get().await.unwrap();
    world.oci.revoke(held.secret().expose());
    let token = session(&world, &principal).get().await.unwrap();
    assert_eq!((world.call(&token), world.count()), (200, 2));
    assert_eq!(principal.get().await.unwrap().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_may_not_exchange_is_told_so() {
    let world = World::new();
    let other = world.oci.instance("eu-frankfurt-1");
    other.route(&world.network, METADATA);
    world.oci.route(&world.network, AUTH);
    let principal = world.keep(InstancePrincipal::new());
    let error = session(&world, &principal).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("unauthorized_client")));
    assert_eq!(world.network.count(HOST), 1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_a_token_is_the_error_that_is_shown() {
    let world = World::new();
    // Nothing answers at the address of the metadata service.
    let principal = world.keep(InstancePrincipal::new());
    let error = session(&world, &principal).get().await.unwrap_err();
    assert_eq!(error.provider(), Some("oci"));
    assert!(error.is_transient(), "{error}");
    assert_eq!(world.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn hours_of_exchanges_signed_by_a_token_that_is_itself_refreshed() {
    let world = World::new();
    let (_, principal) = instance(&world);
    let domain = Domain::builder(world.domain.url(), world.identity())
        .instance_principal(principal.clone())
        .audience(world.app.client_id())
        .build()
        .unwrap();
    let session = world.keep(domain.user_token());
    for _ in 0..24 {
        assert_eq!(world.call(&session.get().await.unwrap()), 200);
        world.seconds(600).await;
    }
    assert!(world.domain.exchanges().iter().all(|exchange| exchange.outcome.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn two_ways_to_exchange_leave_the_last_one() {
    let world = World::new();
    let (_, principal) = instance(&world);
    let domain = Domain::builder(world.domain.url(), world.identity())
        .instance_principal(principal)
        .client(world.app.client_id(), StaticText::new(world.app.secret()))
        .build()
        .unwrap();
    world.keep(domain.user_token()).get().await.unwrap();
    assert!(world.requests()[0].header("authorization").starts_with("Basic "));
}

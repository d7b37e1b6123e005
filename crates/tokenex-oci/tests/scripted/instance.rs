//! Instance principals, on an instance and off it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex_core::{ErrorKind, Handle, Provider as _};
use tokenex_oci::{Domain, InstancePrincipal, SessionToken};
use tokenex_testkit::transport;
use tokenex_testkit::twins::oci::InstanceTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::world::{World, minutes};

const METADATA: &str = "169.254.169.254";
const AUTH: &str = "auth.eu-frankfurt-1.oraclecloud.com";

/// The program runs on an instance of the tenancy.
fn on_an_instance(world: &World) -> InstanceTwin {
    let instance = world.oci.instance("eu-frankfurt-1");
    instance.route(&world.network, METADATA);
    world.oci.route(&world.network, AUTH);
    instance
}

/// The metadata service answers so.
fn metadata(world: &World, answer: impl FnMut(&Request<Bytes>) -> Response<Bytes> + Send + 'static) {
    let answer = Arc::new(Mutex::new(answer));
    world.network.route(METADATA, move |request| {
        let answer = (answer.lock().unwrap())(&request);
        async move { answer }
    });
}

fn kept(world: &World) -> Handle<SessionToken> {
    world.keep(InstancePrincipal::new())
}

#[tokio::test(start_paused = true)]
async fn the_certificate_of_the_instance_becomes_a_token_that_signs_calls() {
    let world = World::new();
    let instance = on_an_instance(&world);
    let token = kept(&world).get().await.unwrap();
    assert_eq!(world.call(&token), 200);
    assert_eq!(token.claims().subject(), Some(instance.ocid()));
    assert!(token.tenancy().is_some());
    let federation = &world.oci.calls()[0];
    assert_eq!((federation.target.as_str(), federation.outcome), ("/v1/x509", Ok(())));
    assert_eq!(federation.signed, ["date", "(request-target)", "content-length", "content-type", "x-content-sha256"]);
    let asked = world.network.requests_to(METADATA);
    assert!(asked.iter().all(|request| request.header("authorization") == "Bearer Oracle"));
    let paths: Vec<&str> = asked.iter().map(|request| request.path()).collect();
    assert_eq!(
        paths,
        [
            "/opc/v2/identity/cert.pem",
            "/opc/v2/identity/key.pem",
            "/opc/v2/identity/intermediate.pem",
            "/opc/v2/instance/regionInfo"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_region_that_was_named_is_not_asked_for() {
    let world = World::new();
    on_an_instance(&world);
    world.oci.route(&world.network, "auth.uk-gov-london-1.oraclegovcloud.uk");
    let provider = InstancePrincipal::new().region("uk-gov-london-1", "oraclegovcloud.uk").unwrap();
    assert_eq!(provider.target().name(), "https://auth.uk-gov-london-1.oraclegovcloud.uk");
    world.keep(provider).get().await.unwrap();
    assert_eq!(world.network.count(METADATA), 3);
    assert_eq!(world.network.count(AUTH), 0);
}

#[tokio::test(start_paused = true)]
async fn each_token_has_a_new_key_and_the_certificate_of_its_time() {
    let world = World::new();
    let instance = on_an_instance(&world);
    instance.token_lifetime(minutes(20)).certificate_life(minutes(30));
    let handle = kept(&world);
    let mut keys = Vec::new();
    for _ in 0..6 {
        let token = handle.get().await.unwrap();
        assert_eq!(world.call(&token), 200);
        keys.push(token.key().fingerprint());
        world.seconds(14 * 60).await;
    }
    let several = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), several);
    assert!(world.oci.calls().iter().all(|call| call.outcome.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_changes_between_the_two_reads_is_read_again() {
    let world = World::new();
    let instance = on_an_instance(&world);
    let (twin, mut changed) = (instance.clone(), false);
    metadata(&world, move |request| {
        if request.uri().path().ends_with("key.pem") && !std::mem::replace(&mut changed, true) {
            twin.rotate_certificate();
        }
        twin.answer(request)
    });
    let token = kept(&world).get().await.unwrap();
    assert_eq!(world.call(&token), 200);
    assert_eq!(world.network.count(METADATA), 7);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_never_fits_its_certificate_is_an_error_and_nothing_is_sent() {
    let world = World::new();
    let (one, other) = (on_an_instance(&world), world.oci.instance("eu-frankfurt-1"));
    metadata(&world, move |request| {
        if request.uri().path().ends_with("key.pem") { other.answer(request) } else { one.answer(request) }
    });
    let error = kept(&world).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some("wrong_pair")));
    assert_eq!(world.network.count(AUTH), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ten_minutes_off_is_known_before_it_matters() {
    let world = World::with_twin_ahead(minutes(10));
    on_an_instance(&world);
    let token = kept(&world).get().await.unwrap();
    assert_eq!(world.call(&token), 200);
}

#[tokio::test(start_paused = true)]
async fn elsewhere_than_on_an_instance_the_error_asks_where_this_is() {
    let world = World::new();
    world.network.fault(METADATA, transport::Fault::Unreachable);
    let error = kept(&world).get().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("compute instance"), "{error}");
    assert_eq!((error.provider(), error.step()), (Some("oci"), Some("metadata")));
}

#[tokio::test(start_paused = true)]
async fn what_the_metadata_service_answers_otherwise_is_told_apart() {
    for (fault, kind, word) in [
        (Fault::Empty(404), ErrorKind::Unavailable, "compute instance"),
        (Fault::Empty(403), ErrorKind::Denied, "proxy"),
        (Fault::Empty(302), ErrorKind::NotFound, "something else"),
        (Fault::Empty(429), ErrorKind::Throttled, "fewer requests"),
        (Fault::OutOfOrder(500, RetryAfter::Absent), ErrorKind::Unavailable, "failed"),
        (Fault::Html(200), ErrorKind::Protocol, "not PEM"),
        (Fault::Empty(200), ErrorKind::Protocol, "not PEM"),
        (Fault::HalfBody, ErrorKind::Protocol, "certificate"),
    ] {
        let world = World::new();
        let instance = on_an_instance(&world);
        instance.fault(1, fault.clone());
        let handle = kept(&world);
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.step()), (kind, Some("metadata")), "{fault:?}: {error}");
        assert!(error.to_string().contains(word), "{fault:?}: {error}");
        handle.ready(Duration::from_secs(3600)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_federation_endpoint_answers_otherwise_is_told_apart() {
    for (fault, kind) in [
        (Fault::Throttled(RetryAfter::Seconds(7)), ErrorKind::Throttled),
        (Fault::OutOfOrder(503, RetryAfter::Absent), ErrorKind::Unavailable),
        (Fault::Html(200), ErrorKind::Protocol),
        (Fault::Html(401), ErrorKind::Protocol),
        (Fault::HalfBody, ErrorKind::Protocol),
    ] {
        let world = World::new();
        on_an_instance(&world);
        world.oci.fault_federation(1, fault.clone());
        let handle = kept(&world);
        let error = handle.get().await.unwrap_err();
        assert_eq!((error.kind(), error.step()), (kind, Some("federation")), "{fault:?}: {error}");
        assert!(error.is_transient(), "{error}");
        handle.ready(Duration::from_secs(3600)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_no_longer_taken_is_a_matter_of_trust_that_may_pass() {
    let world = World::new();
    let instance = on_an_instance(&world);
    let (twin, mut revoked) = (instance.clone(), false);
    metadata(&world, move |request| {
        let answer = twin.answer(request);
        if request.uri().path().ends_with("regionInfo") && !std::mem::replace(&mut revoked, true) {
            twin.revoke_certificates();
        }
        answer
    });
    let handle = kept(&world);
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Trust, Some("NotAuthenticated"), true));
    assert!(error.request_id().is_some() && error.to_string().contains("clock"), "{error}");
    handle.ready(minutes(60)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_region_that_cannot_be_one_never_becomes_an_address() {
    let world = World::new();
    let instance = on_an_instance(&world);
    metadata(&world, move |request| {
        if request.uri().path().ends_with("regionInfo") {
            let info = r#"{"regionIdentifier": "x.evil.example/", "realmDomainComponent": "oraclecloud.com"}"#;
            return Response::new(Bytes::from(info));
        }
        instance.answer(request)
    });
    let error = kept(&world).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some("foreign_answer")));
    assert!(error.to_string().contains("`region`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_instance_may_exchange_identity_tokens_in_place_of_an_application() {
    let world = World::new();
    let instance = on_an_instance(&world);
    world.domain.allow_instance(&instance);
    world.trust.audience("workloads");
    let domain = Domain::builder(world.domain.url(), world.identity());
    let domain = domain.instance_principal(kept(&world)).audience("workloads").build().unwrap();
    let token = world.keep(domain.user_token()).get().await.unwrap();
    assert_eq!(world.call(&token), 200);
    assert_eq!(token.claims().subject(), Some(world.user.ocid()));
}

#[test]
fn addresses_and_regions_that_are_none_are_refused() {
    for bad in [
        "",
        "169.254.169.254",
        "http://",
        "ftp://a/opc/v2",
        "http://a/opc?x",
        "http://u@a/",
        "http://a/#x",
        "http://a b/",
    ] {
        assert_eq!(InstancePrincipal::at(bad).unwrap_err().code(), Some("metadata_base_url"), "{bad}");
    }
    let own = InstancePrincipal::at("http://127.0.0.1:8080/opc/v2/").unwrap();
    assert_eq!(own.target().name(), "http://127.0.0.1:8080");
    for (region, realm) in
        [("", "oraclecloud.com"), ("eu frankfurt", "oraclecloud.com"), ("eu-frankfurt-1", "https://oraclecloud.com")]
    {
        assert_eq!(InstancePrincipal::new().region(region, realm).unwrap_err().code(), Some("region"));
    }
}

//! The laws of the contract, on each provider.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokenex_core::Provider;
use tokenex_oci::{Domain, InstancePrincipal, OkeWorkload, ResourcePrincipal, SessionToken};
use tokenex_testkit::conformance::{self, Fixture};
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::oci::OciTwin;
use tokenex_testkit::world::World;

use crate::world::{HOST, STORAGE};

fn oci(world: &World) -> OciTwin {
    let oci = OciTwin::with_clock(world.target_clock());
    oci.reach(world.issuer());
    oci
}

/// What is secret in a session token, and how Oracle says whether it works: by a signed call.
fn fixture<P: Provider<Credential = SessionToken>>(provider: P, world: &World, oci: &OciTwin) -> Fixture<P> {
    let (now, oci) = (world.target_clock(), oci.clone());
    Fixture::new(provider).secrets(|token| vec![token.secret().expose().to_owned()]).works(move |token| {
        let request = Request::get(format!("{STORAGE}/n")).body(Bytes::new()).unwrap();
        oci.answer(&token.signer().at(now()).sign(request).unwrap()).status() == 200
    })
}

#[test]
fn a_service_users_token_keeps_every_law() {
    conformance::provider(|world| {
        let oci = oci(world);
        let domain = oci.domain(HOST);
        world.route(HOST, &domain);
        let (app, user) = (domain.app("exchanger"), domain.user("deployer"));
        let trust = domain.trust("ci", World::ISSUER);
        trust.oauth_client(&app).audience(app.client_id());
        trust.impersonate(&format!("sub eq {}", World::SUBJECT), &user).active(true);
        let secret = world.marked("client secret", &app.secret());
        let domain = Domain::builder(domain.url(), world.identity()).client(app.client_id(), secret).build().unwrap();
        fixture(domain.user_token(), world, &oci).refused_by(move || {
            trust.active(false);
        })
    })
    .run()
    .assert_all();
}

#[test]
fn an_instance_principal_keeps_every_law() {
    conformance::provider(|world| {
        let oci = oci(world);
        let instance = oci.instance("eu-frankfurt-1");
        instance.token_lifetime(Duration::from_secs(1200));
        world.route("169.254.169.254", &instance);
        world.route("auth.eu-frankfurt-1.oraclecloud.com", &oci);
        fixture(InstancePrincipal::new(), world, &oci)
    })
    .run()
    .assert_all();
}

#[test]
fn a_pods_token_keeps_every_law() {
    conformance::provider(|world| {
        let oci = oci(world);
        let cluster = oci.cluster(world.issuer());
        world.route("10.96.0.1:12250", &cluster);
        let service_account = world.identity().with(|token| {
            token.subject("system:serviceaccount:shop:checkout").audience("https://kubernetes.default.svc")
        });
        let pod = OkeWorkload::builder("10.96.0.1").identity(service_account).transport(world.transport());
        // The proxymux takes the token as a bearer, and nothing else.
        fixture(pod.build().unwrap(), world, &oci).identity_in_header("authorization").refused_by(move || {
            cluster.enhanced(false);
        })
    })
    .run()
    .assert_all();
}

#[test]
fn a_resource_principal_keeps_every_law() {
    conformance::provider(|world| {
        let oci = oci(world);
        let session = oci.resource_principal("fnfunc").session(Duration::from_secs(900));
        let token = world.marked("token of the function", session.token());
        let key = world.marked("key of the function", &session.private_pem());
        fixture(ResourcePrincipal::new(token, key), world, &oci).offline()
    })
    .run()
    .assert_all();
}

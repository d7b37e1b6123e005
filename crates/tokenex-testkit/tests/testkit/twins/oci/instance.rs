use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tokenex_testkit::twins::oci::InstanceTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin};

use super::support::*;

const METADATA: &str = "http://169.254.169.254/opc/v2";
const FEDERATION: &str = "https://auth.eu-frankfurt-1.oraclecloud.com/v1/x509";
const FEDERATION_HEADERS: &str = "date (request-target) content-length content-type x-content-sha256";

fn metadata(instance: &InstanceTwin, path: &str) -> (u16, String) {
    let request = Request::get(format!("{METADATA}{path}")).header("authorization", "Bearer Oracle");
    read(instance, request)
}

fn read(instance: &InstanceTwin, request: http::request::Builder) -> (u16, String) {
    let answer = instance.answer(&request.body(Bytes::new()).unwrap());
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
}

fn base64_of(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// What an instance sends to the federation endpoint, as its key signed it.
struct Asked {
    key: Key,
    key_id: String,
    headers: &'static str,
    body: Value,
}

impl Asked {
    fn of(world: &World, instance: &InstanceTwin) -> Self {
        let [certificate, key, intermediate] = ["cert", "key", "intermediate"].map(|name| {
            let (status, pem) = metadata(instance, &format!("/identity/{name}.pem"));
            assert_eq!(status, 200);
            pem
        });
        assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{key}");
        let certificate = base64_of(&certificate);
        let fingerprint = fingerprint(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate).to_uppercase();
        Self {
            key: Key::from_pkcs1_pem(&key),
            key_id: format!("{}/fed-x509/{fingerprint}", world.oci.tenancy()),
            headers: FEDERATION_HEADERS,
            body: json!({
                "certificate": certificate,
                "publicKey": KEY.public,
                "intermediateCertificates": [base64_of(&intermediate)],
            }),
        }
    }

    fn send(self, world: &World) -> Answer {
        let signed = Signed::with(Method::POST, FEDERATION, "", self.headers, self.body.to_string());
        let signed = Signed { key_id: self.key_id, ..signed };
        Answer::of(world.oci.answer(&signed.request_by(&self.key, world.clock.now())))
    }
}

fn fingerprint(algorithm: &'static ring::digest::Algorithm, certificate: &str) -> String {
    use base64::Engine as _;
    let der = base64::engine::general_purpose::STANDARD.decode(certificate).unwrap();
    let hash = ring::digest::digest(algorithm, &der);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[test]
fn an_instance_gets_a_session_token_for_its_certificate() {
    let world = World::new();
    let instance = world.oci.instance("eu-frankfurt-1");
    let token = Asked::of(&world, &instance).send(&world).token();
    let claims = world.oci.claims(&token).unwrap();
    assert_eq!((&claims["sub"], &claims["opc-tenant"]), (&instance.ocid().into(), &world.oci.tenancy().into()));
    assert_eq!(world.call(Signed::get(format!("{API}/n"), &token)).status, 200);
    world.clock.advance(1200);
    assert_eq!(world.call(Signed::get(format!("{API}/n"), &token)).status, 401);

    let mut newer = Asked::of(&world, &instance);
    let certificate = newer.body["certificate"].as_str().unwrap().to_owned();
    let fingerprint = fingerprint(&ring::digest::SHA256, &certificate);
    newer.key_id = format!("{}/fed-x509-sha256/{fingerprint}", world.oci.tenancy());
    assert_eq!(newer.send(&world).status, 200);
}

#[test]
fn the_metadata_service_wants_its_header_and_no_proxy() {
    let world = World::new();
    let instance = world.oci.instance("eu-frankfurt-1");
    assert_eq!(metadata(&instance, "/instance/region"), (200, "eu-frankfurt-1".to_owned()));
    let info: Value = serde_json::from_str(&metadata(&instance, "/instance/regionInfo/").1).unwrap();
    assert_eq!(info["realmDomainComponent"], "oraclecloud.com");
    let url = format!("{METADATA}/identity/key.pem");
    assert_eq!(read(&instance, Request::get(&url)).0, 403);
    assert_eq!(read(&instance, Request::get(&url).header("authorization", "Bearer other")).0, 403);
    let proxied = Request::get(&url).header("authorization", "Bearer Oracle").header("x-forwarded-for", "1.1.1.1");
    assert_eq!(read(&instance, proxied).0, 403);
    assert_eq!(metadata(&instance, "/identity/other.pem").0, 404);
    let version_1 = Request::get("http://169.254.169.254/opc/v1/identity/key.pem");
    assert_eq!(read(&instance, version_1).0, 404);
    instance.fault(2, Fault::Throttled(RetryAfter::Absent));
    assert_eq!(metadata(&instance, "/instance/region").0, 429);
    instance.heal();
    assert_eq!(metadata(&instance, "/instance/region").0, 200);
}

/// Makes one thing wrong with a request, with the help of another instance's.
type Spoil = fn(&mut Asked, &Asked);

#[test]
fn a_planted_fault_in_the_request_of_an_instance_is_refused() {
    let world = World::new();
    let (instance, other) = (world.oci.instance("eu-frankfurt-1"), world.oci.instance("eu-frankfurt-1"));
    let foreign = Asked::of(&world, &other);
    let cases: [(Spoil, u16, &str); 9] = [
        (|asked, other| asked.key = other.key.clone(), 401, "the signature is not the key's over this request"),
        (|asked, other| asked.key_id.clone_from(&other.key_id), 401, "the key id names another certificate"),
        (
            |asked, _| asked.key_id = format!("ocid1.tenancy.oc1..b/{}", asked.key_id.split_once('/').unwrap().1),
            401,
            "the key id names another tenancy",
        ),
        (
            |asked, _| asked.key_id = asked.key_id.replace("fed-x509/", "fed-x509-md5/"),
            401,
            "the key id names another certificate",
        ),
        (
            |asked, other| asked.body["certificate"] = other.body["publicKey"].clone(),
            401,
            "the certificate is unknown or has ended",
        ),
        (|asked, _| asked.body["intermediateCertificates"] = json!([]), 401, "the intermediate certificate is absent"),
        (|asked, _| asked.headers = "date (request-target)", 401, "the body is not signed"),
        (
            |asked, _| asked.headers = "(request-target) content-length content-type x-content-sha256",
            401,
            "the date is not signed",
        ),
        (|asked, _| asked.body["publicKey"] = json!("AAAA"), 400, "the body is not what the call takes"),
    ];
    for (spoil, status, reason) in cases {
        let mut asked = Asked::of(&world, &instance);
        spoil(&mut asked, &foreign);
        assert_eq!((asked.send(&world).status, world.reason()), (status, reason));
    }
    assert_eq!(Asked::of(&world, &instance).send(&world).status, 200);
}

#[test]
fn certificates_are_changed_at_half_of_their_life_and_end() {
    let world = World::new();
    let instance = world.oci.instance("eu-frankfurt-1");
    instance.certificate_life(Duration::from_secs(3600));
    let (first, copy) = (Asked::of(&world, &instance), Asked::of(&world, &instance));
    assert_eq!(first.body["certificate"], copy.body["certificate"]);
    world.clock.advance(1800);
    let second = Asked::of(&world, &instance);
    assert_ne!(first.body["certificate"], second.body["certificate"]);
    assert_eq!(first.send(&world).status, 200, "it is good until its end");
    world.clock.advance(1799);
    instance.rotate_certificate();
    assert_eq!(second.send(&world).status, 200);
    world.clock.advance(1);
    assert_eq!((copy.send(&world).status, world.reason()), (401, "the certificate is unknown or has ended"));
    let last = Asked::of(&world, &instance);
    instance.revoke_certificates();
    assert_eq!(last.send(&world).status, 401);
    world.oci.fault_federation(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    assert_eq!(Asked::of(&world, &instance).send(&world).service(), (503, "ServiceUnavailable"));
    assert_eq!(Asked::of(&world, &instance).send(&world).status, 200);
}

#[test]
fn an_instance_that_is_allowed_asks_a_domain_without_a_secret() {
    let world = World::new();
    let instance = world.oci.instance("eu-frankfurt-1");
    let token = Asked::of(&world, &instance).send(&world).token();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("requested_token_type", USER)
        .append_pair("subject_token", &world.identity().sign())
        .append_pair("subject_token_type", "jwt")
        .append_pair("public_key", &OTHER.public)
        .finish();
    let url = format!("https://{HOST}/oauth2/v1/token");
    let ask = |key: &Key| {
        let signed = Signed::with(Method::POST, &url, &token, BODY_HEADERS, form.clone());
        let signed = Signed { kind: "application/x-www-form-urlencoded", ..signed };
        Answer::of(world.domain.answer(&signed.request_by(key, world.clock.now())))
    };
    assert_eq!(ask(&KEY).oauth(), (403, "unauthorized_client"));
    world.domain.allow_instance(&instance);
    let user = ask(&KEY).token();
    assert_eq!(world.oci.claims(&user).unwrap()["sub"], world.user.ocid());
    assert_eq!(world.domain.exchanges().last().unwrap().client, instance.ocid());
    assert_eq!(ask(&OTHER).oauth(), (401, "invalid_client"), "not the key of the instance's token");
}

//! Tokens that are handed out inside of Oracle Cloud: to pods and to functions.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::twins::oci::ClusterTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin};

use super::support::*;

const PODS: &str = "https://10.96.0.1:12250/resourcePrincipalSessionTokens";

fn ask(cluster: &ClusterTwin, url: &str, service_account: &str, body: &str) -> (u16, String) {
    let request = http::Request::post(url)
        .header("authorization", format!("Bearer {service_account}"))
        .header("content-type", "application/json");
    let answer = cluster.answer(&request.body(Bytes::from(body.to_owned())).unwrap());
    assert!(answer.headers().contains_key("opc-request-id"));
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
}

#[test]
fn a_pod_gets_a_session_token_for_its_service_account() {
    let world = World::new();
    let accounts = IssuerKeys::with("https://kubernetes.test", PooledKeys, world.clock.reader());
    let cluster = world.oci.cluster(&accounts);
    let account = accounts.token().subject("system:serviceaccount:shop:checkout");
    let body = json!({ "podKey": KEY.public }).to_string();

    let (status, text) = ask(&cluster, PODS, &account.sign(), &body);
    assert_eq!(status, 200);
    let document: Value = serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap();
    let token = document["token"].as_str().unwrap().strip_prefix("ST$").unwrap();
    let claims = world.oci.claims(token).unwrap();
    assert_eq!((&claims["namespace"], &claims["service_account"]), (&json!("shop"), &json!("checkout")));
    assert_eq!((&claims["cluster_id"], &claims["res_tenant"]), (&json!(cluster.ocid()), &json!(world.oci.tenancy())));
    assert_eq!(world.call(Signed::get(format!("{API}/n"), token)).status, 200);

    let status = |account: &str, body: &str| ask(&cluster, PODS, account, body).0;
    assert_eq!(status(&account.clone().forged().sign(), &body), 401);
    assert_eq!(status(&account.clone().expired_since(Duration::from_secs(1)).sign(), &body), 401);
    assert_eq!(status(&account.clone().subject("ada").sign(), &body), 401);
    assert_eq!(status(&account.clone().claim("iss", "https://other.test").sign(), &body), 401);
    assert_eq!(status(&account.sign(), "{}"), 400);
    assert_eq!(status(&account.sign(), &json!({ "podKey": "AAAA" }).to_string()), 400);
    assert_eq!(ask(&cluster, "https://10.96.0.1:12250/other", &account.sign(), &body).0, 404);
    cluster.enhanced(false);
    assert_eq!(status(&account.sign(), &body), 403);
    cluster.enhanced(true).token_lifetime(Duration::from_secs(60));
    cluster.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    assert_eq!([status(&account.sign(), &body), status(&account.sign(), &body)], [503, 200]);
    assert_eq!(cluster.issued(), 2);
}

#[test]
fn a_function_gets_a_token_with_its_key() {
    let world = World::new();
    let function = world.oci.resource_principal("fnfunc");
    let (first, second) = (function.session(Duration::from_secs(60)), function.session(Duration::from_secs(90)));
    let claims = world.oci.claims(first.token()).unwrap();
    assert_eq!((&claims["sub"], &claims["res_compartment"]), (&json!(function.ocid()), &json!(function.compartment())));
    let key = Key::from_pkcs1_pem(&first.private_pkcs1_pem());
    let call = |token: &str| {
        let signed = Signed::get(format!("{API}/n"), token);
        Answer::of(world.oci.answer(&signed.request_by(&key, world.clock.now()))).status
    };
    assert_eq!([call(first.token()), call(second.token())], [200, 401], "each token has a key of its own");
    assert!(first.private_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    world.clock.advance(60);
    assert_eq!(call(first.token()), 401);
}

//! The same twin in memory, on moved time, and on sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tokenex_core::Transport as _;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};
use tokenex_testkit::twins::{Fault, Twin as _};

use super::support::{ASSERTION_TYPE, Answer, FORM, ISSUER, MANAGEMENT, SUBJECT, World};
use crate::support::{client, plain_client, within};

fn body(world: &World) -> String {
    let identity = world.identity().sign();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "client_credentials"),
            ("client_id", world.app.client_id()),
            ("scope", MANAGEMENT),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &identity),
        ])
        .finish()
}

#[tokio::test(start_paused = true)]
async fn in_memory_it_lives_on_the_clock_of_the_test() {
    let time = TestClock::new();
    let entra = EntraTwin::with_clock({
        let time = time.clone();
        move || time.wall()
    });
    let issuer = tokenex_testkit::issuer::IssuerKeys::with(ISSUER, tokenex_testkit::issuer::PooledKeys, {
        let time = time.clone();
        move || time.wall()
    });
    entra.reach(&issuer);
    let tenant = entra.tenant("contoso.onmicrosoft.com");
    let app = tenant.app("deployer");
    app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let network = InMemory::new();
    entra.route(&network, "login.microsoftonline.com");
    let jwt = issuer.token().subject(SUBJECT).audience(EXCHANGE_AUDIENCE).lifetime(Duration::from_secs(600)).sign();
    let send = async || {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "client_credentials"),
                ("client_id", app.client_id()),
                ("scope", MANAGEMENT),
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", &jwt),
            ])
            .finish();
        let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.id());
        let request = http::Request::post(url).header("content-type", FORM).body(Bytes::from(body)).unwrap();
        Answer::of(network.send(request, Duration::from_secs(60)).await.unwrap())
    };
    assert_eq!(send().await.status, 200);
    entra.fault(1, Fault::Slow(Duration::from_secs(20)));
    assert_eq!(send().await.status, 200);
    assert_eq!(time.monotonic(), Duration::from_secs(20), "the slow answer took its time");
    time.advance(Duration::from_secs(900)).await;
    assert_eq!(send().await.refusal().2, 700_024, "the identity token has aged");
}

#[tokio::test]
async fn over_https_discovery_names_the_address_it_was_asked_at() {
    let world = World::federated();
    let certificates = Certificates::for_loopback();
    let served = world.entra.serve_tls(&certificates).await.unwrap();
    let client = client(&certificates);
    let get = async |url: &str| -> Value {
        let body = within(client.get(url).send()).await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    };
    for base in [served.url(), served.localhost_url()] {
        let url = format!("{base}/{}/v2.0/.well-known/openid-configuration", world.tenant.domain());
        let document = get(&url).await;
        let tenant = world.tenant.id();
        assert_eq!(document["token_endpoint"], format!("{base}/{tenant}/oauth2/v2.0/token"));
        assert_eq!(document["issuer"], format!("https://login.microsoftonline.com/{tenant}/v2.0"));
        assert!(document["authorization_endpoint"].as_str().unwrap().starts_with(&base));

        let request = client.post(document["token_endpoint"].as_str().unwrap());
        let answer = within(request.header("content-type", FORM).body(body(&world)).send())
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let jwks = get(document["jwks_uri"].as_str().unwrap()).await;
        let claims = verify_with_jwks(&jwks, answer["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(claims["oid"], world.app.object_id());
    }
    let v1 = get(&format!("{}/{}/.well-known/openid-configuration", served.url(), world.tenant.id())).await;
    assert_eq!(v1["issuer"], format!("https://sts.windows.net/{}/", world.tenant.id()));
    let nowhere = format!("{}/nowhere.test/v2.0/.well-known/openid-configuration", served.url());
    assert_eq!(get(&nowhere).await["error_codes"][0], 90_002);
    let unknown = within(client.get(format!("{}/{}/other", served.url(), world.tenant.id())).send()).await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn over_http_it_is_slow_and_half_where_told() {
    let world = World::federated();
    let served = world.entra.serve().await.unwrap();
    let url = format!("{}/{}/oauth2/v2.0/token", served.url(), world.tenant.id());
    let send = async || {
        let answer =
            within(plain_client().post(&url).header("content-type", FORM).body(body(&world)).send()).await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    world.entra.fault(1, Fault::Slow(Duration::from_millis(80)));
    let begun = Instant::now();
    assert_eq!(send().await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(80), "{:?}", begun.elapsed());
    world.entra.fault(1, Fault::HalfBody);
    let (status, half) = send().await;
    assert_eq!(status, 200);
    assert!(serde_json::from_slice::<Value>(&half).is_err() && !half.is_empty());
    assert_eq!(served.server().requests().len(), 2);
}

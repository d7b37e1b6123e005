//! The signing client for `reqwest`, on sockets: so time is real here, and nothing waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{Body, Client, Method, StatusCode, Url};
use tokenex_core::sources::Closure;
use tokenex_core::time::TimeSource;
use tokenex_core::{BoxFuture, Clock, ErrorKind, Handle, Scheduler};
use tokenex_oci::{Domain, SessionToken, SigningClient};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::transport::InMemory;
use tokenex_testkit::twins::oci::{Bucket, OciTwin};
use tokenex_testkit::twins::{Fault, Served, Twin as _};
use tokenex_testkit::web::WebServer;

const DOMAIN: &str = "idcs-1.identity.oraclecloud.com";

/// A tenancy whose API is on a socket, and a token for it.
struct World {
    oci: OciTwin,
    api: Served,
    bucket: Bucket,
    network: InMemory,
    token: Handle<SessionToken>,
}

impl World {
    async fn new() -> Self {
        let (network, oci) = (InMemory::new(), OciTwin::new());
        let issuer = IssuerKeys::with("https://issuer.test", PooledKeys, SystemTime::now);
        oci.reach(&issuer);
        let domain = oci.domain(DOMAIN);
        domain.route(&network, DOMAIN);
        let (app, user, bucket) = (domain.app("exchanger"), domain.user("deployer"), oci.bucket("things"));
        bucket.allow_user(&user);
        let trust = domain.trust("ci", "https://issuer.test");
        trust.oauth_client(&app).audience(app.client_id()).impersonate("sub eq me", &user).active(true);
        let secret = tokenex_core::sources::StaticText::new(app.secret());
        let identity = Closure::plain(move |audience| {
            Ok(issuer.token().subject("me").audience(audience.unwrap_or_default()).sign())
        });
        let domain = Domain::builder(domain.url(), identity).client(app.client_id(), secret).build().unwrap();
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network.clone()).start();
        let token = scheduler.keep(domain.user_token());
        token.ready(Duration::from_secs(60)).await.unwrap();
        Self { api: oci.serve().await.unwrap(), oci, bucket, network, token }
    }

    fn client(&self) -> SigningClient {
        SigningClient::new(self.token.clone(), client())
    }

    fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.api.url()).parse().unwrap()
    }

    fn object(&self, name: &str) -> Url {
        let namespace = self.oci.namespace();
        self.url(&format!("/n/{namespace}/b/{}/o/{name}", self.bucket.name()))
    }
}

fn client() -> Client {
    Client::builder()
        .tls_backend_preconfigured((*Certificates::for_loopback().client_config()).clone())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// A body that nobody can look into, and that can be sent once only.
fn stream(text: &'static str) -> Body {
    Body::wrap(http_body_util::Full::new(Bytes::from(text)))
}

#[tokio::test]
async fn calls_of_each_kind_are_signed_as_the_service_wants_them() {
    let world = World::new().await;
    let client = world.client();
    let got = client.execute(reqwest::Request::new(Method::GET, world.url("/n"))).await.unwrap();
    let status = got.status();
    assert_eq!((status, got.text().await.unwrap()), (StatusCode::OK, format!("\"{}\"", world.oci.namespace())));

    let mut listed = world.object("");
    listed.set_path(listed.path().trim_end_matches('/').to_owned().as_str());
    listed.set_query(Some("prefix=a%20b&fields=name,size"));
    let listed = client.execute(reqwest::Request::new(Method::GET, listed)).await.unwrap();
    assert_eq!(listed.status(), StatusCode::OK);

    let mut made = reqwest::Request::new(Method::POST, world.url(&format!("/n/{}/b", world.oci.namespace())));
    *made.body_mut() = Some(Body::from(r#"{"name": "more", "compartmentId": "ocid1.compartment.oc1..a"}"#));
    assert_eq!(client.execute(made).await.unwrap().status(), StatusCode::OK);

    let mut put = reqwest::Request::new(Method::PUT, world.object("small"));
    *put.body_mut() = Some(Body::from("in memory"));
    assert_eq!(client.execute(put).await.unwrap().status(), StatusCode::OK);
    let empty = reqwest::Request::new(Method::PUT, world.object("empty"));
    assert_eq!(client.execute(empty).await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        (world.bucket.get("small").unwrap(), world.bucket.get("empty").unwrap()),
        ("in memory".into(), "".into())
    );
}

#[tokio::test]
async fn a_stream_is_uploaded_without_its_hash_and_nothing_else_takes_one() {
    let world = World::new().await;
    let upload = || {
        let mut put = reqwest::Request::new(Method::PUT, world.object("large"));
        put.headers_mut().insert("content-length", 12.into());
        *put.body_mut() = Some(stream("one two and "));
        put
    };
    let error = world.client().execute(upload()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("bad_request")));
    assert!(error.to_string().contains("`upload`"), "{error}");
    assert_eq!(world.client().upload(upload()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(world.bucket.get("large").unwrap(), "one two and ");
    let call = world.oci.calls().pop().unwrap();
    assert_eq!(call.signed, ["date", "(request-target)", "host"]);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_and_the_request_sent_once_more() {
    let world = World::new().await;
    let before = world.token.get().await.unwrap();
    world.oci.revoke(before.secret().expose());
    let mut put = reqwest::Request::new(Method::PUT, world.object("again"));
    *put.body_mut() = Some(Body::from("whole"));
    let answer = world.client().execute(put).await.unwrap();
    assert_eq!((answer.status(), world.bucket.get("again").unwrap()), (StatusCode::OK, "whole".into()));
    let codes: Vec<_> = world.oci.calls().iter().map(|call| call.code()).collect();
    assert_eq!(codes, [Some("NotAuthenticated"), None]);
    assert!(world.token.get().await.unwrap().generation() > before.generation());
}

#[tokio::test]
async fn a_stream_is_not_sent_again_but_the_next_one_has_the_new_token() {
    let world = World::new().await;
    world.oci.revoke(world.token.get().await.unwrap().secret().expose());
    for (status, stored) in [(StatusCode::UNAUTHORIZED, false), (StatusCode::OK, true)] {
        let mut put = reqwest::Request::new(Method::PUT, world.object("stream"));
        put.headers_mut().insert("content-length", 4.into());
        *put.body_mut() = Some(stream("once"));
        assert_eq!(world.client().upload(put).await.unwrap().status(), status);
        assert_eq!(world.bucket.get("stream").is_some(), stored);
    }
}

#[tokio::test]
async fn a_refusal_that_a_new_token_does_not_end_is_handed_on_after_one_more_try() {
    let world = World::new().await;
    let server = WebServer::start().await.unwrap();
    let refusal = serde_json::json!({"code": "NotAuthenticated", "message": "no"});
    server.on_any(tokenex_testkit::web::Reply::json(401, &refusal));
    let asked = || reqwest::Request::new(Method::GET, server.url().parse().unwrap());
    let answer = world.client().execute(asked()).await.unwrap();
    assert_eq!((answer.status(), server.requests().len()), (StatusCode::UNAUTHORIZED, 2));
    let keys: Vec<_> = server.requests().iter().map(|request| request.header("authorization").to_owned()).collect();
    assert_ne!(keys[0].split(',').nth(1), keys[1].split(',').nth(1));
    // Reports are rate-limited, and without another token there is no other try.
    let answer = world.client().execute(asked()).await.unwrap();
    assert_eq!((answer.status(), server.requests().len()), (StatusCode::UNAUTHORIZED, 3));
    assert!(answer.text().await.unwrap().contains("NotAuthenticated"));
}

#[tokio::test]
async fn other_refusals_and_redirects_are_handed_on_as_they_are() {
    let world = World::new().await;
    world.bucket.allow_nobody();
    let denied = world.client().execute(reqwest::Request::new(Method::GET, world.object("a"))).await.unwrap();
    assert_eq!(denied.status(), StatusCode::NOT_FOUND);
    world.oci.fault(1, Fault::Html(503));
    let broken = world.client().execute(reqwest::Request::new(Method::GET, world.url("/n"))).await.unwrap();
    assert_eq!(broken.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.network.count(DOMAIN), 1);
}

/// A wall clock that is wrong by so many seconds.
#[derive(Clone)]
struct Wrong(Arc<AtomicI64>);

impl TimeSource for Wrong {
    fn monotonic(&self) -> Duration {
        Clock::system().monotonic()
    }

    fn wall(&self) -> SystemTime {
        let by = self.0.load(Ordering::Relaxed);
        let right = SystemTime::now();
        let by_much = Duration::from_secs(by.unsigned_abs());
        if by >= 0 { right + by_much } else { right - by_much }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move { Clock::system().sleep_until(at).await })
    }
}

#[tokio::test]
async fn a_wrong_clock_costs_one_more_request_and_no_token() {
    let world = World::new().await;
    let wrong = Wrong(Arc::new(AtomicI64::new(0)));
    let client = world.client().clock(Clock::custom(wrong.clone()));
    let mut refused = 0;
    for by in [600, -3600, 0] {
        wrong.0.store(by, Ordering::Relaxed);
        for _ in 0..3 {
            let answer = client.execute(reqwest::Request::new(Method::GET, world.url("/n"))).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
        }
        refused += 1;
        assert_eq!(world.oci.calls().iter().filter(|call| call.code().is_some()).count(), refused);
    }
    assert_eq!((world.network.count(DOMAIN), world.token.get().await.unwrap().generation()), (1, 1));
}

#[tokio::test]
async fn no_answer_is_an_error_without_the_query() {
    let world = World::new().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = reqwest::Request::new(Method::GET, format!("http://{closed}/n?hunter22").parse().unwrap());
    let error = world.client().execute(request).await.unwrap_err();
    assert_eq!((error.kind(), error.step(), error.is_transient()), (ErrorKind::Unavailable, Some("call"), true));
    assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");

    let silent = WebServer::start().await.unwrap();
    silent.on_any(tokenex_testkit::web::Reply::silence());
    let mut request = reqwest::Request::new(Method::GET, silent.url().parse().unwrap());
    *request.timeout_mut() = Some(Duration::from_millis(50));
    assert_eq!(world.client().execute(request).await.unwrap_err().kind(), ErrorKind::Timeout);
}

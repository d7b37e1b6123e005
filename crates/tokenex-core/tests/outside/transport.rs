//! The transport against real sockets: what goes wrong, how it is told apart, and what the options do.

mod bad_days;
mod ca_file;
mod proxy;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use tokenex_core::http::{HttpTransport, HttpTransportBuilder};
use tokenex_core::{Error, ErrorKind, Result, Transport};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};

use crate::support::LONG;

/// Settings that need no certificates of the machine.
fn builder() -> HttpTransportBuilder {
    trusting(&Certificates::for_loopback())
}

fn trusting(certificates: &Certificates) -> HttpTransportBuilder {
    HttpTransport::builder().ca_pem(certificates.ca_pem())
}

fn get(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).header("x-vault-token", "hunter2").body(Bytes::new()).unwrap()
}

async fn send(transport: HttpTransportBuilder, url: &str) -> Result<http::Response<Bytes>> {
    transport.build().unwrap().send(get(url), LONG).await
}

/// Checks kind and advice, and that nothing of the request but host and port is told.
#[track_caller]
fn assert_failed(outcome: Result<http::Response<Bytes>>, kind: ErrorKind, told: &[&str]) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.advice().is_some(), "{error:?}");
    for word in told {
        assert!(error.to_string().contains(word), "{word} is not in: {error:?}");
    }
    let everything = format!("{error:?} {error:#?}");
    assert!(!everything.contains("hunter") && !everything.contains("/v1/"), "{everything}");
    error
}

#[tokio::test]
async fn a_request_and_its_answer_arrive_whole() {
    let server = WebServer::start().await.unwrap();
    server.on("/v1/x", Reply::text(418, "an answer").header("x-two", "1").header("x-two", "2"));
    let request = http::Request::put(format!("{}/v1/x?a=%20b", server.url()))
        .header("x-vault-token", "hunter2")
        .body(Bytes::from_static(b"a question"))
        .unwrap();
    let response = builder().build().unwrap().send(request, LONG).await.unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers().get_all("x-two").iter().count(), 2);
    assert_eq!(response.body(), "an answer");

    let requests = server.requests();
    assert_eq!((requests[0].method().as_str(), requests[0].query()), ("PUT", "a=%20b"));
    assert_eq!(requests[0].body(), "a question");
    assert_eq!(requests[0].header("x-vault-token"), "hunter2");
    assert_eq!(requests[0].header("user-agent"), concat!("tokenex/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let server = WebServer::start().await.unwrap();
    server.on("/v1/x", Reply::redirect(307, &format!("{}/v1/y", server.url())));
    server.on("/v1/y", Reply::status(204));
    let response = send(builder(), &format!("{}/v1/x", server.url())).await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], format!("{}/v1/y", server.url()));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_is_used_again_and_shared_by_clones() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/x", listener.local_addr().unwrap());
    // Takes one connection and no other.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        while stream.read(&mut [0; 4096]).await.unwrap() > 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        }
    });
    let transport = builder().build().unwrap();
    let clone = transport.clone();
    for transport in [transport, clone] {
        assert_eq!(transport.send(get(&url), LONG).await.unwrap().body(), "ok");
    }
}

#[tokio::test]
async fn plain_http_to_elsewhere_is_refused_before_anything_is_sent() {
    let error = send(builder(), "http://192.0.2.1:8200/v1/x?token=hunter3").await;
    assert_failed(error, ErrorKind::Configuration, &["192.0.2.1:8200", "dangerous_allow_http"]);
}

#[tokio::test]
async fn plain_http_that_is_allowed_is_tried() {
    let transport = builder().dangerous_allow_http().connect_timeout(Duration::from_millis(200));
    let error = send(transport, "http://192.0.2.1:8200/v1/x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_relative_url_is_refused() {
    assert_failed(send(builder(), "/v1/x?token=hunter3").await, ErrorKind::Configuration, &["absolute"]);
}

/// All crates log here, at their lowest level.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let canary = Canary::new();
    let recording = canary.record();
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_with_tls_config(certificates.server_config_for_known_clients()).await.unwrap();
    server.on("/v1/x", [Reply::text(200, canary.secret("body of the answer")), Reply::cut()]);
    let client = certificates.client("workload");
    canary.watch("client key", &client.key_pem());
    let transport = trusting(&certificates)
        .proxy(format!("http://user:{}@127.0.0.1:9", canary.secret("password of the proxy")))
        .client_identity_pem(client.certificate_pem(), client.key_pem())
        .build()
        .unwrap();
    let token = canary.secret("header");
    let request = |url: String| {
        let body = Bytes::from(canary.secret("body of the request"));
        http::Request::post(format!("{url}/v1/x?key={}", canary.secret("query")))
            .header("authorization", format!("Bearer {token}"))
            .body(body)
            .unwrap()
    };
    transport.send(request(server.url()), LONG).await.unwrap();
    for url in [server.url(), "https://vault.invalid".to_owned()] {
        let error = transport.send(request(url), LONG).await.unwrap_err();
        canary.search_error("the error", &error);
    }
    canary.search_debug("the transport", &transport);
    drop(recording);
    canary.assert_clean();
}

#[test]
fn the_settings_show_no_secret() {
    let shown = format!("{:?}", builder().proxy("http://user:hunter2@proxy.test").client_identity_pem("", "hunter3"));
    assert!(!shown.contains("hunter"), "{shown}");
}

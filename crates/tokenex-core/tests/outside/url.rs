//! Text from a web server.

use std::time::Duration;

use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Url;
use tokenex_core::{AnyTransport, Attempt, Clock, ErrorKind};
use tokenex_testkit::web::{Reply, WebServer};

use crate::support::{FIRST, LONG, assert_unusable, secret, token};

/// An attempt with a real network.
fn online() -> Attempt {
    let ca = tokenex_testkit::tls::Certificates::for_loopback();
    let transport = HttpTransport::builder().ca_pem(ca.ca_pem()).build().unwrap();
    Attempt::detached(Clock::system(), AnyTransport::new(transport), LONG)
}

async fn serving(reply: Reply) -> (WebServer, Url) {
    let server = WebServer::start().await.unwrap();
    server.on("/token", reply);
    let url = Url::new(format!("{}/token?key=hunter2&audience={{audience}}", server.url())).unwrap();
    (server, url)
}

#[tokio::test]
async fn the_audience_and_the_headers_are_sent_and_the_field_is_taken() {
    let (server, url) = serving(Reply::json(200, &json!({"value": FIRST, "count": 1}))).await;
    let source = url.header("authorization", "Bearer hunter3").unwrap().json_field("value");
    assert_eq!(token(&source, "api://vault & co", &online()).await.unwrap(), FIRST);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method(), "GET");
    assert_eq!(requests[0].query(), "key=hunter2&audience=api%3A%2F%2Fvault%20%26%20co");
    assert_eq!(requests[0].header("authorization"), "Bearer hunter3");
}

#[tokio::test]
async fn a_field_inside_another_is_taken_by_its_pointer() {
    let (_server, url) = serving(Reply::json(201, &json!({"status": {"token": FIRST}}))).await;
    assert_eq!(token(&url.json_field("/status/token"), "any", &online()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn the_whole_body_is_taken_and_trimmed() {
    let (_server, url) = serving(Reply::text(200, format!("{FIRST}\n"))).await;
    assert_eq!(token(&url, "any", &online()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn a_url_without_placeholder_serves_secrets() {
    let server = WebServer::start().await.unwrap();
    server.on("/secret", Reply::text(200, "s3cret\n"));
    let source = Url::new(format!("{}/secret", server.url())).unwrap();
    assert_eq!(secret(&source, &online()).await.unwrap(), "s3cret");
}

#[tokio::test]
async fn a_server_in_trouble_is_transient_and_its_wish_is_kept() {
    for (status, kind) in [(500, ErrorKind::Unavailable), (503, ErrorKind::Unavailable), (429, ErrorKind::Throttled)] {
        let (_server, url) = serving(Reply::text(status, "hunter4").header("retry-after", "17")).await;
        let error = token(&url, "any", &online()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{error}");
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_status() {
    for status in [401, 403, 404, 302] {
        let (server, url) = serving(Reply::redirect(status, "/elsewhere")).await;
        let error = assert_unusable(token(&url, "any", &online()).await, "refused");
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_web_page_is_refused_even_where_any_text_would_do() {
    let (_server, url) = serving(Reply::html(200, "<html>Welcome to the airport</html>")).await;
    assert_unusable(token(&url, "any", &online()).await, "not_json");
    let (_server, url) = serving(Reply::html(200, "<html>Welcome to the airport</html>")).await;
    assert_unusable(token(&url.json_field("value"), "any", &online()).await, "not_json");
}

#[tokio::test]
async fn garbage_in_place_of_json_is_refused_without_repeating_it() {
    for body in ["hunter4", "{\"value\": \"hunter4", "", "{\"value\":\"hunter4\"} x"] {
        let (_server, url) = serving(Reply::text(200, body)).await;
        let error = assert_unusable(token(&url.json_field("value"), "any", &online()).await, "not_json");
        assert!(!format!("{error:?}").contains("hunter4"), "{error:?}");
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    for body in [json!({"other": "hunter4"}), json!({"value": 1}), json!(["hunter4"]), json!({"value": null})] {
        let (_server, url) = serving(Reply::json(200, &body)).await;
        let error = assert_unusable(token(&url.json_field("value"), "any", &online()).await, "missing");
        assert!(error.to_string().contains("\"value\""), "{error}");
        assert!(!format!("{error:?}").contains("hunter4"), "{error:?}");
    }
}

#[tokio::test]
async fn an_empty_field_and_an_empty_body_are_refused() {
    let (_server, url) = serving(Reply::json(200, &json!({"value": " "}))).await;
    assert_unusable(token(&url.json_field("value"), "any", &online()).await, "empty");
    let (_server, url) = serving(Reply::text(200, "")).await;
    assert_unusable(token(&url, "any", &online()).await, "empty");
}

#[tokio::test]
async fn a_huge_or_binary_body_is_refused() {
    let (_server, url) = serving(Reply::huge(200, 64 * 1024 + 1)).await;
    assert_unusable(token(&url, "any", &online()).await, "too_long");
    let (_server, url) = serving(Reply::bytes(200, &b"\xff\xfe"[..])).await;
    assert_unusable(token(&url, "any", &online()).await, "not_utf8");
}

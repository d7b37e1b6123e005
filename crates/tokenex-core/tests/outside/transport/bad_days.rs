//! Servers and networks that fail.

use std::time::{Duration, Instant};

use tokenex_core::{ErrorKind, Transport};
use tokenex_testkit::proxy::Proxy;
use tokenex_testkit::web::{Reply, WebServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{assert_failed, builder, get, send};
use crate::support::LONG;

/// A limit that is meant to be reached.
const SHORT: Duration = Duration::from_millis(300);

async fn serving(reply: Reply) -> (WebServer, String) {
    let server = WebServer::start().await.unwrap();
    server.on("/v1/x", reply);
    let url = format!("{}/v1/x?token=hunter3", server.url());
    (server, url)
}

/// A server that answers these bytes, whatever it is asked, and hangs up.
async fn saying(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/x", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(answer).await;
    });
    url
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_at_the_limit() {
    let (server, url) = serving(Reply::silence()).await;
    let error = builder().build().unwrap().send(get(&url), SHORT).await;
    assert_failed(error, ErrorKind::Timeout, &[&server.addr().to_string(), "0.3 s"]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_left_at_the_limit() {
    let (_server, url) = serving(Reply::text(200, "hunter4 hunter5").stall_after(7)).await;
    let error = builder().build().unwrap().send(get(&url), SHORT).await;
    assert_failed(error, ErrorKind::Timeout, &["complete"]);
}

#[tokio::test]
async fn a_host_that_swallows_packets_is_left_at_the_limit() {
    let (server, _) = serving(Reply::status(204)).await;
    let cable = Proxy::start(server.addr()).await.unwrap();
    cable.black_hole();
    let error = builder().build().unwrap().send(get(&format!("http://{}/v1/x", cable.addr())), SHORT).await;
    assert_failed(error, ErrorKind::Timeout, &[&cable.addr().to_string()]);
}

#[tokio::test]
async fn an_unfinished_tls_handshake_ends_at_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1/x", listener.local_addr().unwrap());
    let error = send(builder().connect_timeout(SHORT), &url).await;
    assert_failed(error, ErrorKind::Unavailable, &["no connection", "0.3 s"]);
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let (server, _) = serving(Reply::status(204)).await;
    let cable = Proxy::start(server.addr()).await.unwrap();
    cable.cut().await;
    let error = send(builder(), &format!("http://{}/v1/x", cable.addr())).await;
    assert_failed(error, ErrorKind::Unavailable, &["cannot connect", &cable.addr().to_string(), "refused"]);
}

#[tokio::test]
async fn a_name_without_an_address_says_so() {
    // RFC 6761 section 6.4: no resolver knows a name under "invalid".
    let error = send(builder(), "https://vault.invalid/v1/x?token=hunter3").await;
    assert_failed(error, ErrorKind::Unavailable, &["vault.invalid:443", "cannot be resolved", "DNS"]);
}

#[tokio::test]
async fn a_connection_that_is_cut_without_an_answer_is_transient() {
    let (server, url) = serving(Reply::cut()).await;
    assert_failed(send(builder(), &url).await, ErrorKind::Unavailable, &["cut"]);
    assert_eq!(server.requests().len(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn a_connection_that_is_reset_is_transient() {
    let (server, _) = serving(Reply::bytes(200, vec![b'x'; 100_000])).await;
    let cable = Proxy::start(server.addr()).await.unwrap();
    cable.cut_after(1000);
    let error = send(builder(), &format!("http://{}/v1/x", cable.addr())).await;
    assert_failed(error, ErrorKind::Unavailable, &["cut"]);
    cable.heal().unwrap();
    let answer = send(builder(), &format!("http://{}/v1/x", cable.addr())).await.unwrap();
    assert_eq!(answer.body().len(), 100_000);
}

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let (_server, url) = serving(Reply::bytes(200, "hunter4".repeat(100)).cut_after(350)).await;
    assert_failed(send(builder(), &url).await, ErrorKind::Unavailable, &["before its answer was complete"]);
    let chunked = saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhunte").await;
    assert_failed(send(builder(), &chunked).await, ErrorKind::Unavailable, &["before its answer was complete"]);
}

#[tokio::test]
async fn an_announced_100_mb_are_not_begun() {
    let (_server, url) = serving(Reply::huge(200, 100_000_000)).await;
    let error = assert_failed(send(builder(), &url).await, ErrorKind::Protocol, &["8388608 bytes"]);
    assert_eq!(error.code(), Some("too_long"));
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_cut_off_at_the_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/x", listener.local_addr().unwrap());
    // Sends until the client hangs up, and counts.
    let sent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let mut sent = 0_u64;
        while sent < 100_000_000 && stream.write_all(&[b'x'; 10_000]).await.is_ok() {
            sent += 10_000;
        }
        sent
    });
    assert_failed(send(builder().body_max(10_000), &url).await, ErrorKind::Protocol, &["10000 bytes"]);
    // What the sockets on both sides hold is sent all the same.
    assert!(sent.await.unwrap() < 50_000_000);
}

#[tokio::test]
async fn a_body_of_exactly_the_bound_is_taken() {
    let (_server, url) = serving(Reply::bytes(200, vec![b'x'; 1000])).await;
    assert_eq!(send(builder().body_max(1000), &url).await.unwrap().body().len(), 1000);
    assert_failed(send(builder().body_max(999), &url).await, ErrorKind::Protocol, &["999 bytes"]);
}

#[tokio::test]
async fn an_answer_in_many_pieces_is_put_together() {
    let long: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    let (_server, url) = serving(Reply::bytes(200, long.clone())).await;
    assert_eq!(send(builder(), &url).await.unwrap().body(), &long);

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n1\r\nf\r\n0\r\n\r\n";
    assert_eq!(send(builder().body_max(6), &saying(CHUNKED).await).await.unwrap().body(), "abcdef");
    assert_failed(send(builder().body_max(5), &saying(CHUNKED).await).await, ErrorKind::Protocol, &["5 bytes"]);
}

#[tokio::test]
async fn what_does_not_speak_http_says_so() {
    for banner in [&b"SSH-2.0-OpenSSH_9.9 hunter4\r\n"[..], b"\x15\x03\x01\x00\x02\x02\x46"] {
        let url = saying(banner).await;
        assert_failed(send(builder(), &url).await, ErrorKind::Protocol, &["does not answer in HTTP", "port"]);
    }
}

#[tokio::test]
async fn after_a_failure_the_same_transport_works_again() {
    let server = WebServer::start().await.unwrap();
    server.on("/v1/x", [Reply::cut(), Reply::silence(), Reply::status(204)]);
    let (transport, url) = (builder().build().unwrap(), format!("{}/v1/x", server.url()));
    assert_failed(transport.send(get(&url), LONG).await, ErrorKind::Unavailable, &[]);
    assert_failed(transport.send(get(&url), SHORT).await, ErrorKind::Timeout, &[]);
    assert_eq!(transport.send(get(&url), LONG).await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_limit_of_nothing_ends_at_once() {
    let (_server, url) = serving(Reply::silence()).await;
    let started = Instant::now();
    assert_failed(builder().build().unwrap().send(get(&url), Duration::ZERO).await, ErrorKind::Timeout, &[]);
    assert!(started.elapsed() < LONG / 2);
}

//! What goes through a proxy, and what never does.

use std::ffi::OsString;
use std::time::Duration;

use tokenex_core::ErrorKind;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{assert_failed, send, trusting};

/// A proxy that tunnels one connection to `upstream`, whatever it is asked for, and returns what it was asked.
async fn tunnel(upstream: std::net::SocketAddr) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:hunter9@{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(client.read_u8().await.unwrap());
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = tokio::net::TcpStream::connect(upstream).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        String::from_utf8(asked).unwrap()
    });
    (url, asked)
}

#[tokio::test]
async fn https_goes_through_the_proxy_in_a_tunnel() {
    let certificates = Certificates::for_names(&["vault.example"]);
    let server = WebServer::start_tls(&certificates).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let (proxy, asked) = tunnel(server.addr()).await;
    let answer = send(trusting(&certificates).proxy(proxy), "https://vault.example/v1/x").await.unwrap();
    assert_eq!(answer.status(), 204);
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("CONNECT vault.example:443 "), "{asked}");
    // "user:hunter9" in base64 (RFC 7617 section 2). The proxy learns nothing else.
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpodw50zxi5"), "{asked}");
    assert!(!asked.contains("hunter2") && !asked.contains("/v1/x"), "{asked}");
}

#[tokio::test]
async fn a_proxy_without_a_scheme_speaks_http() {
    let proxy = WebServer::start().await.unwrap();
    let transport = trusting(&Certificates::for_loopback()).proxy(proxy.addr().to_string()).dangerous_allow_http();
    assert_eq!(send(transport, "http://vault.example/v1/x").await.unwrap().status(), 404);
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_not_passed_by() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let transport = trusting(&Certificates::for_loopback()).proxy(format!("http://user:hunter9@{closed}"));
    assert_failed(send(transport, "https://vault.example/v1/x").await, ErrorKind::Unavailable, &["vault.example:443"]);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told() {
    let proxy = WebServer::start().await.unwrap();
    let transport = trusting(&Certificates::for_loopback()).proxy(proxy.url());
    assert_failed(send(transport, "https://vault.example/v1/x").await, ErrorKind::Unavailable, &["proxy"]);
}

#[tokio::test]
async fn loopback_and_metadata_never_go_through_a_proxy() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_tls(&certificates).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let proxy = WebServer::start().await.unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/v1/x", server.addr().port());
        assert_eq!(send(trusting(&certificates).proxy(proxy.url()), &url).await.unwrap().status(), 204);
    }
    for host in ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "168.63.129.16"] {
        let transport = trusting(&certificates)
            .proxy(proxy.url())
            .dangerous_allow_http()
            .connect_timeout(Duration::from_millis(100));
        // Nobody is there, or somebody else: what counts is that the proxy hears nothing.
        let _ = send(transport, &format!("http://{host}/v1/x")).await;
    }
    assert!(proxy.requests().is_empty());
    // The proxy does hear what is for others, else the above shows nothing.
    let transport = trusting(&certificates).proxy(proxy.url()).dangerous_allow_http();
    let _ = send(transport, "http://vault.example/v1/x").await;
    assert_eq!(proxy.requests().len(), 1);
}

/// What the tests below run in a process with another environment. A host that no resolver knows (RFC 6761 section 6.4)
/// tells a direct connection from one through a proxy.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn child() {
    let transport = || trusting(&Certificates::for_loopback());
    let by_environment = send(transport().proxy_from_env(), "https://vault.invalid/v1/x").await.unwrap_err();
    let by_default = send(transport(), "https://vault.invalid/v1/x").await.unwrap_err();
    println!("by environment: {by_environment}\nby default: {by_default}");
    assert!(by_default.to_string().contains("cannot be resolved"), "{by_default}");
}

/// What a transport says that reads the environment, when a proxy there refuses all.
async fn said_with(proxy: &str, except: &str) -> String {
    let refusing = WebServer::start().await.unwrap();
    let url = format!("http://user:hunter9@{}", refusing.addr());
    let environment: Vec<(String, Option<OsString>)> = ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"]
        .into_iter()
        .map(|name| {
            let value =
                if name == proxy { Some(url.clone().into()) } else { (name == "NO_PROXY").then(|| except.into()) };
            (name.to_owned(), value)
        })
        .collect();
    let seen = tokio::task::spawn_blocking(move || {
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        crate::support::child("transport::proxy::child", &environment)
    });
    let seen = seen.await.unwrap();
    assert!(!seen.contains("hunter"), "{seen}");
    seen.lines().find_map(|line| line.strip_prefix("by environment: ")).unwrap().to_owned()
}

#[tokio::test]
async fn the_environment_counts_on_request_only() {
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let said = said_with(name, "").await;
        assert!(said.contains("cannot connect to vault.invalid:443") && said.contains("tunnel"), "{said}");
    }
}

#[tokio::test]
async fn hosts_in_no_proxy_are_reached_directly() {
    for except in ["vault.invalid", "10.0.0.0/8, .invalid", "*"] {
        let said = said_with("HTTPS_PROXY", except).await;
        assert!(said.contains("cannot be resolved"), "{said}");
    }
}

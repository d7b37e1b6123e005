//! Trust, in both directions.

use tokenex_core::http::HttpTransport;
use tokenex_core::{ErrorKind, Result, Retry};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};

use super::{assert_failed, send, trusting};

async fn serving(certificates: &Certificates) -> (WebServer, String) {
    let server = WebServer::start_tls(certificates).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let url = format!("{}/v1/x?token=hunter3", server.url());
    (server, url)
}

#[tokio::test]
async fn a_ca_of_its_own_is_trusted_by_address_and_by_name() {
    let certificates = Certificates::for_loopback();
    let (server, url) = serving(&certificates).await;
    assert_eq!(send(trusting(&certificates), &url).await.unwrap().status(), 204);
    let by_name = format!("https://localhost:{}/v1/x", server.addr().port());
    assert_eq!(send(trusting(&certificates), &by_name).await.unwrap().status(), 204);
}

#[tokio::test]
async fn several_cas_add_up() {
    let (mine, other) = (Certificates::for_loopback(), Certificates::for_loopback());
    let (_server, url) = serving(&mine).await;
    let one_call = HttpTransport::builder().ca_pem(format!("{}\n{}", other.ca_pem(), mine.ca_pem()));
    assert_eq!(send(one_call, &url).await.unwrap().status(), 204);
    assert_eq!(send(trusting(&other).ca_pem(mine.ca_pem()), &url).await.unwrap().status(), 204);
}

#[tokio::test]
async fn an_unknown_ca_is_terminal_and_names_the_option() {
    let (_server, url) = serving(&Certificates::for_loopback()).await;
    let error = send(trusting(&Certificates::for_loopback()), &url).await;
    let error = assert_failed(error, ErrorKind::Tls, &["`ca_pem`", "UnknownIssuer"]);
    assert_eq!(error.retry(), Retry::Terminal);
}

/// Needs the certificates that the operating system trusts; a machine without any says so when the transport is made.
#[tokio::test]
async fn the_operating_system_does_not_trust_a_throw_away_ca() {
    let (_server, url) = serving(&Certificates::for_loopback()).await;
    match HttpTransport::new() {
        Ok(_) => _ = assert_failed(send(HttpTransport::builder(), &url).await, ErrorKind::Tls, &["`ca_pem`"]),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("ca-certificates"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_names_the_option() {
    let certificates = Certificates::for_names(&["vault.example"]);
    let (_server, url) = serving(&certificates).await;
    assert_failed(send(trusting(&certificates), &url).await, ErrorKind::Tls, &["`server_name`", "vault.example"]);
}

#[tokio::test]
async fn an_expired_certificate_says_so() {
    let certificates = Certificates::expired();
    let (_server, url) = serving(&certificates).await;
    assert_failed(send(trusting(&certificates), &url).await, ErrorKind::Tls, &["expired", "clock"]);
}

#[tokio::test]
async fn a_server_without_tls_says_so() {
    let server = WebServer::start().await.unwrap();
    let error = send(trusting(&Certificates::for_loopback()), &format!("https://{}/v1/x", server.addr())).await;
    assert_failed(error, ErrorKind::Tls, &["does not speak TLS"]);
}

#[tokio::test]
async fn the_server_name_is_verified_and_asked_for_instead_of_the_host() {
    let certificates = Certificates::for_names(&["vault.example"]);
    let (server, url) = serving(&certificates).await;
    assert_eq!(send(trusting(&certificates).server_name("vault.example"), &url).await.unwrap().status(), 204);
    // The request itself is still for the host in the URL.
    assert_eq!(server.requests()[0].header("host"), server.addr().to_string());
    assert_eq!(server.requests()[0].query(), "token=hunter3");

    let error = send(trusting(&certificates).server_name("other.example"), &url).await;
    assert_failed(error, ErrorKind::Tls, &["other.example", &server.addr().to_string()]);
}

#[tokio::test]
async fn the_server_name_arrives_at_the_server() {
    use tokio::io::AsyncReadExt;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1/x", listener.local_addr().unwrap());
    let hello = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let length = stream.read(&mut hello).await.unwrap();
        String::from_utf8_lossy(&hello[..length]).into_owned()
    };
    let sending = send(trusting(&Certificates::for_loopback()).server_name("vault.example"), &url);
    let (hello, outcome) = tokio::join!(hello, sending);
    // The name stands in the clear in the first message of a handshake (RFC 6066 section 3).
    assert!(hello.contains("vault.example"));
    assert_failed(outcome, ErrorKind::Unavailable, &[]);
}

#[tokio::test]
async fn a_server_name_keeps_hosts_apart() {
    let certificates = Certificates::for_names(&["vault.example"]);
    let (first, first_url) = serving(&certificates).await;
    let transport = trusting(&certificates).server_name("vault.example").build().unwrap();
    use tokenex_core::Transport;
    transport.send(super::get(&first_url), crate::support::LONG).await.unwrap();
    // Another host with the same port, where nobody listens: it must not be served by the first one's connection.
    let elsewhere = format!("https://127.0.0.2:{}/v1/x", first.addr().port());
    let outcome = transport.send(super::get(&elsewhere), crate::support::LONG).await;
    assert_failed(outcome, ErrorKind::Unavailable, &["127.0.0.2"]);
    assert_eq!(first.requests().len(), 1);
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_with_tls_config(certificates.server_config_for_known_clients()).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let url = format!("{}/v1/x", server.url());
    let client = certificates.client("workload");
    let transport = trusting(&certificates).client_identity_pem(client.certificate_pem(), client.key_pem());
    assert_eq!(send(transport, &url).await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_client_certificate_that_is_unknown_names_the_option() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_with_tls_config(certificates.server_config_for_known_clients()).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let url = format!("{}/v1/x", server.url());
    let stranger = Certificates::for_loopback().client("stranger");
    let transport = trusting(&certificates).client_identity_pem(stranger.certificate_pem(), stranger.key_pem());
    assert_failed(send(transport, &url).await, ErrorKind::Tls, &["`client_identity_pem`"]);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_names_the_option() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_with_tls_config(certificates.server_config_for_known_clients()).await.unwrap();
    let error = send(trusting(&certificates), &format!("{}/v1/x", server.url())).await;
    assert_failed(error, ErrorKind::Tls, &["`client_identity_pem`"]);
}

#[test]
fn settings_that_cannot_work_are_refused_when_the_transport_is_made() {
    let certificates = Certificates::for_loopback();
    let (one, other) = (certificates.client("one"), certificates.client("other"));
    let refused = |outcome: Result<HttpTransport>, told: &str| {
        let error = outcome.map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        let text = format!("{error:?}");
        assert!(text.contains(told) && !text.contains("hunter"), "{text}");
    };
    let builder = || trusting(&certificates);
    refused(HttpTransport::builder().ca_pem("").build(), "not its path");
    refused(HttpTransport::builder().ca_pem("/etc/hunter/ca.pem").build(), "not its path");
    refused(HttpTransport::builder().ca_pem(one.key_pem()).build(), "CERTIFICATE");
    refused(builder().client_identity_pem(one.certificate_pem(), "hunter2").build(), "PRIVATE KEY");
    refused(builder().client_identity_pem("hunter2", one.key_pem()).build(), "CERTIFICATE");
    refused(builder().client_identity_pem(one.certificate_pem(), other.key_pem()).build(), "belong together");
    refused(builder().server_name("10.0.0.1").build(), "DNS name");
    refused(builder().server_name("https://vault.example").build(), "DNS name");
    refused(builder().proxy("hunter2://:").build(), "host:port");
    refused(builder().proxy("socks5://hunter2@proxy.test").build(), "host:port");
    refused(builder().proxy("http://").build(), "host:port");
    refused(builder().proxy("http://proxy.test").server_name("vault.example").build(), "`server_name`");
}

#[tokio::test]
async fn a_pinned_certificate_is_trusted_by_itself_and_no_other() {
    let certificates = Certificates::for_names(&["elsewhere.test"]);
    let (_server, url) = serving(&certificates).await;
    let pinned = |thumbprint: &str| HttpTransport::builder().pin_certificate_sha1(thumbprint);

    let thumbprint = certificates.leaf_sha1();
    assert_eq!(send(pinned(&thumbprint), &url).await.unwrap().status(), 204);
    let in_capitals = thumbprint.to_uppercase();
    assert_eq!(send(pinned(&in_capitals), &url).await.unwrap().status(), 204);

    let (_other, other_url) = serving(&Certificates::for_loopback()).await;
    let error = assert_failed(send(pinned(&thumbprint), &other_url).await, ErrorKind::Tls, &["thumbprint"]);
    assert_eq!(error.retry(), Retry::Terminal);

    let both = pinned(&thumbprint).ca_pem(certificates.ca_pem()).build().unwrap_err();
    assert_eq!(both.kind(), ErrorKind::Configuration);
}

use std::error::Error as _;

use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};

use crate::support::{client, within};

/// The whole chain of an error as text.
fn chain(error: &reqwest::Error) -> String {
    std::iter::successors(error.source(), |&error| error.source()).map(|error| format!("{error}; ")).collect()
}

async fn refusal(server: &Certificates, client_trusts: &Certificates) -> String {
    let server = WebServer::start_tls(server).await.unwrap();
    chain(&within(client(client_trusts).get(server.url()).send()).await.unwrap_err())
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_reaches_the_leaf_by_name_and_by_address() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_tls(&certificates).await.unwrap();
    server.on("/", Reply::text(200, "safe"));
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/", server.addr().port());
        let answer = within(client(&certificates).get(url).send()).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "safe");
    }
}

#[tokio::test]
async fn the_ways_to_fail_are_the_real_ones() {
    let good = Certificates::for_loopback();
    assert!(refusal(&good, &Certificates::for_loopback()).await.contains("UnknownIssuer"));
    let expired = Certificates::expired();
    assert!(refusal(&expired, &expired).await.to_lowercase().contains("expired"));
    let elsewhere = Certificates::for_names(&["elsewhere.test"]);
    assert!(refusal(&elsewhere, &elsewhere).await.contains("not valid for name"));
}

#[tokio::test]
async fn mutual_tls_lets_in_only_clients_of_the_ca() {
    let certificates = Certificates::for_loopback();
    let server = WebServer::start_with_tls_config(certificates.server_config_for_known_clients()).await.unwrap();
    server.on("/", Reply::text(200, "known"));
    assert!(within(client(&certificates).get(server.url()).send()).await.is_err());

    let leaf = certificates.client("app");
    let known = reqwest::Client::builder()
        .tls_backend_preconfigured(with_identity(&certificates, leaf.certificate_pem(), &leaf.key_pem()))
        .no_proxy()
        .http1_only()
        .build()
        .unwrap();
    assert_eq!(within(known.get(server.url()).send()).await.unwrap().status(), 200);
}

fn with_identity(certificates: &Certificates, certificate_pem: &str, key_pem: &str) -> rustls::ClientConfig {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificates.ca_pem().as_bytes()).unwrap()).unwrap();
    rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(certificate_pem.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap(),
        )
        .unwrap()
}

//! `[http]`: where plain http goes, and what is read at the start.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokenex::core::Transport as _;

use super::world::{config, secret_file};
use crate::catalog::Catalog;
use crate::catalog::network::transport;
use crate::config::{HttpSpec, ProxySpec, SecretRef};

/// An address that leads nowhere (RFC 5737), so that only whether it is tried can be seen.
const NOWHERE: &str = "192.0.2.1:9";

#[tokio::test]
async fn plain_http_goes_to_the_servers_for_which_it_was_allowed_and_to_no_other() {
    let spec = |allowed: &[&str]| HttpSpec {
        plain_http: allowed.iter().map(|server| (*server).to_owned()).collect(),
        timeout: Some(Duration::from_millis(100)),
        proxy: Some(ProxySpec::Off),
        ..HttpSpec::default()
    };
    let code = async |allowed: &[&str]| {
        let transport = transport(&spec(allowed)).await.unwrap();
        let request = Request::get(format!("http://{NOWHERE}/token")).body(Bytes::new()).unwrap();
        let error = transport.send(request, Duration::from_millis(200)).await.unwrap_err();
        error.code().map(str::to_owned)
    };
    assert_eq!(code(&[]).await.as_deref(), Some("plain_http"));
    assert_eq!(code(&["192.0.2.2:9", "192.0.2.1"]).await.as_deref(), Some("plain_http"));
    assert_ne!(code(&[NOWHERE]).await.as_deref(), Some("plain_http"));
}

#[tokio::test]
async fn what_is_no_certificate_is_told_before_anything_is_started() {
    let file = secret_file("no.pem", "hunter22");
    let rest = "[credential.a]\nprovider = \"passthrough\"\nidentity = \"job\"\n[http]\nca_file = \"no.pem\"";
    let failure = Catalog::open(&config(rest), &[]).await.unwrap_err().to_string();
    assert!(failure.contains("[http]") && !failure.contains("hunter22"), "{failure}");
    drop(file);
    let spec = HttpSpec { ca_file: Some("/nowhere/ca.pem".into()), ..HttpSpec::default() };
    let failure = transport(&spec).await.unwrap_err().to_string();
    assert!(failure.contains("`ca_file` of [http] cannot be read: /nowhere/ca.pem"), "{failure}");
}

#[tokio::test]
async fn a_proxy_can_be_a_secret() {
    let spec = |path| HttpSpec { proxy: Some(ProxySpec::Secret(SecretRef::File(path))), ..HttpSpec::default() };
    let file = secret_file("proxy", "http://user:hunter22@proxy.test:3128");
    assert!(transport(&spec(file.0.clone())).await.is_ok());
    let file = secret_file("no-proxy", "hunter22 hunter22");
    let failure = transport(&spec(file.0.clone())).await.unwrap_err().to_string();
    assert!(failure.contains("[http]") && !failure.contains("hunter22"), "{failure}");
    assert!(transport(&spec("/nowhere/proxy".into())).await.is_err());
}

//! A CA in a file that somebody writes anew.

use std::fs;

use tokenex_core::ErrorKind;
use tokenex_core::http::CaFile;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};

use super::get;
use crate::support::{Scratch, offline};

#[tokio::test]
async fn the_ca_in_the_file_now_is_trusted_and_the_one_before_while_there_is_none() {
    const NAME: &str = "api.example";
    let (certificates, others) = (Certificates::for_names(&[NAME]), Certificates::for_names(&[NAME]));
    let server = WebServer::start_tls(&certificates).await.unwrap();
    server.on("/v1/x", Reply::status(204));
    let url = format!("https://{}/v1/x", server.addr());

    let scratch = Scratch::new();
    let (file, cx) = (CaFile::new(scratch.path("ca.crt")).server_name(NAME), offline());
    let ask = async || cx.send_through(&file.transport(&cx).await?, get(&url)).await;

    let missing = ask().await.unwrap_err();
    assert_eq!((missing.kind(), missing.code()), (ErrorKind::Identity, Some("missing")), "{missing}");
    scratch.write("ca.crt", others.ca_pem());
    assert_eq!(ask().await.unwrap_err().kind(), ErrorKind::Tls);
    scratch.write("ca.crt", certificates.ca_pem());
    assert_eq!(ask().await.unwrap().status(), 204);
    for replaced in ["", "-----BEGIN CERT"] {
        scratch.write("ca.crt", replaced);
        assert_eq!(ask().await.unwrap().status(), 204);
    }
    fs::remove_file(scratch.path("ca.crt")).unwrap();
    assert_eq!(ask().await.unwrap().status(), 204);
}

//! Service Fabric's certificate, over real sockets: only the one with the thumbprint is trusted.

use std::time::Duration;

use serde_json::json;
use tokenex_azure::{ManagedIdentity, Platform};
use tokenex_core::{ErrorKind, Scheduler};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::web::{Reply, WebServer};

use crate::managed_identity::machine::VAULT;

async fn server(certificates: &Certificates) -> WebServer {
    let server = WebServer::start_tls(certificates).await.unwrap();
    let answer = json!({"token_type": "Bearer", "expires_on": 4_000_000_000_u64, "resource": "r", "access_token": "t"});
    server.on("/metadata/identity/oauth2/token", Reply::json(200, &answer));
    server
}

fn identity(server: &WebServer, thumbprint: String) -> ManagedIdentity {
    let endpoint = format!("{}/metadata/identity/oauth2/token", server.url());
    ManagedIdentity::builder()
        .variables(move |name| match name {
            "IDENTITY_ENDPOINT" => Some(endpoint.clone()),
            "IDENTITY_HEADER" => Some("s3cret".to_owned()),
            "IDENTITY_SERVER_THUMBPRINT" => Some(thumbprint.clone()),
            _ => None,
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_certificate_with_the_thumbprint_is_trusted_though_nobody_signed_it() {
    let certificates = Certificates::for_names(&["elsewhere.test"]);
    let server = server(&certificates).await;
    let identity = identity(&server, certificates.leaf_sha1().to_uppercase());
    assert_eq!(identity.platform(), Platform::ServiceFabric);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
    let token = scheduler.keep(identity.token(VAULT).unwrap());
    token.ready(Duration::from_secs(10)).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.query(), "api-version=2019-07-01-preview&resource=https%3A%2F%2Fvault.azure.net");
    assert_eq!(request.header("secret"), "s3cret");
    scheduler.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn another_certificate_is_never_sent_the_secret() {
    let server = server(&Certificates::for_loopback()).await;
    let identity = identity(&server, Certificates::for_loopback().leaf_sha1());
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
    let error = scheduler.keep(identity.token(VAULT).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Tls, Some("managed identity (Service Fabric)")), "{error}");
    assert!(server.requests().is_empty());
    scheduler.shutdown(Duration::from_secs(5)).await;
}

//! The crate over real sockets: https with a CA of one's own, and the calls that Oracle's SDK makes too.

use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::StaticText;
use tokenex_core::{ErrorKind, Scheduler};
use tokenex_oci::{ResourcePrincipal, SessionToken, SigningClient};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;

use crate::world::{PATIENCE, SECOND, STRANGER, SUBJECT, World, client, scheduler};

/// A scheduler that trusts this CA and no other.
fn trusting(certificates: &Certificates) -> Scheduler {
    let transport = HttpTransport::builder().ca_pem(certificates.ca_pem()).build().unwrap();
    Scheduler::builder(tokio::runtime::Handle::current()).transport(transport).start()
}

#[tokio::test]
async fn it_makes_the_same_exchange_and_the_same_calls_as_oracles_sdk() {
    let world = World::new().await;
    let scheduler = scheduler();
    let session = world.session(&scheduler);
    session.ready(PATIENCE).await.unwrap();
    let signing = SigningClient::new(session, client());
    let (client, base) = (client(), world.namespace_url());
    let object = format!("{base}/b/backups/o/from%2Frust%20object");

    let namespace = signing.execute(client.get(format!("{}/n", world.api_served.url())).build().unwrap()).await;
    assert_eq!(namespace.unwrap().text().await.unwrap(), format!("\"{}\"", world.oci.namespace()));
    let put = client.put(&object).header("content-length", "8").body("uploaded").build().unwrap();
    assert_eq!(signing.upload(put).await.unwrap().status(), 200);
    assert_eq!(world.bucket.get("from/rust object").unwrap(), "uploaded");
    let chunked = client.put(&object).header("transfer-encoding", "chunked").body("x").build().unwrap();
    let chunked = signing.upload(chunked).await.unwrap();
    assert_eq!(chunked.status(), 411, "Object Storage wants to know how long it is");
    let read = signing.execute(client.get(&object).build().unwrap()).await.unwrap();
    assert_eq!(read.text().await.unwrap(), "uploaded");
    let put = client.put(&object).body("signed").build().unwrap();
    assert_eq!(signing.execute(put).await.unwrap().status(), 200, "an upload may be signed whole");
    let body = json!({ "name": "made", "compartmentId": world.oci.tenancy() }).to_string();
    let post = client.post(format!("{base}/b")).body(body).build().unwrap();
    assert_eq!(signing.execute(post).await.unwrap().status(), 200);
    let delete = client.delete(&object).build().unwrap();
    assert_eq!(signing.execute(delete).await.unwrap().status(), 204);
    assert_eq!(world.callers(), vec![world.user.ocid(); 6]);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_within_the_call() {
    let world = World::new().await;
    let scheduler = scheduler();
    let session = world.session(&scheduler);
    let first = session.ready(PATIENCE).await.unwrap();
    world.oci.revoke(first.secret().expose());
    let url = format!("{}/n", world.api_served.url());
    let answer = SigningClient::new(session, client()).execute(client().get(url).build().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let outcomes: Vec<_> = world.oci.calls().iter().map(|call| call.reason()).collect();
    assert_eq!(outcomes, [Some("the token is unknown or has ended"), None]);
    assert_eq!(world.domain.issued(), 2);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn it_exchanges_over_https_with_a_ca_of_ones_own_and_with_no_other() {
    let world = World::new().await;
    let certificates = Certificates::for_loopback();
    let served = world.domain.serve_tls(&certificates).await.unwrap();
    for url in [served.url(), format!("{}/", served.localhost_url())] {
        let scheduler = trusting(&certificates);
        let session = scheduler.keep(world.own_domain(&url, SUBJECT).user_token());
        let token = session.ready(PATIENCE).await.unwrap();
        assert_eq!(token.claims().subject(), Some(world.user.ocid()));
        assert_eq!(token.tenancy(), Some(world.oci.tenancy().as_str()));
        scheduler.shutdown(SECOND).await;
    }
    let scheduler = trusting(&Certificates::for_loopback());
    let session = scheduler.keep(world.own_domain(&served.url(), SUBJECT).user_token());
    let error = session.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!(world.domain.exchanges().len(), 2);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_wrong_subject_is_refused_and_the_error_says_what_was_presented() {
    let world = World::new().await;
    let scheduler = scheduler();
    let session = scheduler.keep(world.own_domain(&world.domain_served.url(), STRANGER).user_token());
    let error = session.get().await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"), "{error}");
    assert!(error.to_string().contains(STRANGER), "{error}");
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn a_resource_token_is_for_whom_the_policy_reads_its_claims() {
    let world = World::new().await;
    world.trust.impersonating_resource("deployer").propagate("repository");
    world.bucket.allow(|claims| claims["ext_repository"] == "acme/app");
    let scheduler = scheduler();
    let list = async |repository: &str| {
        let jwt = world.jwt(SUBJECT).claim("repository", repository);
        let domain = tokenex_oci::Domain::builder(world.domain_served.url(), StaticText::new(jwt.sign()))
            .client(world.app.client_id(), StaticText::new(world.app.secret()))
            .build()
            .unwrap();
        let token = domain.resource_token("deployer").unwrap().lifetime(60 * SECOND).unwrap();
        let signing = SigningClient::new(scheduler.keep(token), client());
        let list = client().get(format!("{}/b/backups/o", world.namespace_url())).build().unwrap();
        signing.execute(list).await.unwrap().status().as_u16()
    };
    assert_eq!(list("acme/app").await, 200);
    assert_eq!(list("acme/other").await, 404);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn a_resource_principal_of_files_makes_signed_calls() {
    let world = World::new().await;
    let session = world.oci.resource_principal("fnfunc").session(600 * SECOND);
    let source = |name: &str, text: &str| tokenex_core::sources::File::new(world.folder.write(name, text));
    let principal = ResourcePrincipal::new(source("rpst", session.token()), source("key", &session.private_pem()));
    let scheduler = scheduler();
    let handle: tokenex_core::Handle<SessionToken> = scheduler.keep(principal);
    let url = format!("{}/n", world.api_served.url());
    let answer = SigningClient::new(handle, client()).execute(client().get(url).build().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    scheduler.shutdown(SECOND).await;
}

//! The crate over real sockets: https with a CA of one's own, the whole chain before the twin, and a workload on AWS.

use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Closure;
use tokenex_core::{ErrorKind, Passthrough, Scheduler};
use tokenex_gcp::{ExternalAccount, ImpersonatedIdToken, Impersonation, WorkloadIdentity, WorkloadIdentityBuilder};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;

use crate::world::{PATIENCE, SECOND, STRANGER, SUBJECT, World, scheduler};

/// A scheduler that trusts this CA and no other.
fn trusting(certificates: &Certificates) -> Scheduler {
    let transport = HttpTransport::builder().ca_pem(certificates.ca_pem()).build().unwrap();
    Scheduler::builder(tokio::runtime::Handle::current()).transport(transport).start()
}

fn federated(world: &World, url: &str, subject: &str) -> WorkloadIdentityBuilder {
    let jwt = world.token(subject);
    let identity = Closure::plain(move |_| Ok(jwt.sign()));
    WorkloadIdentity::builder(world.provider.audience(), identity).token_url(format!("{url}/v1/token"))
}

#[tokio::test]
async fn an_identity_becomes_a_service_account_and_an_id_token_over_tls() {
    let world = World::new().await;
    let certificates = Certificates::for_loopback();
    let served = world.google.serve_tls(&certificates).await.unwrap();
    let (url, scheduler) = (served.url(), trusting(&certificates));

    let base = scheduler.keep(federated(&world, &url, SUBJECT).build().unwrap());
    let account = Impersonation::builder(world.account.email(), base.clone()).endpoint(&url).build().unwrap();
    let token = scheduler.keep(account).ready(PATIENCE).await.unwrap();
    assert_eq!(world.holder(token.secret().expose()), world.account.member());

    let identity = ImpersonatedIdToken::builder(world.account.email(), base).endpoint(&url).build().unwrap();
    let token = scheduler.keep(Passthrough::new(identity).audience("vault")).ready(PATIENCE).await.unwrap();
    let claims = world.google.id_token_keys().verify(token.credential().secret().expose()).unwrap();
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(world.account.unique_id()), &json!("vault")));
    assert_eq!(world.google.exchanges().len(), 3, "the federated token is used twice");
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn another_ca_is_an_error_of_tls_and_nothing_is_asked() {
    let world = World::new().await;
    let served = world.google.serve_tls(&Certificates::for_loopback()).await.unwrap();
    let scheduler = trusting(&Certificates::for_loopback());
    let token = scheduler.keep(federated(&world, &served.url(), SUBJECT).build().unwrap());
    let error = token.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(world.google.exchanges().is_empty());
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_wrong_subject_is_refused_and_the_error_says_what_was_presented() {
    let world = World::new().await;
    world.provider.only_subject(SUBJECT);
    let scheduler = scheduler();
    let token = scheduler.keep(federated(&world, &world.served.url(), STRANGER).build().unwrap());
    let error = token.get().await.unwrap_err();
    assert_eq!(error.code(), Some("unauthorized_client"), "{error}");
    assert!(error.to_string().contains(STRANGER), "{error}");
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn an_instance_of_aws_becomes_a_federated_identity_by_its_credential_file() {
    let world = World::new().await;
    let sts = StsTwin::new();
    let role = sts.account("123456789012").role("deployer");
    let instance = role.instance("eu-west-1");
    let metadata = instance.serve().await.unwrap();
    let provider = world.project.aws_provider("ci", "aws", &sts, "123456789012");
    let latest = format!("{}/latest", metadata.url());
    let mut file = world.federated(json!({
        "environment_id": "aws1",
        "region_url": format!("{latest}/meta-data/placement/availability-zone"),
        "url": format!("{latest}/meta-data/iam/security-credentials"),
        "imdsv2_session_token_url": format!("{latest}/api/token"),
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    }));
    file["audience"] = json!(provider.audience());
    file["subject_token_type"] = json!("urn:ietf:params:aws:token-type:aws4_request");
    let account = ExternalAccount::from_json(&file.to_string()).unwrap();
    let account = account.dangerous_allow_endpoint(&world.served.url()).unwrap();

    let scheduler = scheduler();
    let token = account.token(&scheduler).unwrap().ready(PATIENCE).await.unwrap();
    let holder = world.holder(token.secret().expose());
    assert!(holder.starts_with(&provider.principal("arn:aws:sts::123456789012:assumed-role/deployer/i-")), "{holder}");
    scheduler.shutdown(SECOND).await;
}

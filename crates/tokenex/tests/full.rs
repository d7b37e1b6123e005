//! All providers in one program, each over TLS.

use std::time::Duration;

use tokenex::aws::WebIdentity;
use tokenex::azure::{Cloud, Entra};
use tokenex::core::http::HttpTransport;
use tokenex::core::{AnyTokenSource, Credential, Keep};
use tokenex::gcp::WorkloadIdentity;
use tokenex::oci::Domain;
use tokenex::sources::{Closure, StaticText};
use tokenex::vault::Vault;
use tokenex::{Handle, Scheduler};
use tokenex_testkit::issuer::Issuer;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::{Twin, aws, azure, google, oci, vault};

/// Five targets behind one CA, and no crypto provider is made the process's own on the way: a program may install another, or
/// none, and the crates of the providers do not meet there.
#[tokio::test]
async fn five_providers_work_in_one_process_that_has_no_crypto_provider_of_its_own() {
    let certificates = Certificates::for_loopback();
    let issuer = Issuer::start().await.unwrap();
    let jwt = issuer.token().subject("demo");
    let identity =
        AnyTokenSource::new(Closure::plain(move |to| Ok(jwt.clone().audience(to.unwrap_or_default()).sign())));
    let transport = HttpTransport::builder().ca_pem(certificates.ca_pem()).build().unwrap();
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(transport).start();

    let sts = aws::StsTwin::new();
    sts.reach(issuer.keys());
    let account = sts.account("123456789012");
    account.oidc_provider(issuer.url(), "sts.amazonaws.com");
    let role = account.role("app");
    role.trust_subject(issuer.url(), "demo", "sts.amazonaws.com");
    let at_aws = sts.serve_tls(&certificates).await.unwrap();
    let provider = WebIdentity::builder(role.arn(), identity.clone()).region("eu-central-1").endpoint(at_aws.url());
    let at_aws = (at_aws, scheduler.keep(Keep::new(provider.build().unwrap()).name("AWS")));

    let entra = azure::EntraTwin::new();
    entra.reach(issuer.keys());
    let tenant = entra.tenant("contoso.example");
    let client = tenant.user_assigned_identity("app");
    client.federate(issuer.url(), "demo", azure::EXCHANGE_AUDIENCE).unwrap();
    let served = entra.serve_tls(&certificates).await.unwrap();
    let cloud = Cloud::at(&served.url()).unwrap();
    let provider = Entra::federated(tenant.id(), client.client_id(), identity.clone()).cloud(cloud).build().unwrap();
    let provider = provider.token("https://management.azure.com/.default").unwrap();
    let at_azure = (served, scheduler.keep(Keep::new(provider).name("Azure")));

    let google = google::GoogleTwin::new();
    google.reach(issuer.keys());
    let pool = google.project("acme-prod", 123_456_789_012).provider("workloads", "issuer", issuer.url());
    let served = google.serve_tls(&certificates).await.unwrap();
    let provider = WorkloadIdentity::builder(pool.audience(), identity.clone());
    let provider = provider.token_url(format!("{}/v1/token", served.url())).build().unwrap();
    let at_google = (served, scheduler.keep(Keep::new(provider).name("Google Cloud")));

    let oracle = oci::OciTwin::new();
    oracle.reach(issuer.keys());
    let domain = oracle.domain("idcs-1.identity.oraclecloud.com");
    let (app, user, trust) = (domain.app("exchanger"), domain.user("deploy"), domain.trust("workloads", issuer.url()));
    trust.oauth_client(&app).audience(app.client_id()).impersonate("sub eq demo", &user).active(true);
    let served = domain.serve_tls(&certificates).await.unwrap();
    let provider =
        Domain::builder(served.url(), identity.clone()).client(app.client_id(), StaticText::new(app.secret()));
    let at_oracle = (served, scheduler.keep(Keep::new(provider.build().unwrap().user_token()).name("Oracle Cloud")));

    let bao = vault::VaultTwin::new();
    bao.reach(issuer.keys());
    bao.jwt_auth("jwt", issuer.url()).role("app").audience("vault").subject("demo");
    let served = bao.serve_tls(&certificates).await.unwrap();
    let login = Vault::builder(served.url(), "app", identity).audience("vault").build(&scheduler).unwrap();
    let at_vault = (served, login.login());

    arrives(&at_aws.1).await;
    arrives(&at_azure.1).await;
    arrives(&at_google.1).await;
    arrives(&at_oracle.1).await;
    arrives(&at_vault.1).await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none(), "somebody installed a crypto provider");
    let report = scheduler.shutdown(Duration::from_secs(5)).await;
    assert!(!report.interrupted, "{report}");
}

async fn arrives<C: Credential>(handle: &Handle<C>) {
    let issued = handle.ready(Duration::from_secs(30)).await;
    assert!(issued.is_ok_and(|issued| issued.generation() == 1), "{}", handle.status());
}

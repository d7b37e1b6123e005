//! A service account of Google Cloud without a key: the workload's identity token becomes a federated token, and that acts as
//! the account, for access tokens and for an ID token that another system can verify.
//!
//! Runs by itself, with a local issuer and a twin of Google's token services on this machine.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use google_cloud_auth::credentials::Credentials;
use tokenex_core::sources::Closure;
use tokenex_core::{Handle, Keep, Scheduler, http::HttpTransport};
use tokenex_gcp::{AccessToken, ImpersonatedIdToken, Impersonation, IntoSdk, WorkloadIdentity};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::google};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by an administrator: a pool provider that trusts the issuer, and an account that the workload may act as.
    let (issuer, twin) = (Issuer::start().await?, google::GoogleTwin::new());
    twin.reach(issuer.keys());
    twin.token_lifetime(20 * SECOND);
    let google = twin.serve().await?;
    let project = twin.project("acme-prod", 123_456_789_012);
    let provider = project.provider("workloads", "issuer", issuer.url());
    let account = project.service_account("deploy");
    account.bind(&provider.principal("demo"));

    // The program.
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new()?).start();
    let jwt = Closure::plain(move |to| Ok(issuer.token().subject("demo").audience(to.unwrap_or_default()).sign()));
    let federated = WorkloadIdentity::builder(provider.audience(), jwt)
        .token_url(format!("{}/v1/token", google.url())) // only because this is not Google
        .build()?;
    let federated = scheduler.keep(Keep::new(federated).name("federated token"));
    let acting = Impersonation::builder(account.email(), federated.clone())
        .lifetime(4 * SECOND) // an hour, usually
        .endpoint(google.url())
        .build()?;
    let acting = scheduler.keep(Keep::new(acting).name("service account"));
    let id_token = ImpersonatedIdToken::builder(account.email(), federated.clone())
        .audience("https://app.run.app")
        .endpoint(google.url())
        .build()?;
    let id_token = scheduler.keep(Keep::new(id_token).name("ID token"));

    let began = Instant::now();
    let shows = [tokio::spawn(show(federated, began)), tokio::spawn(show(acting.clone(), began))];
    let token = acting.ready(10 * SECOND).await?;
    println!("Google knows the token as {}", twin.access(token.secret().expose()).ok_or("not at all")?.member);
    let id_token = id_token.ready(10 * SECOND).await?;
    let claims = twin.id_token_keys().verify(id_token.secret().expose())?;
    println!("the ID token is of {}, about {}, for {}", claims["iss"], claims["sub"], claims["aud"]);

    // Any client crate of Google takes these: `with_credentials(credentials)`.
    let credentials = Credentials::from(acting.into_sdk());
    for _ in 0..12 {
        tokio::time::sleep(SECOND).await;
        credentials.headers(http::Extensions::new()).await?; // what a client does before each request
    }
    let of = |endpoint| twin.exchanges().iter().filter(|one| one.endpoint == endpoint).count();
    let (exchanges, tokens) = (of(google::Endpoint::TokenExchange), of(google::Endpoint::AccessToken));
    println!("{tokens} tokens of the account were made with {exchanges} federated tokens");
    println!("{}", scheduler.shutdown(5 * SECOND).await);
    for show in shows {
        show.await?;
    }
    Ok(())
}

/// Tells what happens to one token.
async fn show(handle: Handle<AccessToken>, began: Instant) {
    let mut listener = handle.listen();
    let name = handle.name().to_owned();
    drop(handle);
    while let Some(event) = listener.next().await {
        if let Some(issued) = event.credential.filter(|_| event.updated) {
            println!("[{:4.1} s] {name}: generation {}", began.elapsed().as_secs_f64(), issued.generation());
        }
    }
}

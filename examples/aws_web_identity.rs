//! A role of AWS without an access key: the workload's identity token becomes a session of the role, that a session of another
//! role, and that an identity token of AWS for another cloud. One stays fresh when AWS takes it back; a stranger is refused.
//!
//! Runs by itself, with a local issuer and a twin of AWS STS on this machine.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::Duration;

use tokenex_aws::{AssumeRole, AwsCredentials, IntoSdk, OutboundIdentity, WebIdentity, output};
use tokenex_core::sources::Closure;
use tokenex_core::{Handle, Keep, Passthrough, Scheduler, TokenSource, http::HttpTransport};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::aws};

const SECOND: Duration = Duration::from_secs(1);
const REGION: &str = "eu-central-1";
const AUDIENCE: &str = "sts.amazonaws.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by an administrator: an account that knows the issuer, a role that trusts one subject of it, and a second role
    // that trusts the first.
    let (issuer, twin) = (Issuer::start().await?, aws::StsTwin::new());
    twin.reach(issuer.keys());
    let server = twin.serve().await?;
    let sts = server.url();
    let account = twin.account("123456789012");
    account.oidc_provider(issuer.url(), AUDIENCE);
    let (app, reports) = (account.role("app"), account.role("reports"));
    app.trust_subject(issuer.url(), "repo:org/app", AUDIENCE);
    reports.trust(aws::TrustStatement::principal(app.arn()).external_id("our-id"));
    let aws_issuer = account.enable_outbound_federation();

    // The program.
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new()?).start();
    // The endpoint is named only because this is not AWS.
    let role = |identity| WebIdentity::builder(app.arn(), identity).region(REGION).endpoint(&sts).build();
    let session = scheduler.keep(Keep::new(role(workload(&issuer, "repo:org/app"))?).name("app"));
    show(&session).await?;

    let next = AssumeRole::builder(reports.arn(), session.clone()).region(REGION).endpoint(&sts).external_id("our-id");
    let next = scheduler.keep(Keep::new(next.build()?).name("reports"));
    show(&next).await?;

    // This is a token source: `Entra::federated(tenant, client, outbound)` would take it.
    let outbound = OutboundIdentity::builder(session.clone()).region(REGION).endpoint(&sts).build()?;
    let token = scheduler.keep(Passthrough::new(outbound).audience("api://AzureADTokenExchange"));
    let claims = aws_issuer.verify(token.ready(10 * SECOND).await?.secret().expose())?;
    println!("AWS signs for {}: this is {}", claims["aud"], claims["sub"]);

    // Any client of the AWS SDK takes these: `.credentials_provider(..).identity_cache(IdentityCache::no_cache())`.
    let for_sdk = session.clone().into_sdk();
    println!("the SDK's form: {for_sdk:?}");
    let process = output::credential_process_json(&*session.get().await?)?;
    println!("the form for `credential_process` has {} bytes", process.len());

    twin.revoke(session.get().await?.access_key_id());
    println!("AWS takes the keys back, and the program says so: {:?}", session.rejected(1).await?);
    show(&session).await?;

    let stranger = scheduler.keep(role(workload(&issuer, "repo:org/fork"))?);
    if let Err(error) = stranger.get().await {
        println!("a stranger: {error}");
    }
    println!("STS was called {} times", twin.exchanges().len());
    println!("{}", scheduler.shutdown(5 * SECOND).await);
    Ok(())
}

/// A workload that its platform gives a new token each time.
fn workload(issuer: &Issuer, subject: &str) -> impl TokenSource + use<> {
    let jwt = issuer.token().subject(subject);
    Closure::plain(move |audience| Ok(jwt.clone().audience(audience.unwrap_or_default()).sign()))
}

async fn show(session: &Handle<AwsCredentials>) -> Result<(), Box<dyn Error>> {
    let credentials = session.ready(10 * SECOND).await?;
    println!("{} with {}", credentials.assumed_role_arn().unwrap_or_default(), credentials.access_key_id());
    println!("  {}", session.status());
    Ok(())
}

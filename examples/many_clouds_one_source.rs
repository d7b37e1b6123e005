//! One identity, four clouds: AWS, Azure, Google Cloud and Vault from one token source, each with its own audience, all kept
//! fresh, and one stream of events. Runs by itself, with a local issuer and twins; fails if one read found nothing.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use tokenex_aws::WebIdentity;
use tokenex_azure::{Cloud, Entra};
use tokenex_core::{AnyTokenSource, Credential, Handle, Keep, Scheduler, http::HttpTransport, sources::Closure};
use tokenex_gcp::{Impersonation, WorkloadIdentity};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::aws, twins::azure, twins::google, twins::vault};
use tokenex_vault::Vault;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by administrators: each cloud trusts the issuer and knows what the workload `demo` may be.
    let issuer = Issuer::start().await?;
    let (sts, entra) = (aws::StsTwin::new(), azure::EntraTwin::new());
    let (google, vault) = (google::GoogleTwin::new(), vault::VaultTwin::new());
    sts.reach(issuer.keys());
    entra.reach(issuer.keys());
    google.reach(issuer.keys());
    vault.reach(issuer.keys());
    let account = sts.account("123456789012");
    account.oidc_provider(issuer.url(), "sts.amazonaws.com");
    let role = account.role("app");
    role.trust_subject(issuer.url(), "demo", "sts.amazonaws.com");
    let tenant = entra.tenant("contoso.example");
    let client = tenant.user_assigned_identity("app");
    client.federate(issuer.url(), "demo", azure::EXCHANGE_AUDIENCE)?;
    entra.token_lifetime(4 * SECOND);
    let project = google.project("acme-prod", 123_456_789_012);
    let provider = project.provider("workloads", "issuer", issuer.url());
    let robot = project.service_account("app");
    robot.bind(&provider.principal("demo"));
    google.token_lifetime(8 * SECOND);
    let app = vault.jwt_auth("jwt", issuer.url()).role("app");
    app.audience("vault").subject("demo").allow("database/creds/app").allow("sys/leases/revoke");
    vault.database("database").role("app").ttl(4 * SECOND).max_ttl(8 * SECOND);
    let (at_aws, at_azure) = (sts.serve().await?, entra.serve().await?);
    let (at_google, at_vault) = (google.serve().await?, vault.serve().await?);

    // The program: one source, and what each cloud makes of it.
    let jwt = issuer.token().subject("demo").lifetime(60 * SECOND);
    let identity = Closure::plain(move |to| Ok(jwt.clone().audience(to.unwrap_or_default()).sign()));
    let identity = AnyTokenSource::new(identity);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new()?).start();
    let role = WebIdentity::builder(role.arn(), identity.clone()).region("eu-central-1").endpoint(at_aws.url());
    let aws = scheduler.keep(Keep::new(role.build()?).name("AWS"));
    let azure = Entra::federated(tenant.id(), client.client_id(), identity.clone()).cloud(Cloud::at(&at_azure.url())?);
    let azure = scheduler.keep(Keep::new(azure.build()?.token("https://management.azure.com/.default")?).name("Azure"));
    let pool = WorkloadIdentity::builder(provider.audience(), identity.clone());
    let pool = pool.token_url(format!("{}/v1/token", at_google.url())).build()?;
    let federated = scheduler.keep(Keep::new(pool).name("Google, as the workload"));
    let robot = Impersonation::builder(robot.email(), federated.clone()).lifetime(4 * SECOND).endpoint(at_google.url());
    let robot = scheduler.keep(Keep::new(robot.build()?).name("Google"));
    let login = Vault::builder(at_vault.url(), "app", identity.clone()).audience("vault").build(&scheduler)?;
    let user = scheduler.keep(Keep::new(login.database("app")).name("Vault"));
    let (tell, mut stream) = unbounded_channel();
    let (began, mut followers) = (Instant::now(), tokio::task::JoinSet::new());
    followers.spawn(follow(aws.clone(), tell.clone(), began));
    followers.spawn(follow(azure.clone(), tell.clone(), began));
    followers.spawn(follow(federated.clone(), tell.clone(), began));
    followers.spawn(follow(robot.clone(), tell.clone(), began));
    followers.spawn(follow(user.clone(), tell, began));
    while let Some(line) = stream.recv().await {
        println!("{line}");
    }
    let (reads, failed) = followers.join_all().await.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let issued = (sts.issued(), entra.issued(), google.issued(), vault.issued());
    println!("{reads} reads, {failed} without a credential; issued by AWS, Azure, Google and Vault: {issued:?}");
    println!("{}", scheduler.shutdown(5 * SECOND).await);
    if failed == 0 { Ok(()) } else { Err("a credential was missing".into()) }
}

/// Tells what happens to a credential for twelve seconds, and reads it all the time; returns how often, and how often in vain.
async fn follow<C: Credential>(handle: Handle<C>, tell: UnboundedSender<String>, began: Instant) -> (u64, u64) {
    let mut listener = handle.listen();
    let mut counts = (1, u64::from(handle.ready(5 * SECOND).await.is_err()));
    while began.elapsed() < 12 * SECOND {
        tokio::select! {
            Some(event) = listener.next() => {
                let Some(held) = event.credential else { continue };
                let left = held.expires_at().and_then(|at| at.duration_since(SystemTime::now()).ok()).unwrap_or_default();
                let (what, after) = (if event.renewed { "renewed" } else { "new" }, began.elapsed());
                let _ = tell.send(format!("{after:>5.1?}  {}: {what}, for another {left:.1?}", handle.name()));
            }
            () = tokio::time::sleep(SECOND / 50) => {
                counts.0 += 1;
                counts.1 += u64::from(handle.peek().is_none());
            }
        }
    }
    counts
}

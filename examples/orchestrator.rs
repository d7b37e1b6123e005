//! A trusted orchestrator: one scheduler for workloads that come and go, each with an identity of its own, and so a role at
//! AWS and a managed identity in Azure. What a cloud cannot take back at a workload's end says how long it lives.
//!
//! Runs by itself, with a local issuer and twins of AWS and Entra on this machine.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use tokenex_aws::{AwsCredentials, WebIdentity};
use tokenex_azure::{AccessToken, Cloud, Entra};
use tokenex_core::sources::Closure;
use tokenex_core::{Handle, Keep, Scheduler, http::HttpTransport};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::aws, twins::azure};
use tokio::{task::JoinSet, time::sleep};

type Failure = Box<dyn Error + Send + Sync>;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (issuer, sts, entra) = (Issuer::start().await?, aws::StsTwin::new(), azure::EntraTwin::new());
    sts.reach(issuer.keys());
    entra.reach(issuer.keys());
    entra.token_lifetime(4 * SECOND); // so that there is something to keep fresh
    let (account, tenant) = (sts.account("123456789012"), entra.tenant("contoso.example"));
    account.oidc_provider(issuer.url(), "sts.amazonaws.com");
    let (sts_at, entra_at) = (sts.serve().await?, entra.serve().await?);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new()?).start();

    let (began, mut running, mut clients) = (Instant::now(), JoinSet::new(), HashMap::new());
    for name in ["billing", "search", "images", "mail", "reports"] {
        // By an administrator: what this workload may be, and no other.
        let (role, identity) = (account.role(name), tenant.user_assigned_identity(name));
        role.trust_subject(issuer.url(), name, "sts.amazonaws.com");
        identity.federate(issuer.url(), name, azure::EXCHANGE_AUDIENCE)?;
        clients.insert(identity.client_id().to_owned(), name);

        // By the orchestrator, which vouches for the workload at each cloud.
        let jwt = issuer.token().subject(name).lifetime(60 * SECOND);
        let jwt = || {
            let jwt = jwt.clone();
            Closure::plain(move |to| Ok(jwt.clone().audience(to.unwrap_or_default()).sign()))
        };
        let role = WebIdentity::builder(role.arn(), jwt()).region("eu-central-1").endpoint(sts_at.url());
        let role = role.duration(900 * SECOND).build()?; // the shortest that AWS has
        let entra = Entra::federated(tenant.id(), identity.client_id(), jwt()).cloud(Cloud::at(&entra_at.url())?);
        let token = entra.build()?.token("https://vault.azure.net/.default")?;
        let role = scheduler.keep(Keep::new(role).name(format!("role of {name}")));
        let token = scheduler.keep(Keep::new(token).name(format!("token of {name}")));
        running.spawn(run(name, role, token, began));
        sleep(SECOND).await;
    }

    // What each workload saw, and when it was over, beside the clouds' own books.
    let of_roles = |one: aws::Exchange| Some((one.outcome.ok()?, one.presented?.1, one.at));
    let of_tokens = |one: azure::Exchange| Some((one.outcome.ok()?, clients.get(&one.client_id)?.to_string(), one.at));
    let mut workloads = Vec::new();
    while let Some(ended) = running.join_next().await {
        workloads.push(ended??);
    }
    let roles = sts.exchanges().into_iter().map(of_roles);
    let book: Option<Vec<_>> = roles.chain(entra.exchanges().into_iter().map(of_tokens)).collect();
    let book = book.ok_or("a cloud refused a workload, or was asked by nobody")?;
    for (name, seen, end) in &workloads {
        let own: BTreeSet<_> = book.iter().filter(|(_, subject, _)| subject == name).collect();
        let ids: BTreeSet<_> = own.iter().map(|(id, ..)| id.clone()).collect();
        if !seen.is_subset(&ids) || own.iter().any(|(.., at)| at > end) {
            return Err(format!("{name} had a credential of another one, or got one after its end").into());
        }
        println!("{name} saw {} credentials, and both clouds know them as {name}'s alone", seen.len());
    }
    let left = scheduler.status().await;
    println!("the scheduler holds {} credentials; {}", left.len(), scheduler.shutdown(5 * SECOND).await);
    if left.is_empty() { Ok(()) } else { Err("something was left".into()) }
}

/// One workload, from its beginning to its end: what it saw, and when it was over.
async fn run(
    name: &'static str,
    role: Handle<AwsCredentials>,
    token: Handle<AccessToken>,
    began: Instant,
) -> Result<(&'static str, BTreeSet<String>, SystemTime), Failure> {
    let say = |text: &str| println!("[{:4.1} s] {text}", began.elapsed().as_secs_f64());
    let (first, _) = (role.ready(5 * SECOND).await?, token.ready(5 * SECOND).await?);
    say(&format!("{name} runs, as {}", first.assumed_role_arn().unwrap_or_default()));
    let (mut seen, end) = (BTreeSet::new(), Instant::now() + 5 * SECOND);
    while Instant::now() < end {
        seen.extend(role.get().await?.fingerprint().map(str::to_owned));
        seen.extend(token.get().await?.fingerprint().map(str::to_owned));
        sleep(SECOND / 10).await; // the work
    }
    for report in [role.close(5 * SECOND).await, token.close(5 * SECOND).await] {
        say(&format!("{name} is over: {report}"));
    }
    Ok((name, seen, SystemTime::now()))
}

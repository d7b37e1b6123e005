//! Watches an Azure resource group without any secret: the workload shows its identity token, Entra answers with an access
//! token, and that is kept fresh. From the environment: `ID_TOKEN_JWT`, for the audience `api://AzureADTokenExchange`;
//! `AZURE_TENANT_ID`; `AZURE_CLIENT_ID` of a user-assigned managed identity that trusts the token (federated credential)
//! and may read the group (role Reader); `AZURE_SUBSCRIPTION_ID`; `AZURE_RESOURCE_GROUP_NAME`. Ends with Ctrl-C. `--local`
//! brings an issuer and a twin of Azure along, with a group that the workload may read and one that it may not.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::{collections::BTreeSet, env, error::Error, mem, time::Duration};

use tokenex_azure::{AccessToken, Cloud, Entra};
use tokenex_core::sources::{Closure, EnvVar};
use tokenex_core::{AnyTransport, Handle, Keep, Scheduler, Transport, http::HttpTransport};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::azure};
use tokio::time::sleep;

type Outcome = Result<(), Box<dyn Error>>;
const SECOND: Duration = Duration::from_secs(1);
const SETTINGS: [&str; 5] =
    ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP_NAME", "ID_TOKEN_JWT"];

#[tokio::main]
async fn main() -> Outcome {
    if env::args().any(|argument| argument == "--local") {
        return local().await;
    }
    let missing: Vec<_> = SETTINGS.into_iter().filter(|name| env::var(name).is_err()).collect();
    if !missing.is_empty() {
        return Err(format!("the environment lacks {}; `--local` needs nothing", missing.join(", ")).into());
    }
    let [tenant, client, subscription, group, _] = SETTINGS.map(|name| env::var(name).unwrap_or_default());
    let entra = Entra::federated(tenant, client, EnvVar::new("ID_TOKEN_JWT")).build()?;
    let group = format!("https://management.azure.com/subscriptions/{subscription}/resourceGroups/{group}");
    run(&entra, &group, 5 * SECOND, async { drop(tokio::signal::ctrl_c().await) }).await
}

/// Watches until `end`, and lets go of everything.
async fn run(entra: &Entra, group: &str, every: Duration, end: impl Future<Output = ()>) -> Outcome {
    let network = AnyTransport::new(HttpTransport::new()?);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network.clone()).start();
    let token = scheduler.keep(Keep::new(entra.token("https://management.azure.com/.default")?).name("access token"));
    let outcome = tokio::select! {
        outcome = watch(&network, &token, group, every) => outcome,
        () = end => Ok(()),
    };
    println!("shut down: {}", scheduler.shutdown(5 * SECOND).await);
    outcome
}

/// Lists the resources again and again, and tells which are new and which are gone.
async fn watch(network: &AnyTransport, token: &Handle<AccessToken>, group: &str, every: Duration) -> Outcome {
    let (mut known, mut generation) = (BTreeSet::new(), 0);
    token.ready(30 * SECOND).await?;
    loop {
        let current = token.get().await?; // at once: refreshes happen beside this loop
        if mem::replace(&mut generation, current.generation()) != current.generation() {
            println!("{}", token.status());
        }
        let request = http::Request::get(format!("{group}/resources?api-version=2021-04-01"))
            .header(http::header::AUTHORIZATION, current.authorization());
        let answer = network.send(request.body(bytes::Bytes::new())?, 10 * SECOND).await?;
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if !answer.status().is_success() {
            println!("{}: {} {}", answer.status(), body["error"]["code"], body["error"]["message"]);
            return if answer.status() == 403 { Ok(()) } else { Err("the resources cannot be listed".into()) };
        }
        let listed = body["value"].as_array().into_iter().flatten();
        let found: BTreeSet<String> = listed.map(|one| format!("{} {}", one["type"], one["name"])).collect();
        found.difference(&known).for_each(|new| println!("new:  {new}"));
        known.difference(&found).for_each(|gone| println!("gone: {gone}"));
        known = found;
        sleep(every).await;
    }
}

async fn local() -> Outcome {
    let (issuer, entra) = (Issuer::start().await?, azure::EntraTwin::new());
    let arm = azure::ArmTwin::new(&entra);
    entra.reach(issuer.keys());
    entra.token_lifetime(5 * SECOND);
    let (login, management) = (entra.serve().await?, arm.serve().await?);
    let tenant = entra.tenant("contoso.example");
    let workload = tenant.user_assigned_identity("watcher");
    workload.federate(issuer.url(), "demo", azure::EXCHANGE_AUDIENCE)?;
    let subscription = arm.subscription(&tenant);
    let web = subscription.resource_group("web");
    web.allow(&workload.object_id());
    let changes = async {
        for name in ["shop", "images", "cart"] {
            web.add("Microsoft.Web/sites", name);
            sleep(2 * SECOND).await;
            web.remove("shop");
        }
    };
    let jwt = Closure::plain(move |to| Ok(issuer.token().subject("demo").audience(to.unwrap_or_default()).sign()));
    let entra = Entra::federated(tenant.id(), workload.client_id(), jwt).cloud(Cloud::at(&login.url())?).build()?;
    let groups = format!("{}/subscriptions/{}/resourceGroups", management.url(), subscription.id());
    run(&entra, &format!("{groups}/web"), SECOND / 2, changes).await?;
    run(&entra, &format!("{groups}/payroll"), SECOND / 2, std::future::pending()).await
}

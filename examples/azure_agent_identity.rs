//! Agent identities: one blueprint that can prove itself, and agents that cannot, each with tokens of its own; as itself,
//! as its user account, and on behalf of a person who signed in.
//!
//! Runs by itself, with a local issuer and a twin of Entra on this machine.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::Duration;

use tokenex_azure::{AgentBlueprint, AgentToken, AgentUser, Cloud, Entra};
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{AsIdentity, Scheduler, http::HttpTransport};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::azure};

/// An API of our own, so that we may look into tokens for it.
const SCOPE: &str = "api://files/.default";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by an administrator: a blueprint that trusts the workload, its agents, and an account for one of them.
    let (issuer, twin) = (Issuer::start().await?, azure::EntraTwin::new());
    twin.reach(issuer.keys());
    let login = twin.serve().await?;
    let tenant = twin.tenant("contoso.example");
    let blueprint = tenant.blueprint("assistants");
    blueprint.federate(issuer.url(), "demo", azure::EXCHANGE_AUDIENCE)?;
    let (anna, bert) = (blueprint.agent("anna"), blueprint.agent("bert"));
    let (account, person) = (anna.agent_user("anna@contoso.example"), tenant.user("person@contoso.example"));
    tenant.app("files").expose("api://files", azure::TokenVersion::V2);
    println!("anna is {}, her user account {}", anna.object_id(), account.object_id());
    println!("bert is {}, the person {}", bert.object_id(), person.object_id());
    let person = person.token_for(&blueprint);

    // The program.
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(HttpTransport::new()?).start();
    let jwt = Closure::plain(move |to| Ok(issuer.token().subject("demo").audience(to.unwrap_or_default()).sign()));
    let client = Entra::federated(tenant.id(), blueprint.client_id(), jwt).cloud(Cloud::at(&login.url())?).build()?;
    let assistants = AgentBlueprint::new(client);
    let anna = assistants.agent(&scheduler, anna.client_id())?;
    let bert = assistants.agent(&scheduler, bert.client_id())?;

    show(&scheduler, "anna", anna.token(SCOPE)?).await?;
    show(&scheduler, "bert", bert.token(SCOPE)?).await?;
    let account = anna.user(&scheduler, AgentUser::principal_name("anna@contoso.example"))?;
    show(&scheduler, "anna, as her user account", account.token(SCOPE)?).await?;
    let visitor = bert.on_behalf_of(StaticText::new(person))?;
    show(&scheduler, "bert, on behalf of a person", visitor.token(SCOPE)?).await?;

    println!("Entra was asked {} times", twin.exchanges().len());
    println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
    Ok(())
}

/// Gets a token and tells whom the API sees.
async fn show(scheduler: &Scheduler, who: &str, token: AgentToken) -> Result<(), Box<dyn Error>> {
    let token = scheduler.keep(token).ready(Duration::from_secs(10)).await?;
    let claims = token.as_identity()?;
    println!("{who}: the API sees {}", claims.claims().subject().unwrap_or("nobody"));
    Ok(())
}

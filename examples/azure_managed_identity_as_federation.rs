//! A managed identity as the federated credential of an app registration: the machine's own identity is shown for the
//! application's, and nobody has a secret. Nothing here knows of the other; the first is simply an input of the second.
//!
//! Runs by itself, with twins of Entra and of App Service on this machine. In Azure, `ManagedIdentity::builder().build()`
//! finds the platform by itself, and Entra is where it always is.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::Duration;

use tokenex_azure::{Cloud, Entra, ManagedIdentity};
use tokenex_core::{Keep, Scheduler, http::HttpTransport};
use tokenex_testkit::twins::{Twin, azure};

const GRAPH: &str = "https://graph.microsoft.com/.default";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by an administrator: the application trusts the identity, and the identity itself may do nothing.
    let entra = azure::EntraTwin::new();
    let tenant = entra.tenant("contoso.example");
    let (identity, app) = (tenant.user_assigned_identity("machine"), tenant.app("reports"));
    app.federate_identity(&identity)?;
    let platform = azure::PlatformTwin::app_service(&entra);
    platform.assign(&identity);
    entra.token_lifetime(Duration::from_secs(5));

    // The program.
    let (login, endpoint) = (entra.serve().await?, platform.serve().await?);
    let environment = platform.environment(&endpoint.url());
    let managed = ManagedIdentity::builder()
        .client_id(identity.client_id())
        .variables(move |name| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))
        .build()?;
    println!("the machine's identity comes from {:?}", managed.platform());

    let runtime = tokio::runtime::Handle::current();
    let scheduler = Scheduler::builder(runtime).transport(HttpTransport::new()?).start();
    let reports = Entra::federated(tenant.id(), app.client_id(), managed).cloud(Cloud::at(&login.url())?).build()?;
    let graph = scheduler.keep(Keep::new(reports.token(GRAPH)?).name("Graph as the application"));

    let mut listener = graph.listen();
    graph.ready(Duration::from_secs(10)).await?;
    for _ in 0..3 {
        listener.next().await;
        println!("{}", graph.status());
    }
    println!("App Service was asked {} times, and Entra {} times", platform.asked().len(), entra.exchanges().len());

    println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
    Ok(())
}

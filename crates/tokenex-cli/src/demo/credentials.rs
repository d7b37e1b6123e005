//! The program's side: one identity, one scheduler, and five credentials that are kept fresh.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokenex::aws::WebIdentity;
use tokenex::azure::{Cloud, Entra};
use tokenex::core::http::HttpTransport;
use tokenex::core::{AnyTokenSource, Credential, Handle, Keep, Policy, Result, Scheduler, Secret, Status};
use tokenex::gcp::WorkloadIdentity;
use tokenex::oci::Domain;
use tokenex::sources::{Closure, Url};
use tokenex::vault::Vault;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::plan::Lives;
use super::targets::{REGION, Targets, VAULT_AUDIENCE, VAULT_ROLE};
use super::watching::{Heard, Reads, listen, read};

/// The five, in the order in which they are shown: name and provider.
pub(super) const CAST: [(&str, &str); 5] = [
    ("management-api", "Azure"),
    ("deploy-role", "AWS"),
    ("federated-token", "Google"),
    ("api-session", "Oracle"),
    ("database-user", "Vault"),
];

/// Two attempts are at least half a second apart by default. That is nothing in an hour, and much in a life of seconds.
const SPACING: Duration = Duration::from_millis(100);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One credential, without its type.
pub(super) struct Player {
    status: Box<dyn Fn() -> Status + Send + Sync>,
    pub(super) reads: Arc<Reads>,
    /// The reader, until it is started.
    reader: Option<Task>,
}

impl Player {
    pub(super) fn status(&self) -> Status {
        (self.status)()
    }

    /// Begins to read it all the time.
    pub(super) fn start_reading(&mut self, tasks: &mut JoinSet<()>) {
        if let Some(reader) = self.reader.take() {
            tasks.spawn(reader);
        }
    }
}

/// Starts the five. What is heard of them goes to `tell`.
///
/// # Errors
/// When an option is wrong, which would be a fault of the demo.
pub(super) fn start(
    targets: &Targets,
    lives: &Lives,
    tell: &UnboundedSender<Heard>,
) -> Result<(Scheduler, Vec<Player>)> {
    let network = HttpTransport::builder().ca_pem(targets.certificates.ca_pem()).build()?;
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network);
    let scheduler = scheduler.policy(Policy::default().with_min_spacing(SPACING)).start();
    let identity = AnyTokenSource::new(Url::new(targets.identity_url())?);
    let names = CAST.map(|(name, _)| name);

    let at = &targets.azure;
    let entra = Entra::federated(at.tenant.id(), at.app.client_id(), identity.clone());
    let token = entra.cloud(Cloud::at(&at.line.url())?).build()?.token("https://management.azure.com/.default")?;
    let azure = scheduler.keep(Keep::new(token).name(names[0]));

    let at = &targets.aws;
    let role = WebIdentity::builder(at.role.arn(), identity.clone()).region(REGION).endpoint(at.line.url());
    let aws = scheduler.keep(Keep::new(role.build()?).name(names[1]));

    let at = &targets.gcp;
    let pool = WorkloadIdentity::builder(at.provider.audience(), identity.clone());
    let pool = pool.token_url(format!("{}/v1/token", at.line.url()));
    let gcp = scheduler.keep(Keep::new(pool.build()?).name(names[2]));

    let at = &targets.oci;
    let secret = Secret::new(at.app.secret());
    let domain = Domain::builder(at.line.url(), identity.clone());
    let domain = domain.client(at.app.client_id(), Closure::plain(move |_| Ok(secret.clone()))).build()?;
    // Making a key takes longer than a request, and lives are short here.
    let longest = lives.oci / 4;
    let oci = Keep::new(domain.user_token()).policy(move |policy| policy.with_attempt_deadline_min(longest));
    let oci = scheduler.keep(oci.name(names[3]));

    let login = Vault::builder(targets.vault.line.url(), VAULT_ROLE, identity).audience(VAULT_AUDIENCE);
    let login = login.build(&scheduler)?;
    let vault = scheduler.keep(Keep::new(login.database("app")).name(names[4]));

    let players = vec![
        player(0, azure, targets.azure.accepts(), tell),
        player(1, aws, targets.aws.accepts(), tell),
        player(2, gcp, targets.gcp.accepts(), tell),
        player(3, oci, targets.oci.accepts(), tell),
        player(4, vault, targets.vault.accepts(), tell),
    ];
    Ok((scheduler, players))
}

fn player<C: Credential>(
    index: usize,
    handle: Handle<C>,
    accepted: impl Fn(&C) -> bool + Send + 'static,
    tell: &UnboundedSender<Heard>,
) -> Player {
    tokio::spawn(listen(index, handle.listen(), tell.clone()));
    let reads = Arc::new(Reads::default());
    let reader = read(handle.clone(), Arc::clone(&reads), accepted);
    Player { status: Box::new(move || handle.status()), reads, reader: Some(Box::pin(reader)) }
}

//! `--listen`: how a running `watch` or `exec` tells others that it is alive and ready, and what it counted.
//!
//! ```text
//! let door = Door::open(&command.listening).await?; // before the scheduler starts, so that its numbers are counted
//! let catalog = Catalog::open(...).await?;
//! let _serving = door.map(|door| door.serve(&catalog)); // until dropped
//! ```
//!
//! | file | role |
//! |---|---|
//! | `address.rs` | where, and where not |
//! | `answers.rs` | what each path says, as pure functions |
//! | `server.rs` | connections, and their bounds |

mod address;
mod answers;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokenex::Scheduler;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

pub(crate) use address::Listening;

use crate::catalog::Catalog;
use crate::failure::{Exit, Failure};
use crate::output;
use answers::Standing;

/// In this time the scheduler answers, or it does not live. It has nothing to wait for.
const ALIVE: Duration = Duration::from_secs(2);
/// How often numbers that nobody has asked for are put together, so that they do not pile up.
const UPKEEP: Duration = Duration::from_secs(5);
/// Seconds: from an answer on this machine to the time limit of an attempt.
const BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// A port that is taken, and numbers that are counted, before anything is answered.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    numbers: PrometheusHandle,
}

/// What answers until it is dropped.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub(crate) struct Serving {
    _tasks: JoinSet<()>,
}

/// What is behind the answers.
#[derive(Debug, Clone)]
struct Facts {
    scheduler: Scheduler,
    /// The credentials that must be there.
    names: Arc<[String]>,
    numbers: PrometheusHandle,
}

impl Door {
    /// Takes the port, and begins to count, if either is wanted.
    ///
    /// # Errors
    /// When the address reaches other machines and that was not said to be fine, or it cannot be had.
    pub(crate) async fn open(wanted: &Listening) -> Result<Option<Self>, Failure> {
        let Some(address) = wanted.address()? else { return Ok(None) };
        let failed = |error: std::io::Error| {
            Failure::usage(format!("--listen {address}: {error}"))
                .with_help("choose another port, or port 0 for any that is free")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        if address.port() == 0 {
            let own = listener.local_addr().map_err(failed)?;
            output::note(format_args!("tokenex: listening on http://{own}"));
        }
        Ok(Some(Self { listener, numbers: count()? }))
    }

    /// Answers from now on.
    pub(crate) fn serve(self, catalog: &Catalog) -> Serving {
        let names = catalog.iter().map(|managed| managed.name().to_owned()).collect();
        let facts = Facts { scheduler: catalog.scheduler().clone(), names, numbers: self.numbers.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(self.listener, facts));
        tasks.spawn(async move {
            let mut tick = interval(UPKEEP);
            loop {
                tick.tick().await;
                self.numbers.run_upkeep();
            }
        });
        Serving { _tasks: tasks }
    }
}

/// Installs what counts, for the whole program.
fn count() -> Result<PrometheusHandle, Failure> {
    let failed = |error| Failure::new(Exit::Internal, format!("metrics cannot be counted: {error}"));
    let name = Matcher::Full("tokenex_attempt_duration_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(name, &BUCKETS).map_err(failed)?;
    builder.install_recorder().map_err(failed)
}

impl Facts {
    /// How the credentials stand; `None` when the scheduler does not answer, or has ended.
    async fn standings(&self) -> Option<Vec<Standing>> {
        let statuses = timeout(ALIVE, self.scheduler.status()).await.ok()?;
        // One that runs knows every credential until it is closed.
        if statuses.is_empty() && !self.names.is_empty() {
            return None;
        }
        let of = |name: &String| {
            let status = statuses.iter().find(|status| status.name == *name);
            Standing {
                name: name.clone(),
                state: status.map(|status| status.state),
                valid_until: status.and_then(|status| status.valid_until),
                failures: status.and_then(|status| status.failing.as_ref()).map_or(0, |failing| failing.failures),
            }
        };
        Some(self.names.iter().map(of).collect())
    }
}

/// Whether only this machine reaches it.
fn is_own(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

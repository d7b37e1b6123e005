//! From a file to running credentials.
//!
//! | file | role |
//! |---|---|
//! | `opening.rs` | starts what is asked for and what that is made from |
//! | `identities.rs` | where identity tokens come from |
//! | `azure.rs`, `aws.rs`, `gcp.rs`, `oci.rs`, `vault.rs` | one table of the file, as a provider of the library |
//! | `rehearsal.rs` | the same, with nothing started: what `check` finds beyond the form of a file |
//! | `parts.rs`, `sigv4.rs` | one credential after the other, each seen from inside, for `doctor` |
//! | `managed.rs`, `snapshot.rs`, `value.rs` | a running credential, without its type |
//! | `network.rs` | the way to the network |

mod aws;
mod azure;
mod gcp;
mod identities;
mod managed;
mod network;
mod oci;
mod opening;
mod parts;
mod rehearsal;
mod secrets;
mod sigv4;
mod snapshot;
#[cfg(test)]
mod tests;
mod value;
mod vault;

use std::time::Duration;

use tokenex::Scheduler;
use tokenex::core::{AnyTransport, Clock, ShutdownReport};

use crate::config::Config;
use crate::failure::Failure;

pub(crate) use managed::Managed;
pub(crate) use parts::{OneByOne, Sighting};
pub(crate) use rehearsal::rehearse;
pub(crate) use snapshot::{Change, Snapshot};
pub(crate) use value::{Kind, Value};

use opening::Opening;

/// Running credentials, and the scheduler that keeps them.
#[derive(Debug)]
pub(crate) struct Catalog {
    scheduler: Scheduler,
    asked: Vec<Managed>,
}

/// What a catalog runs in, where it is not this machine's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// In place of the one that `[http]` describes.
    pub(crate) transport: Option<AnyTransport>,
    /// In place of the machine's.
    pub(crate) clock: Clock,
    /// Makes all random choices repeatable.
    pub(crate) seed: Option<u64>,
}

impl Catalog {
    /// Starts the named credentials, all of the file if none is named, and whatever they are made from. It waits for
    /// none of them.
    ///
    /// # Errors
    /// An unknown name, or a setting that no library takes.
    pub(crate) async fn open(config: &Config, names: &[String]) -> Result<Self, Failure> {
        Self::open_in(config, names, Surroundings::default()).await
    }

    /// As [`open`](Self::open), elsewhere than in this machine's time and network.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub(crate) async fn open_in(config: &Config, names: &[String], within: Surroundings) -> Result<Self, Failure> {
        let names = config.names(names)?;
        let transport = match within.transport {
            Some(transport) => transport,
            None => network::transport(&config.http).await?,
        };
        let builder = Scheduler::builder(tokio::runtime::Handle::current())
            .clock(within.clock.clone())
            .policy(config.policy.clone())
            .transport(transport);
        let scheduler = match within.seed {
            Some(seed) => builder.seed(seed).start(),
            None => builder.start(),
        };
        let mut opening = Opening::new(config, scheduler.clone(), within.clock);
        let asked = names.into_iter().map(|name| opening.credential(name)).collect::<Result<_, _>>()?;
        Ok(Self { scheduler, asked })
    }

    /// A credential that was asked for.
    pub(crate) fn get(&self, name: &str) -> Option<&Managed> {
        self.asked.iter().find(|managed| managed.name() == name)
    }

    /// The credentials that were asked for, in the file's order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Managed> {
        self.asked.iter()
    }

    /// What keeps them, and what they are made from.
    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Closes everything, and revokes what can be revoked.
    pub(crate) async fn shutdown(self, within: Duration) -> ShutdownReport {
        self.scheduler.shutdown(within).await
    }
}

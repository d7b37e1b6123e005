//! A credential at one moment, and what has changed.

use std::sync::Arc;
use std::time::SystemTime;

use tokenex::core::{BoxFuture, Clock, Credential, Failing, Issued, Listener, Removed, Status};

use super::value::{Parts, Value};

/// A credential as it was issued, without its type.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Counts the credentials of one name, from 1.
    pub(crate) generation: u64,
    /// A name of it that is no secret.
    pub(crate) fingerprint: Option<String>,
    /// The earliest of its own end and the ends of what it dies with.
    pub(crate) expires_at: Option<SystemTime>,
    /// When the next attempt is.
    pub(crate) refresh_at: Option<SystemTime>,
    /// Whether the target takes it back unless somebody renews it.
    pub(crate) leased: bool,
    pub(crate) value: Value,
}

impl Snapshot {
    pub(super) fn of<C: Parts>(issued: &Issued<C>, status: Option<&Status>) -> Self {
        Self {
            generation: issued.generation(),
            fingerprint: issued.fingerprint().map(str::to_owned),
            expires_at: issued.expires_at(),
            refresh_at: status.and_then(|status| status.next_attempt_at),
            leased: issued.credential().is_leased(),
            value: issued.credential().parts(),
        }
    }
}

/// The difference between what a listener last saw and the newest state: facts side by side, as in the library's
/// [`Event`](tokenex::core::Event).
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// When it was seen.
    pub(crate) at: SystemTime,
    /// The usable credential, whether it is new or not.
    pub(crate) credential: Option<Snapshot>,
    /// The credential is new or lives longer.
    pub(crate) updated: bool,
    /// The same credential lives longer.
    pub(crate) renewed: bool,
    /// Until when the predecessor of a new credential works.
    pub(crate) previous_until: Option<SystemTime>,
    /// There was no usable credential in between, if only for a moment, and why.
    pub(crate) removed: Option<Removed>,
    /// An attempt failed, and none has succeeded since. The same failure is told once.
    pub(crate) failing: Option<Arc<Failing>>,
    /// Attempts were failing and are not any more.
    pub(crate) recovered: bool,
}

/// The changes of one credential. It sees the newest state, and keeps no work alive.
pub(crate) struct Changes {
    clock: Clock,
    listener: Box<dyn Listen>,
    region: Option<String>,
}

impl Changes {
    pub(super) fn new(clock: Clock, listener: impl Listen + 'static) -> Self {
        Self { clock, listener: Box::new(listener), region: None }
    }

    pub(super) fn in_region(self, region: Option<String>) -> Self {
        Self { region, ..self }
    }

    /// Waits for the next change; the first call returns at once when there is anything to tell. `None` after the last.
    ///
    /// Cancel safe: what was not returned is part of the next change.
    pub(crate) async fn next(&mut self) -> Option<Change> {
        let mut change = self.listener.change().await?;
        change.at = self.clock.wall();
        if let Some(snapshot) = change.credential.take() {
            change.credential = Some(Snapshot { value: snapshot.value.in_region(&self.region), ..snapshot });
        }
        Some(change)
    }
}

/// A listener without its type.
pub(super) trait Listen: Send {
    /// The next change; its time is not filled in.
    fn change(&mut self) -> BoxFuture<'_, Option<Change>>;
}

/// A listener, and where the state is to be had that an event does not carry.
pub(super) struct Typed<C: Credential> {
    pub(super) listener: Listener<C>,
    pub(super) status: Box<dyn Fn() -> Option<Status> + Send + Sync>,
    /// Since when attempts failed, and how many, when that was told last. Events repeat it beside other news.
    pub(super) told: Option<(SystemTime, u32)>,
}

impl<C: Credential + Parts> Listen for Typed<C> {
    fn change(&mut self) -> BoxFuture<'_, Option<Change>> {
        Box::pin(async move {
            let event = self.listener.next().await?;
            let status = (self.status)();
            let run = event.failing.as_ref().map(|failing| (failing.since, failing.failures));
            let is_told = run == std::mem::replace(&mut self.told, run);
            Some(Change {
                at: SystemTime::UNIX_EPOCH,
                credential: event.credential.map(|issued| Snapshot::of(&*issued, status.as_ref())),
                updated: event.updated,
                renewed: event.renewed,
                previous_until: event.previous_until,
                removed: event.removed,
                failing: event.failing.filter(|_| !is_told),
                recovered: event.recovered,
            })
        })
    }
}

//! What is left when an attempt is over.

use std::fmt::Debug;
use std::time::Duration;

use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Failed, Judged, Trial, broken, does_not_apply};
use crate::transport::Fault;
use crate::world::{Scope, Trouble};

/// So long after the end of an attempt a request of it is waited for.
const AFTERWARDS: Duration = Duration::from_secs(600);

pub(super) fn deadline<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let facts = bench.facts()?;
    if facts.all_requests == 0 {
        return does_not_apply("it needs no network");
    }
    bench.trial(|trial| outlived(trial, None))??;
    bench.trial(|trial| outlived(trial, Some(Scope::All)))??;
    for number in 0..facts.own_requests.min(5) {
        bench.trial(move |trial| outlived(trial, Some(Scope::Request(number))))??;
    }
    Ok(format!("nothing was sent or open in the {} minutes after", AFTERWARDS.as_secs() / 60))
}

async fn outlived<P: Provider>(trial: Trial<P>, hangs: Option<Scope>) -> Result<(), Failed> {
    if hangs.is_some_and(|scope| scope != Scope::All) {
        trial.warm_up().await?;
    }
    if let Some(scope) = hangs {
        trial.world.wire().trouble(Trouble::Network(Fault::Hang), scope);
    }
    let tag = trial.issue(trial.short()).await.tag;
    let when = if hangs.is_some() { "at a host that hangs" } else { "that succeeded" };
    let wire = trial.world.wire().clone();
    let sent = wire.sent_by(tag).len();
    trial.wait(Duration::from_millis(1)).await;
    if wire.in_flight(tag) > 0 {
        return broken(format!("after the end of an attempt {when}, a request of it is still open"));
    }
    trial.wait(AFTERWARDS).await;
    match wire.sent_by(tag).len() - sent {
        0 => Ok(()),
        more => broken(format!("after the end of an attempt {when}, it sent {more} more requests")),
    }
}

pub(super) fn panic_contained<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    let facts = bench.facts()?;
    let mut tried = Vec::new();
    if facts.all_asks > 0 {
        bench.trial(|trial| survives(trial, Place::Source))??;
        tried.push("a source");
    }
    if facts.all_requests > 0 {
        bench.trial(|trial| survives(trial, Place::Transport))??;
        tried.push("the transport");
        if bench.life()?.revokes {
            bench.trial(|trial| survives(trial, Place::Revocation))??;
            tried.push("the transport of a revocation");
        }
    }
    if tried.is_empty() {
        return does_not_apply("it has neither sources of the world nor a network that could panic");
    }
    Ok(format!("{} panicked, and the next attempt worked", tried.join(", then ")))
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Source,
    Transport,
    Revocation,
}

async fn survives<P: Provider>(trial: Trial<P>, place: Place) -> Result<(), Failed> {
    let wire = trial.world.wire().clone();
    let what = match place {
        Place::Source => "its source",
        Place::Transport | Place::Revocation => "the transport",
    };
    match place {
        Place::Source => trial.world.inputs().panic(true),
        Place::Transport => wire.trouble(Trouble::Panic, Scope::All),
        Place::Revocation => {}
    }
    let (handle, _) = trial.keep();
    let first = handle.get().await;
    match place {
        Place::Source | Place::Transport if first.is_ok() => {
            return broken(format!("an attempt succeeded although {what} panicked"));
        }
        Place::Source | Place::Transport => {}
        Place::Revocation => {
            first.or_else(|error| broken::<std::sync::Arc<_>>(error.to_string()))?;
            wire.trouble(Trouble::Panic, Scope::All);
            if !handle.close(Duration::from_secs(120)).await.finished {
                return broken("a close never ends when its revocation panics");
            }
        }
    }
    trial.world.inputs().panic(false);
    wire.heal();
    let again = if matches!(place, Place::Revocation) { trial.keep().0 } else { handle };
    match again.ready(Duration::from_secs(600)).await {
        Ok(_) => Ok(()),
        Err(error) => broken(format!("after {what} has panicked once, it never works again: {error}")),
    }
}

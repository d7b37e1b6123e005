//! What parts of a program do with a handle, each in a task of its own.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokenex_core::{Error, ErrorKind, Handle, Issued, Listener, Result};
use tokio::{task, time};

use crate::{
    plan::{Caller, Does, Plan, Plant},
    target::Ticket,
};

/// What a round is like while callers are at work.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) plan: Arc<Plan>,
    pub(crate) shut_down: Arc<AtomicBool>,
}

impl Around {
    /// Errors are part of the story, except that everything is over although nobody ended it.
    fn excuse(&self, error: &Error) -> Result<(), String> {
        let ended = self.shut_down.load(Ordering::SeqCst);
        match error.kind() {
            ErrorKind::Shutdown if !ended => Err(format!("shut down out of nothing: {error}")),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn call(around: Around, caller: Caller, handle: Handle<Ticket>) -> Result<(), String> {
    let plan = &around.plan;
    if plan.plant == Some(Plant::Hang) {
        std::future::pending::<()>().await;
    }
    let until = Instant::now() + plan.span;
    match caller.does {
        Does::Reads => {
            let mut newest = 0;
            while Instant::now() < until {
                let begun = Instant::now();
                look(&around, begun, &mut newest, handle.get().await)?;
                task::yield_now().await;
            }
            Ok(())
        }
        Does::WaitsForTheFirst => {
            let begun = Instant::now();
            look(&around, begun, &mut 0, handle.ready(caller.moment).await)
        }
        Does::ReportsWhatItReads => {
            while Instant::now() < until {
                let read = handle.peek().map(|read| read.generation());
                if let Some(generation) = read
                    && let Err(error) = handle.rejected(generation).await
                {
                    around.excuse(&error)?;
                }
                time::sleep(caller.moment / 4).await;
            }
            Ok(())
        }
        Does::Listens => {
            let listener = handle.listen();
            drop(handle);
            time::timeout(plan.span, hear(listener)).await.unwrap_or(Ok(()))
        }
        Does::Closes => close(&around, &caller, &handle).await,
        Does::ComesAndGoes => {
            while Instant::now() < until {
                let (weak, clone) = (handle.downgrade(), handle.clone());
                drop(weak.upgrade());
                drop(clone);
                drop(handle.status());
                task::yield_now().await;
            }
            Ok(())
        }
        Does::GivesUp => {
            let longer = Duration::from_millis(100);
            let short = caller.moment / 8;
            drop(time::timeout(short, handle.get()).await);
            drop(time::timeout(short, handle.get_valid_for(longer)).await);
            Ok(())
        }
    }
}

/// What was read is good at its target, and not older than what was read before.
fn look(around: &Around, begun: Instant, newest: &mut u64, read: Result<Arc<Issued<Ticket>>>) -> Result<(), String> {
    let read = match read {
        Ok(read) => read,
        Err(error) => return around.excuse(&error),
    };
    let (truth, generation) = (&read.credential().0, read.generation());
    if truth.was_over_at(begun) {
        return Err(format!("credential {} (generation {generation}) was over when it was read", truth.number()));
    }
    if generation < *newest {
        return Err(format!("generation {generation} was read after generation {newest}"));
    }
    *newest = generation;
    Ok(())
}

/// Hears everything to the end.
pub(crate) async fn hear(mut listener: Listener<Ticket>) -> Result<(), String> {
    let mut newest = 0;
    while let Some(event) = listener.next().await {
        let generation = event.credential.as_ref().map_or(newest, |credential| credential.generation());
        if generation < newest {
            return Err(format!("a listener was told of generation {generation} after generation {newest}"));
        }
        newest = generation;
    }
    Ok(())
}

async fn close(around: &Around, caller: &Caller, handle: &Handle<Ticket>) -> Result<(), String> {
    time::sleep(caller.moment).await;
    // What others are made from ends after them, and they go on.
    let shared = around.plan.is_parent(caller.which);
    let patience = if shared { Duration::ZERO } else { around.plan.patience };
    let report = handle.close(patience).await;
    if !(report.finished || shared || around.shut_down.load(Ordering::SeqCst)) {
        return Err(format!("a close did not finish: {report}"));
    }
    if handle.peek().is_some() {
        return Err("a credential was read after the close".to_owned());
    }
    let get = pin!(handle.get());
    match time::timeout(around.plan.patience, get).await {
        Ok(Ok(_)) => Err("a credential was returned after the close".to_owned()),
        Ok(Err(_)) => Ok(()),
        Err(_) => Err("whoever asks after the close waits for ever".to_owned()),
    }
}

//! One round: the plan is lived, and then all of it must be over.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokenex_core::{BoxFuture, Handle, Policy, Result, Scheduler, Transport, WeakHandle};
use tokio::{
    runtime::{self, Runtime},
    task::{self, JoinSet},
    time,
};

use crate::{
    caller::{Around, call, hear},
    mint::Mint,
    plan::Plan,
    target::{Ledger, Ticket},
};

/// Lives the plan on the runtime's threads.
///
/// # Errors
///
/// What did not hold, in words.
pub async fn live(plan: Plan) -> Result<(), String> {
    let plan = Arc::new(plan);
    let ledger = Arc::new(Ledger::default());
    let own = plan.runtime_goes_after.map(|_| OwnRuntime::new()).transpose()?;
    let on = own.as_ref().map_or_else(runtime::Handle::current, OwnRuntime::handle);
    let scheduler = start(&plan, on);
    let mut handles = keep(&plan, &scheduler, &ledger).await;
    let weak: Vec<_> = handles.iter().map(Handle::downgrade).collect();
    let scheduler = (!plan.drops_scheduler).then_some(scheduler);

    let around = Around { plan: Arc::clone(&plan), shut_down: Arc::new(AtomicBool::new(false)) };
    let (mut tasks, mut at_work) = (JoinSet::new(), HashMap::new());
    for caller in plan.callers.iter().cloned() {
        let (handle, does) = (handles[caller.which].clone(), format!("{:?} {}", caller.does, caller.which));
        at_work.insert(tasks.spawn(call(around.clone(), caller, handle)).id(), does);
    }
    for (place, handle) in handles.iter().enumerate() {
        at_work.insert(tasks.spawn(hear(handle.listen())).id(), format!("hears all of {place}"));
    }
    if let Some(after) = plan.drops_handles_after {
        time::sleep(after).await;
        handles.clear();
    }
    if let (Some(scheduler), Some(after)) = (&scheduler, plan.shuts_down_after) {
        time::sleep(after).await;
        around.shut_down.store(true, Ordering::SeqCst);
        let report = scheduler.shutdown(plan.patience).await;
        if !report.left.is_empty() || report.interrupted {
            return Err(format!("the shutdown left something: {report}"));
        }
    }
    if let Some(after) = plan.runtime_goes_after {
        time::sleep(after).await;
        around.shut_down.store(true, Ordering::SeqCst);
        drop(own);
    }
    // Listeners end when the last handle is gone, and callers have theirs.
    drop(handles);
    drop(scheduler);
    let all = async {
        while let Some(ended) = tasks.join_next_with_id().await {
            let (id, outcome) = ended.map_err(|panic| panic.to_string())?;
            at_work.remove(&id);
            outcome?;
        }
        Ok::<(), String>(())
    };
    if let Ok(ended) = time::timeout(plan.patience, all).await {
        ended?;
    } else {
        let at_work: Vec<_> = at_work.values().map(String::as_str).collect();
        return Err(format!("waits for ever: {}\n{}", at_work.join(", "), stand(&plan, &weak)));
    }
    // Without a runtime nobody is left to revoke anything.
    if plan.runtime_goes_after.is_some() { Ok(()) } else { over(&plan, &ledger, &weak).await }
}

/// The credentials that somebody holds still, for whoever looks for the fault.
fn stand(plan: &Plan, weak: &[WeakHandle<Ticket>]) -> String {
    let lines = plan.credentials.iter().zip(weak).enumerate().map(|(place, (planned, weak))| {
        let status = weak.upgrade().map(|handle| handle.status());
        format!("    {place}, made from {:?}: {status:?}", planned.parent)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whatever must come to its end does, and nothing has happened that must not.
async fn over(plan: &Plan, ledger: &Ledger, weak: &[WeakHandle<Ticket>]) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let alive = weak.iter().filter(|handle| handle.upgrade().is_some()).count();
        // What ends by itself in the meantime need not be revoked.
        let left = if plan.long_lives { ledger.not_revoked() } else { Vec::new() };
        if alive == 0 && left.is_empty() {
            break;
        }
        if begun.elapsed() > plan.patience {
            return Err(format!("{alive} handles live on without a holder; never revoked: {left:?}"));
        }
        time::sleep(Duration::from_millis(1)).await;
    }
    let twice = ledger.revoked_twice();
    if !twice.is_empty() {
        return Err(format!("revoked twice: {twice:?}"));
    }
    let (most, allowed) = (ledger.most_under_way(), plan.most_in_flight());
    if most > allowed {
        return Err(format!("{most} attempts at once, where {allowed} are allowed"));
    }
    Ok(())
}

/// A runtime that may be dropped from within another.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> Result<Self, String> {
        let built = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        built.map(|runtime| Self(Some(runtime))).map_err(|error| format!("no runtime: {error}"))
    }

    fn handle(&self) -> runtime::Handle {
        self.0.as_ref().map_or_else(runtime::Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn start(plan: &Plan, on: runtime::Handle) -> Scheduler {
    let short = Duration::from_millis(10);
    // No limit of the engine's own comes to the rescue of whoever hangs.
    let longer = plan.patience * 10;
    let policy = Policy::default()
        .with_min_spacing(short)
        .with_backoff_base(short)
        .with_rejection_spacing(short / 2)
        .with_grace(plan.grace)
        .with_revoke_deadline(longer)
        .with_attempt_deadline(longer)
        .with_queue_bound(longer);
    Scheduler::builder(on)
        .transport(Nowhere)
        .seed(plan.seed)
        .policy(policy)
        .max_in_flight(plan.max_in_flight)
        .max_per_target(plan.max_per_target)
        .start()
}

async fn keep(plan: &Plan, scheduler: &Scheduler, ledger: &Arc<Ledger>) -> Vec<Handle<Ticket>> {
    let mut handles: Vec<Handle<Ticket>> = Vec::new();
    for planned in &plan.credentials {
        let parent = planned.parent.map(|parent| handles[parent].clone());
        handles.push(scheduler.keep(Mint::new(plan, planned, parent, ledger)));
        if planned.pause {
            task::yield_now().await;
        }
    }
    handles
}

/// The mint is in this process: nothing is sent.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _request: http::Request<Bytes>, _limit: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async { unreachable!("nobody sends anything here") })
    }
}

//! One scheduler task, and an `arc_swap` cell for each credential.
//!
//! It takes credentials while it runs, each with a source of its own behind one boxed trait: without that it would keep one kind
//! of credential, known beforehand, and do less than is asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::{Fleet, lead};
use crate::in_process::{Source, Token};

/// The floor of a scheduler.
pub struct OneTask {
    cells: Vec<Arc<Cell>>,
    _sender: mpsc::UnboundedSender<Kept>,
}

type Cell = ArcSwapOption<Snapshot>;
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Snapshot {
    token: Token,
    expires_at: Instant,
}

/// What a provider is, at the very least.
trait Issue: Send + Sync {
    fn issue(&self, first: bool) -> BoxFuture<'_, (Token, Duration)>;
}

impl Issue for Arc<Source> {
    fn issue(&self, first: bool) -> BoxFuture<'_, (Token, Duration)> {
        Box::pin(async move { Source::issue(self, first) })
    }
}

/// One credential, as the task sees it.
struct Kept {
    provider: Box<dyn Issue>,
    cell: Weak<Cell>,
}

impl Fleet for OneTask {
    const NAME: &'static str = "floor: one task, `arc_swap` cells";

    fn start(source: Arc<Source>, n: usize) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(keep_fresh(receiver));
        let keep = |_| {
            let cell = Arc::new(Cell::empty());
            // The task lives as long as the sender.
            let _ = sender.send(Kept { provider: Box::new(source.clone()), cell: Arc::downgrade(&cell) });
            cell
        };
        Self { cells: (0..n).map(keep).collect(), _sender: sender }
    }

    fn usable(&self, index: usize) -> bool {
        let snapshot = self.cells[index].load();
        snapshot.as_ref().is_some_and(|snapshot| Instant::now() < snapshot.expires_at && snapshot.token.length() > 0)
    }
}

/// So many at a time, then others have their turn.
const TURN: usize = 128;

/// Until the fleet is gone.
async fn keep_fresh(mut receiver: mpsc::UnboundedReceiver<Kept>) {
    let mut all: Vec<Kept> = Vec::new();
    let mut due = BinaryHeap::new();
    loop {
        let next = due.peek().map(|Reverse((at, _))| *at);
        tokio::select! {
            kept = receiver.recv() => {
                let Some(kept) = kept else { return };
                if let Some(at) = issue(&kept, true).await {
                    due.push(Reverse((at, all.len() as u32)));
                    all.push(kept);
                }
            }
            () = sleep_until(next) => {
                for _ in 0..TURN {
                    let Some(&Reverse((at, index))) = due.peek() else { break };
                    if at > Instant::now() {
                        break;
                    }
                    let again = issue(&all[index as usize], false).await;
                    if let (Some(mut next), Some(again)) = (due.peek_mut(), again) {
                        next.0.0 = again;
                    }
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Returns when the next one is due; nothing when nobody reads it any more.
async fn issue(kept: &Kept, first: bool) -> Option<Instant> {
    let cell = kept.cell.upgrade()?;
    let (token, lifetime) = kept.provider.issue(first).await;
    let expires_at = Instant::now() + lifetime;
    cell.store(Some(Arc::new(Snapshot { token, expires_at })));
    expires_at.checked_sub(lead(lifetime))
}

//! One scheduler task, and an `arc_swap` cell for each credential.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::time::{Duration, Instant};

use super::{Fleet, lead};
use crate::in_process::{Source, Token};

/// The floor of a scheduler.
pub struct OneTask(Arc<[Cell]>);

type Cell = ArcSwapOption<Snapshot>;

struct Snapshot {
    token: Token,
    expires_at: Instant,
}

impl Fleet for OneTask {
    const NAME: &'static str = "floor: one task, `arc_swap` cells";

    fn start(source: Arc<Source>, n: usize) -> Self {
        let cells: Arc<[Cell]> = (0..n).map(|_| Cell::empty()).collect();
        tokio::spawn(keep_fresh(source, Arc::downgrade(&cells)));
        Self(cells)
    }

    fn usable(&self, index: usize) -> bool {
        let cell = self.0[index].load();
        cell.as_ref().is_some_and(|snapshot| Instant::now() < snapshot.expires_at && snapshot.token.length() > 0)
    }
}

/// Until the last reader is gone.
async fn keep_fresh(source: Arc<Source>, cells: std::sync::Weak<[Cell]>) {
    let mut due = BinaryHeap::new();
    if let Some(cells) = cells.upgrade() {
        due.reserve_exact(cells.len());
        for index in 0..cells.len() {
            due.push(Reverse((issue(&source, &cells[index], true), index as u32)));
        }
    }
    // So many at a time, then others have their turn.
    const TURN: usize = 128;
    while let Some(&Reverse((at, _))) = due.peek() {
        tokio::time::sleep_until(at).await;
        let Some(cells) = cells.upgrade() else { return };
        for _ in 0..TURN {
            match due.peek_mut() {
                Some(mut next) if next.0.0 <= Instant::now() => {
                    next.0.0 = issue(&source, &cells[next.0.1 as usize], false);
                }
                _ => break,
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Returns when the next one is due.
fn issue(source: &Source, cell: &Cell, first: bool) -> Instant {
    let (token, lifetime) = source.issue(first);
    let expires_at = Instant::now() + lifetime;
    cell.store(Some(Arc::new(Snapshot { token, expires_at })));
    expires_at.checked_sub(lead(lifetime)).unwrap_or_else(|| Instant::now() + Duration::from_millis(1))
}

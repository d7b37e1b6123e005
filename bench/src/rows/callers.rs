//! A thousand callers at once.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::subjects::Held;

/// So many at once.
pub(super) const CALLERS: usize = 1000;

/// What became of them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sweep {
    /// The longest that one of them took.
    pub(super) slowest: Duration,
    /// How many did not get their credential at the first poll. Other than the time taken, a busy machine does not raise
    /// this.
    pub(super) waited: usize,
    /// How many got an error.
    pub(super) failed: usize,
}

impl Sweep {
    /// Adds another one.
    pub(super) fn add(&mut self, other: Self) {
        self.slowest = self.slowest.max(other.slowest);
        self.waited += other.waited;
        self.failed += other.failed;
    }
}

/// All of them want the credential now, each in a task of its own.
pub(super) async fn sweep<H: Held>(held: &Arc<H>) -> Sweep {
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let held = held.clone();
            tokio::spawn(async move {
                let begin = Instant::now();
                let mut polls = 0;
                let outcome = Counted { inner: pin!(held.read()), polls: &mut polls }.await;
                (begin.elapsed(), polls, outcome)
            })
        })
        .collect();
    let mut sweep = Sweep::default();
    for caller in callers {
        let (took, polls, outcome) = caller.await.expect("no panic");
        sweep.add(Sweep { slowest: took, waited: usize::from(polls > 1), failed: usize::from(outcome.is_err()) });
    }
    sweep
}

/// A future whose polls are counted.
struct Counted<'a, F> {
    inner: Pin<&'a mut F>,
    polls: &'a mut usize,
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        *self.polls += 1;
        self.inner.as_mut().poll(cx)
    }
}

//! Polling an attempt by hand, as the engine does, and watching what it does.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokenex_core::{Clock, Result};

/// How an attempt ended.
pub(super) enum Ended<T> {
    Done(Result<T>),
    /// With this text.
    Panicked(String),
    /// The suite dropped it, as it was to.
    Dropped,
    /// It was dropped at its deadline.
    OutOfTime,
}

/// How it ended, and what was seen on the way.
pub(super) struct Tried<T> {
    pub(super) ended: Ended<T>,
    /// How often it was pending.
    pub(super) pendings: usize,
    /// How long the longest poll held the thread, in real time.
    pub(super) longest_poll: Duration,
}

/// Polls `attempt` until it ends, until `deadline` on the monotonic clock, or until it was pending so often.
pub(super) async fn drive<T>(
    attempt: Pin<Box<dyn Future<Output = Result<T>> + Send + '_>>,
    clock: &Clock,
    deadline: Duration,
    drop_after: Option<usize>,
) -> Tried<T> {
    // Taken out before it is dropped, so that what is seen afterwards is seen without it.
    let mut attempt = Some(attempt);
    let mut too_late = pin!(clock.sleep_until(deadline));
    let (mut pendings, mut longest_poll) = (0, Duration::ZERO);
    let ended = poll_fn(|cx| {
        let Some(running) = &mut attempt else { return Poll::Ready(Ended::Dropped) };
        let begun = Instant::now();
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx)));
        longest_poll = longest_poll.max(begun.elapsed());
        match polled {
            Ok(Poll::Ready(result)) => return Poll::Ready(Ended::Done(result)),
            Err(panic) => return Poll::Ready(Ended::Panicked(text_of(&*panic))),
            Ok(Poll::Pending) => pendings += 1,
        }
        if Some(pendings) == drop_after {
            return Poll::Ready(Ended::Dropped);
        }
        too_late.as_mut().poll(cx).map(|()| Ended::OutOfTime)
    })
    .await;
    drop(attempt.take());
    Tried { ended, pendings, longest_poll }
}

/// The text of a panic.
pub(super) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

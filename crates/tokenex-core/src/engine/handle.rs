//! What a program holds.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::Guard;
use tokio::sync::oneshot;

use super::cell::{Cell, Ended, Pending, Stand, closed_error, shutdown_error};
use super::kept::Kept;
use super::listener::Listener;
use super::mailbox::{Force, Forced, Message};
use super::report::{CloseReport, Left, LeftBecause};
use super::status::Status;
use crate::{Attempt, BoxFuture, Credential, Error, ErrorKind, Issued, Result};

/// One credential, kept fresh: read it now, wait for it, listen to it, report it rejected, close it.
///
/// Cheap to clone; all clones are one credential. When the last clone is dropped the work stops and the credential is
/// revoked, as with [`close`](Self::close) but without a report.
pub struct Handle<C: Credential> {
    pub(super) cell: Arc<Cell<C>>,
}

/// What came of reporting a credential as rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// There is another credential now.
    Replaced {
        /// Its generation.
        generation: u64,
    },
    /// The target handed over the same credential again: it keeps its own copy.
    Same,
    /// It was reported a moment ago, and replaced or not then; reports are rate-limited.
    TooSoon {
        /// When a report is taken again.
        retry_in: Duration,
    },
}

/// A borrowed look at the current credential. Do not keep it across an `await`: it holds the snapshot alive.
pub struct Peek<'a, C: Credential> {
    guard: Guard<Option<Arc<Issued<C>>>>,
    _handle: &'a Handle<C>,
}

impl<C: Credential> Handle<C> {
    pub(crate) fn new(cell: Arc<Cell<C>>) -> Self {
        Self { cell }
    }

    /// The current credential if it is usable, without waiting: one atomic load and one look at the clock, no lock, no
    /// allocation.
    #[inline]
    pub fn peek(&self) -> Option<Peek<'_, C>> {
        Some(Peek { guard: self.cell.usable()?, _handle: self })
    }

    /// The current credential if it is usable, else what the attempt in flight brings. It never returns an expired
    /// credential and never starts a second attempt.
    ///
    /// Cancel safe: dropping the future changes nothing for others.
    ///
    /// # Errors
    /// When nothing is usable and no attempt is in flight, the last failure at once; it says when the next attempt is
    /// ([`Error::next_attempt_in`]). [`ErrorKind::Closed`] and [`ErrorKind::Shutdown`] when there will be no more.
    #[inline]
    pub fn get(&self) -> impl Future<Output = Result<Arc<Issued<C>>>> + Send {
        Get { handle: self, wait: None }
    }

    /// Waits across failures for a usable credential: how a program starts.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// After `within`: the last error, with the first one as its source. At once when closed or shut down.
    pub async fn ready(&self, within: Duration) -> Result<Arc<Issued<C>>> {
        let cell = &*self.cell;
        let deadline = cell.clock.monotonic().saturating_add(within);
        let (mut first, mut asked) = (None, false);
        loop {
            let mut changed = pin!(cell.changed.notified());
            changed.as_mut().enable();
            if let Some(issued) = cell.usable_arc() {
                return Ok(issued);
            }
            let last = match self.why_not() {
                Why::Ended(error) => return Err(error),
                Why::Waiting => None,
                Why::Failed(error) => Some(error),
            };
            if let Some(last) = &last {
                first.get_or_insert_with(|| last.clone());
            }
            if cell.clock.monotonic() >= deadline {
                return Err(not_ready(within, first, last));
            }
            if !asked {
                asked = true;
                if !(cell.ask(false) && cell.mailbox.post(Message::Alarm { id: cell.id, at: deadline })) {
                    return Err(shutdown_error());
                }
            }
            changed.await;
        }
    }

    /// A credential that stays valid for at least `duration`. Where the target never gives that much, it is refreshed
    /// once for each generation.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// Those of [`get`](Self::get); [`ErrorKind::Configuration`] when the target does not give that much, naming the
    /// longest seen.
    pub async fn get_valid_for(&self, duration: Duration) -> Result<Arc<Issued<C>>> {
        let long_enough = |issued: &Issued<C>| {
            issued
                .expires_at()
                .is_none_or(|at| at.duration_since(self.cell.clock.wall()).is_ok_and(|left| left >= duration))
        };
        let held = self.get().await?;
        if long_enough(&held) {
            return Ok(held);
        }
        match self.force(Force { generation: held.generation(), spaced: false, needed: false }).await? {
            Forced::Failed(error) => return Err(error),
            Forced::Replaced { .. } | Forced::Same | Forced::TooSoon { .. } => {}
        }
        let held = self.get().await?;
        if long_enough(&held) {
            return Ok(held);
        }
        let longest = self.cell.stand().longest;
        Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "the target does not give a credential that stays valid for {} s; the longest it gave was {} s",
                duration.as_secs(),
                longest.as_secs()
            ),
        )
        .with_code("lifetime_too_short")
        .with_advice("ask for less, or raise the lifetime at the target"))
    }

    /// Reports that the target refused the credential of this generation. Forces one refresh, however many report, and
    /// waits for it. The credential in hand stays readable until then: nothing but its provider takes it away.
    ///
    /// Cancel safe: the refresh goes on.
    ///
    /// # Errors
    /// When the refresh failed.
    pub async fn rejected(&self, generation: u64) -> Result<Rejection> {
        self.force(Force { generation, spaced: true, needed: false }).await?.into_rejection()
    }

    /// As [`rejected`](Self::rejected), from inside an attempt of another credential. The refresh needs no place of its
    /// own, since the caller's attempt has one.
    ///
    /// # Errors
    /// When the refresh failed, or would wait for the caller itself.
    pub async fn rejected_in(&self, cx: &Attempt, generation: u64) -> Result<Rejection> {
        let _guard = self.waits(cx)?;
        self.force(Force { generation, spaced: true, needed: true }).await?.into_rejection()
    }

    /// Listens to changes. The listener does not keep the work alive.
    pub fn listen(&self) -> Listener<C> {
        Listener::new(self.cell.clone())
    }

    /// How things stand.
    pub fn status(&self) -> Status {
        self.cell.status()
    }

    /// The name given with [`Keep::name`](crate::Keep::name), else `provider-number`.
    pub fn name(&self) -> &str {
        self.cell.name()
    }

    /// Ends this credential for all clones: nothing is published any more, a running attempt is awaited and what it
    /// brings is revoked, then the credential itself. What others are bound to is revoked when they are gone.
    ///
    /// When it returns there is nothing to read any more, also if `within` was too short for the rest, which goes on.
    ///
    /// Cancel safe: closing goes on.
    pub async fn close(&self, within: Duration) -> CloseReport {
        let cell = &*self.cell;
        let deadline = cell.clock.monotonic().saturating_add(within);
        let until = cell.usable_arc().map(|issued| issued.expires_at());
        let out_of_time = |until: Option<_>| CloseReport {
            name: self.name().to_owned(),
            accepted: 0,
            left: until.map(|until| Left::new(self.name(), until, cell.clock.wall(), LeftBecause::OutOfTime)),
            finished: false,
        };
        cell.mailbox.post(Message::Close { id: cell.id });
        cell.mailbox.post(Message::Alarm { id: cell.id, at: deadline });
        loop {
            let mut changed = pin!(cell.changed.notified());
            changed.as_mut().enable();
            match cell.stand().ended {
                Some(Ended::Closed(report)) => return *report,
                Some(Ended::Shutdown) => return out_of_time(until),
                Some(Ended::Closing) if cell.clock.monotonic() >= deadline => return out_of_time(until),
                // Until the driver has heard of it the credential can be read, and that is never long.
                Some(Ended::Closing) | None => {}
            }
            changed.await;
        }
    }

    /// A reference that does not keep the work alive.
    pub fn downgrade(&self) -> WeakHandle<C> {
        WeakHandle { cell: self.cell.clone() }
    }

    /// Waits for what the attempt in flight brings. `needed`: a running attempt waits for it.
    pub(super) async fn wait(&self, needed: bool) -> Result<Arc<Issued<C>>> {
        let cell = &*self.cell;
        let mut asked = None;
        loop {
            let mut changed = pin!(cell.changed.notified());
            changed.as_mut().enable();
            if let Some(issued) = cell.usable_arc() {
                return Ok(issued);
            }
            let stand = cell.stand();
            // Asked again when something came and was of no use, or a failure was overslept: the driver takes either for what
            // was asked for.
            let failures = stand.failing.as_ref().map(|failing| failing.failures);
            let seen = (stand.generation, stand.same, stand.renewals, stand.removals, failures);
            match self.why_not_as(stand) {
                Why::Ended(error) | Why::Failed(error) => return Err(error),
                Why::Waiting => {}
            }
            if asked.replace(seen) != Some(seen) && !cell.ask(needed) {
                return Err(shutdown_error());
            }
            changed.await;
        }
    }

    /// Why nothing is usable.
    fn why_not(&self) -> Why {
        self.why_not_as(self.cell.stand())
    }

    fn why_not_as(&self, stand: Stand) -> Why {
        match (stand.ended, stand.pending) {
            (Some(Ended::Shutdown), _) => Why::Ended(shutdown_error()),
            (Some(_), _) => Why::Ended(closed_error()),
            (None, Pending::Yes) => Why::Waiting,
            (None, Pending::Overdue) => Why::Failed(
                Error::new(ErrorKind::Throttled, "all places for attempts at this target are taken").with_advice(
                    "the target answers slowly or not at all; a higher max_per_target helps if it is only slow",
                ),
            ),
            (None, Pending::No) => match (stand.absent, stand.failing) {
                (Some(error), _) => Why::Failed(self.with_next(error, stand.next_attempt_at)),
                (None, Some(failing)) => Why::Failed(self.with_next(failing.last.clone(), failing.next_attempt_at)),
                (None, None) => Why::Waiting,
            },
        }
    }

    fn with_next(&self, error: Error, at: Option<std::time::SystemTime>) -> Error {
        match at {
            Some(at) => error.with_next_attempt_in(at.duration_since(self.cell.clock.wall()).unwrap_or_default()),
            None => error,
        }
    }

    async fn force(&self, force: Force) -> Result<Forced> {
        let (reply, answer) = oneshot::channel();
        if !self.cell.mailbox.post(Message::Force { id: self.cell.id, force, reply }) {
            return Err(shutdown_error());
        }
        match answer.await {
            Ok(forced) => Ok(forced),
            Err(_) => Err(match self.why_not() {
                Why::Ended(error) => error,
                Why::Failed(_) | Why::Waiting => shutdown_error(),
            }),
        }
    }
}

impl Forced {
    fn into_rejection(self) -> Result<Rejection> {
        match self {
            Self::Replaced { generation } => Ok(Rejection::Replaced { generation }),
            Self::Same => Ok(Rejection::Same),
            Self::TooSoon { retry_in } => Ok(Rejection::TooSoon { retry_in }),
            Self::Failed(error) => Err(error),
        }
    }
}

/// Why nothing is usable.
enum Why {
    /// An attempt is under way, or will be as soon as the driver hears of us.
    Waiting,
    Failed(Error),
    Ended(Error),
}

fn not_ready(within: Duration, first: Option<Error>, last: Option<Error>) -> Error {
    let seconds = within.as_secs_f64();
    match last.or_else(|| first.clone()) {
        Some(last) => {
            let error = Error::new(last.kind(), format!("not ready within {seconds:.1} s; the last error: {last}"))
                .with_retry(last.retry());
            match first {
                Some(first) => error.with_source(first),
                None => error,
            }
        }
        None => {
            Error::new(ErrorKind::Timeout, format!("not ready within {seconds:.1} s: the first attempt still runs"))
        }
    }
}

impl<C: Credential> Clone for Handle<C> {
    fn clone(&self) -> Self {
        self.cell.handles.fetch_add(1, Ordering::Relaxed);
        Self { cell: self.cell.clone() }
    }
}

impl<C: Credential> Drop for Handle<C> {
    fn drop(&mut self) {
        if self.cell.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.cell.mailbox.post(Message::Close { id: self.cell.id });
        }
    }
}

impl<C: Credential> fmt::Debug for Handle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// A reference to a handle that does not keep the work alive.
pub struct WeakHandle<C: Credential> {
    pub(super) cell: Arc<Cell<C>>,
}

impl<C: Credential> WeakHandle<C> {
    /// The handle, if another one still keeps the work alive and nobody has closed it.
    pub fn upgrade(&self) -> Option<Handle<C>> {
        if self.cell.stand().ended.is_some() {
            return None;
        }
        let mut count = self.cell.handles.load(Ordering::Relaxed);
        while count != 0 {
            match self.cell.handles.compare_exchange_weak(count, count + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Handle { cell: self.cell.clone() }),
                Err(now) => count = now,
            }
        }
        None
    }
}

impl<C: Credential> Clone for WeakHandle<C> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone() }
    }
}

impl<C: Credential> fmt::Debug for WeakHandle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakHandle")
    }
}

/// By hand: the state machine of an `async fn` costs whoever reads a valid credential half as much again (bench `read`).
struct Get<'a, C: Credential> {
    handle: &'a Handle<C>,
    wait: Option<BoxFuture<'a, Result<Arc<Issued<C>>>>>,
}

impl<C: Credential> Future for Get<'_, C> {
    type Output = Result<Arc<Issued<C>>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.wait.is_none()
            && let Some(issued) = self.handle.cell.usable_arc()
        {
            return Poll::Ready(Ok(issued));
        }
        self.poll_wait(cx)
    }
}

impl<C: Credential> Get<'_, C> {
    /// Not beside the look at what is there, to whose readers it would only be in the way.
    #[cold]
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arc<Issued<C>>>> {
        let handle = self.handle;
        self.wait.get_or_insert_with(|| Box::pin(handle.wait(false))).as_mut().poll(cx)
    }
}

impl<C: Credential> Deref for Peek<'_, C> {
    type Target = Issued<C>;

    fn deref(&self) -> &Issued<C> {
        match &*self.guard {
            Some(issued) => issued,
            None => unreachable!("a Peek is made of a snapshot that is there"),
        }
    }
}

impl<C: Credential> fmt::Debug for Peek<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

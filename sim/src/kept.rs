//! One credential that is kept, as its readers, listeners and callers see it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokenex_core::{
    BoxFuture, Clock, Credential, Event, Handle, Issued, Listener, Policy, Provider, Removed, Scheduler, WeakHandle,
};

use crate::heap::outside;
use crate::ledger::{Ledger, Terms, Told};
use crate::outcome::Plant;
use crate::truth::Time;
use crate::watched::{Own, Watched};

/// Whether the target takes a credential, by its own clock. It is asked about a time that is a little past.
pub(crate) type Truth<C> = Arc<dyn Fn(&Issued<C>) -> bool + Send + Sync>;

/// An attempt, and the wait for its place.
const LONGEST_GET: Duration = Duration::from_millis(60_100);

/// Who keeps, and who watches.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub(crate) scheduler: Scheduler,
    pub(crate) ledger: Ledger,
    pub(crate) time: Time,
    pub(crate) plant: Option<Plant>,
}

impl Keeper {
    /// Keeps what this provider makes, and has it listened to by one who keeps up and by one who dawdles.
    pub(crate) fn keep<P: Provider>(
        &self,
        terms: Terms,
        provider: P,
        pace: fastrand::Rng,
        truth: impl Fn(&Issued<P::Credential>) -> bool + Send + Sync + 'static,
    ) -> Kept<P::Credential> {
        let member = self.ledger.enrol(&terms, &provider.policy(&Policy::default()));
        let own = Own::default();
        let provider = Watched { provider, member, ledger: self.ledger.clone(), own: own.clone(), plant: self.plant };
        let handle = self.scheduler.keep(tokenex_core::Keep::new(provider).name(terms.name));
        // Nobody else sets it.
        let _ = own.set(handle.downgrade());
        self.watch(member, handle, terms.tolerance, pace, truth)
    }

    /// Watches what somebody else keeps, by this policy. Its attempts are not seen.
    pub(crate) fn watch_other<C: Credential>(
        &self,
        terms: &Terms,
        policy: &Policy,
        handle: Handle<C>,
        pace: fastrand::Rng,
        truth: impl Fn(&Issued<C>) -> bool + Send + Sync + 'static,
    ) -> Kept<C> {
        self.watch(self.ledger.enrol(terms, policy), handle, terms.tolerance, pace, truth)
    }

    fn watch<C: Credential>(
        &self,
        member: usize,
        handle: Handle<C>,
        tolerance: Duration,
        pace: fastrand::Rng,
        truth: impl Fn(&Issued<C>) -> bool + Send + Sync + 'static,
    ) -> Kept<C> {
        let seen =
            Seen { member, ledger: self.ledger.clone(), time: self.time.clone(), tolerance, truth: Arc::new(truth) };
        tokio::spawn(keep_up(seen.clone(), handle.downgrade(), handle.listen()));
        tokio::spawn(dawdle(seen.clone(), handle.listen(), pace));
        Kept { handle, seen }
    }
}

/// A credential with all who know it.
pub(crate) struct Kept<C: Credential> {
    handle: Handle<C>,
    seen: Seen<C>,
}

struct Seen<C> {
    member: usize,
    ledger: Ledger,
    time: Time,
    tolerance: Duration,
    truth: Truth<C>,
}

impl<C> Clone for Seen<C> {
    fn clone(&self) -> Self {
        Self {
            member: self.member,
            ledger: self.ledger.clone(),
            time: self.time.clone(),
            tolerance: self.tolerance,
            truth: self.truth.clone(),
        }
    }
}

impl<C: Credential> Seen<C> {
    /// Somebody has this in hand now.
    fn read(&self, issued: &Issued<C>) {
        let alive = outside(|| self.time.a_while_ago(self.tolerance, || (self.truth)(issued)));
        let over = issued.expires_at().is_some_and(|at| at < self.time.clock().wall());
        self.ledger.with(|ledger| ledger.read(self.member, !alive, over));
    }

    fn told(&self, event: &Event<C>) -> Told {
        let wall = self.time.clock().wall();
        let now = self.ledger.with(|ledger| ledger.moment());
        let left = |issued: &Arc<Issued<C>>| issued.expires_at()?.duration_since(wall).ok();
        Told {
            generation: event.credential.as_ref().map(|issued| issued.generation()),
            ends: event.credential.as_ref().and_then(left).map(|left| now + left),
            updated: event.updated,
            renewed: event.renewed,
            failing: event.failing.is_some(),
            removed: event.removed,
        }
    }
}

/// What a caller does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Get,
    Ready(Duration),
    ValidFor(Duration),
    Reject,
}

/// How a handle ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Close(Duration),
    CloseAndLeave,
    Drop,
}

/// Any [`Kept`].
pub(crate) trait AnyKept {
    fn member(&self) -> usize;
    /// One read; true when there was something.
    fn read(&self) -> bool;
    /// The listener that keeps up has seen what is to be seen now.
    fn compare(&self);
    /// A caller of its own, dropped after so many polls.
    fn call(&self, call: Call, polls: u32);
    fn end(self: Box<Self>, end: End);
}

impl<C: Credential> Kept<C> {
    pub(crate) fn handle(&self) -> Handle<C> {
        self.handle.clone()
    }
}

impl<C: Credential> AnyKept for Kept<C> {
    fn member(&self) -> usize {
        self.seen.member
    }

    fn read(&self) -> bool {
        let peek = self.handle.peek();
        if let Some(issued) = &peek {
            self.seen.read(issued);
        }
        peek.is_some()
    }

    fn compare(&self) {
        let generation = self.handle.peek().map(|issued| issued.generation());
        let failing = self.handle.status().failing.is_some();
        let member = self.seen.member;
        self.seen.ledger.with(|ledger| {
            let (seen, seen_failing) = (ledger.members[member].seen_generation, ledger.members[member].seen_failing);
            if let Some(generation) = generation.filter(|generation| *generation != seen) {
                ledger.violate(member, || format!("its listener has seen generation {seen}, readers {generation}"));
            }
            if failing != seen_failing {
                ledger.violate(member, || format!("failing: {failing}, and its listener was told {seen_failing}"));
            }
        });
    }

    fn call(&self, call: Call, polls: u32) {
        let (handle, seen) = (self.handle.clone(), self.seen.clone());
        seen.ledger.with(|ledger| ledger.tally.calls += 1);
        tokio::spawn(async move {
            let clock = seen.time.clock();
            let (asked, stalled) = (clock.monotonic(), seen.ledger.with(|ledger| ledger.stalled));
            let work: BoxFuture<'_, Option<Arc<Issued<C>>>> = match call {
                Call::Get => Box::pin(async { handle.get().await.ok() }),
                Call::Ready(within) => Box::pin(async move { handle.ready(within).await.ok() }),
                Call::ValidFor(duration) => Box::pin(async move { handle.get_valid_for(duration).await.ok() }),
                Call::Reject => Box::pin(async {
                    let generation = handle.peek().map(|issued| issued.generation())?;
                    let _outcome = handle.rejected(generation).await;
                    None
                }),
            };
            let got = Abandoned { work, polls_left: polls }.await;
            let stood_still = seen.ledger.with(|ledger| ledger.stalled) - stalled;
            let took = (clock.monotonic() - asked).saturating_sub(stood_still);
            match got {
                None => seen.ledger.with(|ledger| ledger.tally.cancelled += 1),
                Some(Some(issued)) => seen.read(&issued),
                Some(None) => {}
            }
            let bound = match call {
                Call::Get => LONGEST_GET,
                Call::Ready(within) => within + Duration::from_millis(100),
                // They ask twice.
                Call::ValidFor(_) | Call::Reject => LONGEST_GET * 2,
            };
            if took > bound {
                seen.ledger.with(|ledger| ledger.violate(seen.member, || format!("{call:?} took {took:?}")));
            }
        });
    }

    fn end(self: Box<Self>, end: End) {
        let (handle, seen) = (self.handle, self.seen);
        seen.ledger.with(|ledger| ledger.tally.closed += 1);
        let mark = |seen: &Seen<C>| seen.ledger.with(|ledger| ledger.members[seen.member].closed = true);
        match end {
            End::Drop => drop(handle),
            End::Close(_) | End::CloseAndLeave => {
                tokio::spawn(async move {
                    let within = if let End::Close(within) = end { within } else { Duration::from_secs(60) };
                    let polls = if let End::Close(_) = end { u32::MAX } else { 1 };
                    {
                        let closing = Box::pin(async { drop(handle.close(within).await) });
                        Abandoned { work: closing, polls_left: polls }.await;
                    }
                    // The engine has read its mail by now.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    mark(&seen);
                    if handle.peek().is_some() {
                        seen.ledger.with(|ledger| ledger.violate(seen.member, || "readable after the close".into()));
                    }
                });
            }
        }
    }
}

/// Sees each event as it comes, and reads at the last moment of each credential.
async fn keep_up<C: Credential>(seen: Seen<C>, handle: WeakHandle<C>, mut listener: Listener<C>) {
    let (member, clock) = (seen.member, seen.time.clock());
    seen.ledger.with(|ledger| ledger.members[member].listeners += 1);
    let mut looked_at = None;
    loop {
        let last_moment = last_moment(&handle, &clock).filter(|at| looked_at.is_none_or(|seen| seen < *at));
        let event = tokio::select! {
            biased;
            event = listener.next() => event,
            () = clock.sleep_until(last_moment.unwrap_or_default()), if last_moment.is_some() => {
                looked_at = last_moment;
                if let Some(handle) = handle.upgrade()
                    && let Some(issued) = handle.peek()
                {
                    seen.read(&issued);
                }
                continue;
            }
        };
        let Some(event) = event else { break };
        let told = seen.told(&event);
        seen.ledger.with(|ledger| {
            if told.removed == Some(Removed::Expired) {
                ledger.gap(member);
            }
            if told.removed == Some(Removed::Withdrawn) {
                ledger.violate(member, || "withdrawn, and nobody has withdrawn anything".to_owned());
            }
            ledger.told(member, &told);
        });
        if event.closed && event.credential.is_some() {
            seen.ledger.with(|ledger| ledger.violate(member, || "the last event has a credential".to_owned()));
        }
    }
    seen.ledger.with(|ledger| ledger.members[member].listeners -= 1);
}

/// On the machine's monotonic clock, just before what is in hand ends.
fn last_moment<C: Credential>(handle: &WeakHandle<C>, clock: &Clock) -> Option<Duration> {
    let handle = handle.upgrade()?;
    let ends = handle.peek()?.expires_at()?;
    let left = ends.duration_since(clock.wall()).ok()?;
    Some(clock.monotonic() + left.checked_sub(Duration::from_millis(2))?)
}

/// The slowest listener looks at least so often.
const LONGEST_NAP: Duration = Duration::from_secs(4 * 3600);

/// Takes its time between events, and must know all the same that there was a gap, and the newest state.
async fn dawdle<C: Credential>(seen: Seen<C>, mut listener: Listener<C>, mut pace: fastrand::Rng) {
    let member = seen.member;
    let longest = seen.ledger.with(|ledger| {
        ledger.members[member].listeners += 1;
        // Visitors are gone soon, and so are those who listen to them.
        (ledger.members[member].terms.lifetime * 4).min(LONGEST_NAP)
    });
    let mut looked = seen.time.now();
    loop {
        let nap = Duration::from_millis(pace.u64(1..=longest.as_millis() as u64));
        tokio::time::sleep(nap).await;
        let asked = seen.time.now();
        let Some(event) = listener.next().await else { break };
        let told = seen.told(&event);
        seen.ledger.with(|ledger| {
            ledger.tally.slow_events += 1;
            let gap = ledger.members[member].last_gap.filter(|gap| *gap > looked && *gap < asked);
            if let Some(gap) = gap.filter(|_| told.removed.is_none()) {
                ledger.violate(member, || format!("a slow listener was not told of the gap at {gap:?}"));
            }
        });
        looked = seen.time.now();
    }
    seen.ledger.with(|ledger| ledger.members[member].listeners -= 1);
}

/// A future that is dropped after so many polls; then there is no result.
struct Abandoned<'a, T> {
    work: BoxFuture<'a, T>,
    polls_left: u32,
}

impl<T> Future for Abandoned<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        let polled = self.work.as_mut().poll(cx).map(Some);
        if polled.is_pending() && self.polls_left == 0 { Poll::Ready(None) } else { polled }
    }
}

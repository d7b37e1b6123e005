//! A provider under observation: its attempts are counted and timed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokenex_core::{
    Attempt, Clock, Issued, Outcome, Policy, Provider, Renewal, Result, Revocation, Target, WeakHandle,
};

use crate::history::Moment;
use crate::ledger::{Ledger, Over};
use crate::outcome::Plant;

/// Where the provider's own handle is put as soon as there is one.
pub(crate) type Own<C> = Arc<OnceLock<WeakHandle<C>>>;

/// Passes everything on to the provider in it.
pub(crate) struct Watched<P: Provider> {
    pub(crate) provider: P,
    pub(crate) member: usize,
    pub(crate) ledger: Ledger,
    pub(crate) own: Own<P::Credential>,
    /// What each attempt does wrong, to see that it is found.
    pub(crate) plant: Option<Plant>,
}

impl<P: Provider> Watched<P> {
    fn begin(&self, cx: &Attempt, counts: bool) -> Running {
        if counts {
            let own = self.own.get().and_then(WeakHandle::upgrade);
            let usable = own.is_some_and(|own| own.peek().is_some());
            self.ledger.with(|ledger| ledger.attempt(self.member, usable));
        }
        match self.plant {
            Some(Plant::Leak) => std::mem::forget(vec![0_u8; 1024]),
            Some(Plant::Panic) if self.ledger.with(|ledger| ledger.tally.attempts == 100) => {
                panic!("planted in a provider")
            }
            _ => {}
        }
        let (moment, stalled) = self.ledger.with(|ledger| {
            ledger.members[self.member].running += 1;
            (ledger.moment(), ledger.stalled)
        });
        Running {
            ledger: self.ledger.clone(),
            member: self.member,
            moment,
            clock: cx.clock().clone(),
            allowed: cx.remaining(),
            begun: cx.clock().monotonic(),
            stalled,
            brought: false,
        }
    }
}

impl<P: Provider> Provider for Watched<P> {
    type Credential = P::Credential;

    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn target(&self) -> Target {
        self.provider.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        let policy = self.provider.policy(scheduler);
        if self.plant == Some(Plant::Late) { policy.with_refresh_share(0.2) } else { policy }
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<P::Credential>> {
        let mut running = self.begin(cx, true);
        let issued = self.provider.issue(cx).await;
        if issued.is_ok() {
            running.brought = true;
            self.ledger.with(|ledger| ledger.succeeded(self.member));
        }
        issued
    }

    async fn renew(&self, held: &Issued<P::Credential>, cx: &Attempt) -> Result<Renewal> {
        let mut running = self.begin(cx, true);
        let renewed = self.provider.renew(held, cx).await;
        if renewed.is_ok() {
            running.brought = true;
            self.ledger.with(|ledger| ledger.succeeded(self.member));
        }
        renewed
    }

    async fn revoke(&self, held: &Issued<P::Credential>, cx: &Attempt) -> Result<Revocation> {
        let _running = self.begin(cx, false);
        self.provider.revoke(held, cx).await
    }
}

/// An attempt, until it is over in whatever way.
struct Running {
    ledger: Ledger,
    member: usize,
    moment: Moment,
    clock: Clock,
    allowed: Duration,
    begun: Duration,
    stalled: Duration,
    brought: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let took = self.clock.monotonic() - self.begun;
        self.ledger.with(|ledger| {
            let stood_still = ledger.stalled - self.stalled;
            let over = Over {
                begun: self.moment,
                allowed: self.allowed,
                took: took.saturating_sub(stood_still),
                brought: self.brought,
                panicked: std::thread::panicking(),
            };
            ledger.attempt_over(self.member, &over);
        });
    }
}

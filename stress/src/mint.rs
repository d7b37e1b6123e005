//! The provider: a target in the same process, with moods.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokenex_core::{
    Attempt, Error, ErrorKind, Grant, Handle, Issued, Outcome, Provider, Renewal, Result, Revocation, Source, Target,
};
use tokio::{task, time};

use crate::{
    plan::{Plan, Planned, Plant},
    target::{Ledger, Ticket},
};

pub(crate) struct Mint {
    planned: Planned,
    plant: Option<Plant>,
    parent: Option<Handle<Ticket>>,
    ledger: Arc<Ledger>,
    /// Which draw is next: a counter, since a lock would keep the threads in step.
    draws: AtomicU64,
}

impl Mint {
    pub(crate) fn new(plan: &Plan, planned: &Planned, parent: Option<Handle<Ticket>>, ledger: &Arc<Ledger>) -> Self {
        let (planned, ledger) = (planned.clone(), Arc::clone(ledger));
        Self { planned, plant: plan.plant, parent, ledger, draws: AtomicU64::new(0) }
    }

    fn rng(&self) -> Rng {
        Rng::with_seed(self.planned.seed.wrapping_add(self.draws.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Provider for Mint {
    type Credential = Ticket;

    fn name(&self) -> &'static str {
        "mint"
    }

    fn target(&self) -> Target {
        Target::new(self.planned.target)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Ticket>> {
        let _counted = self.ledger.attempt();
        let mut rng = self.rng();
        dawdle(&mut rng).await;
        let parent = match &self.parent {
            Some(parent) => Some(Source::<Arc<Issued<Ticket>>>::fetch(parent, cx).await?),
            None => None,
        };
        dawdle(&mut rng).await;
        if rng.u8(..20) == 0 {
            return Err(Error::new(ErrorKind::Unavailable, "the mint is closed"));
        }
        let bonds = parent.as_ref().map(|parent| parent.bonds().to_vec()).unwrap_or_default();
        let truth = self.ledger.issue(parent.map(|parent| Arc::clone(&parent.value().credential().0)));
        if self.plant == Some(Plant::Over) {
            truth.revoke();
        }
        let grant = Grant::new(Ticket(truth)).lifetime(self.planned.life).revocable().bound_to(bonds.iter());
        Ok(if rng.bool() { grant.renewable() } else { grant }.into())
    }

    async fn renew(&self, _held: &Issued<Ticket>, cx: &Attempt) -> Result<Renewal> {
        let counted_from = cx.moment();
        let mut rng = self.rng();
        dawdle(&mut rng).await;
        match rng.u8(..6) {
            0 => Ok(Renewal::NotRenewable),
            1 => Err(Error::new(ErrorKind::Unavailable, "the mint is closed")),
            2 => Err(Error::new(ErrorKind::Denied, "the mint has changed its mind")),
            _ => Ok(Renewal::Extended { lifetime: self.planned.life, counted_from, again: rng.bool() }),
        }
    }

    async fn revoke(&self, held: &Issued<Ticket>, _cx: &Attempt) -> Result<Revocation> {
        let mut rng = self.rng();
        dawdle(&mut rng).await;
        if rng.u8(..3) == 0 {
            time::sleep(Duration::from_millis(rng.u64(..30))).await;
        }
        let truth = &held.credential().0;
        match self.plant {
            Some(Plant::Forgotten) => {}
            Some(Plant::Twice) => {
                truth.revoke();
                truth.revoke();
            }
            _ => truth.revoke(),
        }
        Ok(Revocation::Accepted)
    }
}

/// Nothing, some turns of other tasks, or some time.
async fn dawdle(rng: &mut Rng) {
    match rng.u8(..6) {
        0 => task::yield_now().await,
        1 => {
            for _ in 0..rng.u8(..5) {
                task::yield_now().await;
            }
        }
        2 => time::sleep(Duration::from_micros(rng.u64(..3_000))).await,
        _ => {}
    }
}

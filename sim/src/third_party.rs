//! A provider that somebody else wrote: it panics now and then, and can take its credentials back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokenex_core::{
    Attempt, Credential, Error, ErrorKind, Grant, Issued, Outcome, Provider, Result, Revocation, Target,
};

use crate::heap::outside;
use crate::truth::{At, Time};

pub(crate) const HOST: &str = "third-party.test";

/// The target of the third party. Clones are the same.
#[derive(Clone)]
pub(crate) struct Office(Arc<Shared>);

struct Shared {
    time: Time,
    state: Mutex<State>,
}

struct State {
    trusts: bool,
    issued: u64,
    revoked: BTreeSet<u64>,
    random: fastrand::Rng,
}

/// What it hands out.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    dies: At,
}

impl Credential for Ticket {
    fn same_as(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Office {
    pub(crate) fn new(time: &Time, random: fastrand::Rng) -> Self {
        let state = State { trusts: true, issued: 0, revoked: BTreeSet::new(), random };
        Self(Arc::new(Shared { time: time.clone(), state: Mutex::new(state) }))
    }

    pub(crate) fn trust(&self, trusts: bool) {
        self.lock().trusts = trusts;
    }

    /// Whether it takes this ticket now.
    pub(crate) fn takes(&self, ticket: &Ticket) -> bool {
        ticket.dies > self.0.time.now() && !self.lock().revoked.contains(&ticket.number)
    }

    /// Its provider, for tickets of this lifetime.
    pub(crate) fn provider(&self, lifetime: Duration) -> Clerk {
        Clerk { office: self.clone(), lifetime }
    }

    fn issue(&self, lifetime: Duration) -> Ticket {
        let mut state = self.lock();
        state.issued += 1;
        Ticket { number: state.issued, dies: self.0.time.now() + lifetime }
    }

    fn revoke(&self, number: u64) {
        let mut state = self.lock();
        state.revoked.insert(number);
        if state.revoked.len() > 1000 {
            state.revoked.pop_first();
        }
    }

    fn is_clumsy(&self) -> bool {
        self.lock().random.u8(..40) == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the office.
pub(crate) struct Clerk {
    office: Office,
    lifetime: Duration,
}

impl Clerk {
    async fn ask(&self, cx: &Attempt) -> Result<()> {
        if self.office.is_clumsy() {
            stumble();
        }
        let request = Request::post(format!("https://{HOST}/")).body(Bytes::new()).expect("a request");
        let status = cx.send(request).await?;
        if self.office.is_clumsy() {
            stumble();
        }
        match (status.status().is_success(), status.body().as_ref() == b"ok", self.office.lock().trusts) {
            (true, true, true) => Ok(()),
            (true, true, false) => Err(Error::new(ErrorKind::Trust, "the office does not know you")),
            (true, false, _) => Err(Error::new(ErrorKind::Protocol, "the office mumbles")),
            (false, ..) => Err(Error::new(ErrorKind::Unavailable, "the office is closed")),
        }
    }
}

/// Past the panic hook, which would fill the report with what is meant to happen.
fn stumble() {
    std::panic::resume_unwind(Box::new("the third party panics, as it does"));
}

impl Provider for Clerk {
    type Credential = Ticket;

    fn name(&self) -> &'static str {
        "third-party"
    }

    fn target(&self) -> Target {
        Target::new(HOST)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Ticket>> {
        let sent = cx.moment();
        self.ask(cx).await?;
        let ticket = outside(|| self.office.issue(self.lifetime));
        Ok(Grant::new(ticket).lifetime(self.lifetime).counted_from(sent).revocable().into())
    }

    async fn revoke(&self, held: &Issued<Ticket>, cx: &Attempt) -> Result<Revocation> {
        self.ask(cx).await?;
        outside(|| self.office.revoke(held.number));
        Ok(Revocation::Accepted)
    }
}

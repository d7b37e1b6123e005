//! What happens when nothing is in the way: the first law, and the measure for all others.

use tokenex_core::{Error, Outcome, Provider};

use super::bench::{Bench, Failed, Judged, Tracked, Trial, broken};
use super::drive::Ended;
use crate::world::Sent;

/// What one attempt takes when nothing is in the way.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// How many requests it sends itself.
    pub(super) own_requests: usize,
    /// Method and URL of each of them.
    pub(super) requests: Vec<String>,
    /// How many are sent in all, those of its inputs in the scheduler included.
    pub(super) all_requests: usize,
    /// How often it is pending.
    pub(super) pendings: usize,
    /// How many inputs it asks for itself.
    pub(super) asks: usize,
    /// How many inputs are asked for in all.
    pub(super) all_asks: usize,
    /// How many secrets of the world there are.
    pub(super) secrets: usize,
}

impl<P: Provider> Bench<P> {
    /// What one attempt takes, found out once.
    pub(super) fn facts(&self) -> Result<&Facts, Failed> {
        let facts = self.facts.get_or_init(|| self.trial(find_out).and_then(|found| found));
        facts.as_ref().map_err(Failed::clone)
    }
}

async fn find_out<P: Provider>(trial: Trial<P>) -> Result<Facts, Failed> {
    let mut facts = None;
    // The second attempt finds all inputs ready that live in the scheduler.
    for which in ["the first", "the second"] {
        let tracked = trial.issue(trial.plain()).await;
        if let Err(why) = issued(&tracked) {
            return broken(format!("{which} attempt with nothing in its way {why}"));
        }
        let sent = trial.world.wire().sent_by(tracked.tag);
        facts = Some(Facts {
            own_requests: sent.len(),
            requests: sent.iter().map(Sent::line).collect(),
            all_requests: trial.world.wire().sent().len(),
            pendings: tracked.tried.pendings,
            asks: tracked.handed.len(),
            all_asks: trial.world.inputs().handed().len(),
            secrets: trial.world.canary().findings().secrets,
        });
    }
    facts.map_or_else(|| broken("no attempt was made"), Ok)
}

/// Says what came of an attempt to issue, when it was no credential.
pub(super) fn issued<C>(tracked: &Tracked<Outcome<C>>) -> Result<(), String> {
    match &tracked.tried.ended {
        Ended::Done(Ok(Outcome::Issued(_))) => Ok(()),
        Ended::Done(Ok(_)) => Err("says that there is no credential any more".to_owned()),
        Ended::Done(Err(error)) => Err(format!("fails: {error}")),
        Ended::Panicked(_) => Err("panics".to_owned()),
        Ended::Dropped => Err("was dropped".to_owned()),
        Ended::OutOfTime => Err("does not end before its deadline".to_owned()),
    }
}

impl<P: Provider> Trial<P> {
    /// An attempt that brings all inputs of the scheduler up, and that nothing is in the way of.
    pub(super) async fn warm_up(&self) -> Result<(), Failed> {
        issued(&self.issue(self.plain()).await)
            .or_else(|why| broken(format!("an attempt with nothing in its way {why}")))
    }
}

/// The law of this name.
pub(super) fn law<P: Provider>(bench: &Bench<P>) -> Judged {
    let facts = bench.facts()?;
    bench.trial(async move |trial: Trial<P>| -> Result<(), Failed> {
        let (handle, _) = trial.keep();
        let held = handle.get().await.or_else(|error: Error| broken(format!("in a scheduler it fails: {error}")))?;
        match &trial.hooks.works {
            Some(works) if !works(&held) => broken("what it hands out does not work at the target"),
            _ => Ok(()),
        }
    })??;
    Ok(format!("{} requests, {} inputs asked for, {} times pending", facts.own_requests, facts.asks, facts.pendings))
}

//! One credential from its first attempt to its end, in a scheduler.

use std::fmt::Debug;
use std::time::Duration;

use tokenex_core::{Handle, Provider};

use super::bench::{Bench, Failed, Trial, broken};
use super::counted::Calls;
use super::law::Subject;
use super::slips::Slip;

/// What was seen of it.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) renews: bool,
    pub(super) revokes: bool,
    /// Whether anybody says what is secret in it.
    pub(super) secrets_known: bool,
    pub(super) slips: Vec<Slip>,
}

impl<P: Provider + Debug> Bench<P>
where
    P::Credential: Debug,
{
    /// One life, lived once.
    pub(super) fn life(&self) -> Result<&Life, Failed> {
        let providers = self.subject == Subject::Provider;
        let life = self.life.get_or_init(|| self.trial(move |trial| live(trial, providers)).and_then(|lived| lived));
        life.as_ref().map_err(Failed::clone)
    }
}

async fn live<P: Provider + Debug>(trial: Trial<P>, to_the_end: bool) -> Result<Life, Failed>
where
    P::Credential: Debug,
{
    trial.look_at("Debug of what is under test, before its first attempt", &trial.provider);
    let (handle, calls) = trial.keep();
    let held = handle.get().await.or_else(|error| broken(format!("in a scheduler it fails: {error}")))?;
    let secrets_known = trial.secrets(&held).is_some();
    trial.look_at("Debug of what it hands out", &(&held, held.credential()));
    trial.look_at("Debug of what is under test", &trial.provider);
    trial.look_at("Debug of the status", &handle.status());
    trial.world.canary().search("name and target", format!("{} {}", trial.provider.name(), trial.provider.target()));
    if to_the_end {
        grow_old(&trial, &handle, &calls).await;
    }
    // What came meanwhile.
    if let Ok(held) = handle.get().await {
        trial.secrets(&held);
        trial.look_at("Debug of what it hands out", &(&held, held.credential()));
    }
    let report = handle.close(Duration::from_secs(60)).await;
    trial.world.canary().search("the report of a close", format!("{report} {report:?}"));
    let slips = trial.slips();
    Ok(Life { renews: calls.renew() > 0, revokes: calls.revoke() > 0, secrets_known, slips })
}

/// Lets time pass until the credential has been renewed, or there is another one.
async fn grow_old<P: Provider>(trial: &Trial<P>, handle: &Handle<P::Credential>, calls: &Calls) {
    let first = handle.peek().map(|held| held.generation());
    for _ in 0..40 {
        let Some(held) = handle.get().await.ok() else { return };
        let Some(ends) = held.expires_at() else { return };
        let life = ends.duration_since(held.issued_at()).unwrap_or_default();
        if Some(held.generation()) != first || calls.renew() > 0 || life.is_zero() {
            return;
        }
        trial.wait(life / 20).await;
    }
}

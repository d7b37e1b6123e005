//! Where secrets are not.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Response, StatusCode};
use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Failed, Judged, Trial, broken, does_not_apply, not_run};
use crate::conformance::drive::Ended;
use crate::conformance::slips::{Place, Slip};
use crate::world::{Scope, Trouble};

pub(super) fn inputs_unprinted<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    if bench.facts()?.secrets == 0 {
        return does_not_apply("it was given no secret of the world");
    }
    judge(bench, |slip| slip.place == Place::Printed && !slip.output)
}

pub(super) fn output_unprinted<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    if !bench.life()?.secrets_known {
        return not_run("say with `secrets` what is secret in what it hands out");
    }
    let seen = judge(bench, |slip| slip.place == Place::Printed && slip.output)?;
    let mut replays = 0;
    for number in 0..bench.facts()?.own_requests.min(5) {
        for how in Replay::ALL {
            let slips = bench.trial(move |trial| replay(trial, number, how))??;
            if let Some(slip) = slips.iter().find(|slip| slip.place == Place::Printed && slip.output) {
                return broken(slip.told.clone());
            }
            replays += 1;
        }
    }
    Ok(format!("{seen}, and {replays} in which an earlier answer came back spoilt"))
}

pub(super) fn clean_urls<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    needs_network(bench)?;
    judge(bench, |slip| slip.place == Place::Url)
}

pub(super) fn marked_headers<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    needs_network(bench)?;
    judge(bench, |slip| slip.place == Place::OpenHeader)
}

pub(super) fn identity_in_body<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    needs_network(bench)?;
    judge(bench, |slip| slip.place == Place::IdentityHeader)
}

fn needs_network<P: Provider>(bench: &Bench<P>) -> Result<(), Failed> {
    if bench.facts()?.all_requests == 0 { does_not_apply("it needs no network") } else { Ok(()) }
}

/// Looks at one whole life, and at all that went wrong.
fn judge<P: Provider + Debug>(bench: &Bench<P>, wrong: impl Fn(&Slip) -> bool) -> Judged
where
    P::Credential: Debug,
{
    let runs = bench.runs()?;
    let slips = bench.life()?.slips.iter().chain(runs.iter().flat_map(|run| &run.slips));
    let mut wrong: Vec<&str> = slips.filter(|slip| wrong(slip)).map(|slip| slip.told.as_str()).collect();
    wrong.sort_unstable();
    wrong.dedup();
    match wrong.len() {
        0 => Ok(format!("one life and {} attempts that failed", runs.len())),
        _ => broken(wrong.into_iter().take(4).collect::<Vec<_>>().join("; ")),
    }
}

/// How an answer that is full of secrets comes back.
#[derive(Debug, Clone, Copy)]
enum Replay {
    Cut,
    As(u16),
}

impl Replay {
    const ALL: [Self; 3] = [Self::Cut, Self::As(400), Self::As(500)];
}

/// An answer of the target, once it is known what in it is secret, comes once more, spoilt.
async fn replay<P: Provider + Debug>(trial: Trial<P>, number: usize, how: Replay) -> Result<Vec<Slip>, Failed> {
    let kept = Arc::<Mutex<Option<Response<Bytes>>>>::default();
    let (wire, copy) = (trial.world.wire().clone(), kept.clone());
    trial.warm_up().await?;
    // The scheduler's own attempt is not counted, so this is seen on all of them; the last one stays.
    let seen = Arc::<Mutex<usize>>::default();
    wire.trouble(
        Trouble::spoilt(move |answer| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen <= number {
                *copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.clone());
            }
            *seen += 1;
            answer
        }),
        Scope::All,
    );
    let held = trial.keep().0.get().await.or_else(|error| broken::<Arc<_>>(error.to_string()))?;
    trial.secrets(&held);
    let Some(answer) = kept.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(Vec::new()) };
    wire.trouble(
        Trouble::instead(move |_| {
            let mut answer = answer.clone();
            match how {
                // Nearly all of it, so that what is secret is still whole.
                Replay::Cut => answer = answer.map(|body| body.slice(..body.len().saturating_sub(1))),
                Replay::As(status) => *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default(),
            }
            answer
        }),
        Scope::Request(number),
    );
    match trial.issue(trial.plain()).await.tried.ended {
        Ended::Done(Err(error)) => trial.look_at_error("the error after an answer that was spoilt", &error),
        Ended::Panicked(text) => trial.world.canary().search("the panic after an answer that was spoilt", text),
        _ => {}
    }
    trial.look_at("Debug of what is under test", &trial.provider);
    Ok(trial.slips())
}

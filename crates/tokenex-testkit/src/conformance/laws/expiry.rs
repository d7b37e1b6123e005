//! Whether what is told of the end is true.

use std::fmt::Debug;
use std::time::Duration;

use tokenex_core::{Handle, Provider};

use crate::conformance::bench::{Bench, Judged, Trial, broken, not_run};
use crate::transport::Fault;
use crate::world::{Scope, Trouble};

/// Each answer takes so long. Who counts a lifetime from the answer is wrong by half of it.
const LATENCY: Duration = Duration::from_secs(4);

/// So far the target's clock is ahead, in seconds. One that is behind makes ends come early, which is no lie.
const AHEAD: i64 = 120;

/// `Date` has whole seconds, so a clock is known no better.
const KNOWN_TO: Duration = Duration::from_secs(2);

/// What has no end is looked at for so long.
const WITHOUT_END: Duration = Duration::from_secs(6 * 3600);

pub(super) fn honoured<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    if bench.trial(async |trial: Trial<P>| trial.hooks.works.is_none())? {
        return not_run("say with `Fixture::works` how to ask the target whether a credential works now");
    }
    let told = bench.trial(|trial| outlasts(trial, Weather::Slow))??;
    // Who hears nothing of the target cannot know its clock.
    if bench.facts()?.all_requests > 0 {
        bench.trial(|trial| outlasts(trial, Weather::TargetAhead))??;
    }
    if bench.life()?.renews {
        bench.trial(|trial| outlasts(trial, Weather::Renewed))??;
        return Ok(format!("{told}, and so after a renewal"));
    }
    Ok(told)
}

#[derive(Debug, Clone, Copy)]
enum Weather {
    Slow,
    TargetAhead,
    Renewed,
}

/// The network breaks once there is a credential, and the handle goes on handing it out until its end.
async fn outlasts<P: Provider>(trial: Trial<P>, weather: Weather) -> Judged {
    let (when, known_to) = match weather {
        Weather::Slow => {
            trial.world.network().latency(LATENCY);
            ("when answers take 4 s".to_owned(), Duration::from_millis(1))
        }
        Weather::TargetAhead => {
            trial.world.set_target_ahead(AHEAD);
            (format!("when the target's clock is {AHEAD} s ahead"), KNOWN_TO)
        }
        Weather::Renewed => ("after a renewal".to_owned(), Duration::from_millis(1)),
    };
    let (handle, calls) = trial.keep();
    handle
        .ready(Duration::from_secs(60))
        .await
        .or_else(|error| broken::<std::sync::Arc<_>>(format!("{when}, there is no credential: {error}")))?;
    if matches!(weather, Weather::Renewed) {
        let before = calls.renew();
        for _ in 0..2_000 {
            if calls.renew() > before {
                break;
            }
            trial.wait(Duration::from_secs(30)).await;
        }
        trial.wait(Duration::from_secs(1)).await;
    }
    trial.world.wire().trouble(Trouble::Network(Fault::Unreachable), Scope::All);
    let Some(held) = handle.peek() else { return broken(format!("{when}, it has ended before it could be looked at")) };
    let (works, ends) = (works(&trial, &handle), held.expires_at());
    drop(held);
    if !works {
        return broken(format!("{when}, what it hands out does not work at the target"));
    }
    let left = match ends {
        Some(ends) => ends.duration_since(trial.world.clock().wall()).unwrap_or_default().saturating_sub(known_to),
        None => WITHOUT_END,
    };
    trial.world.time().advance(left).await;
    if handle.peek().is_none() && ends.is_some() && left > Duration::from_secs(60) {
        return broken(format!("{when}, it was taken away before its end, while the network was down"));
    }
    if !self::works(&trial, &handle) {
        return broken(format!(
            "{when}, it was handed out until {known_to:?} before the end that it told, and the target had ended it before"
        ));
    }
    Ok(match ends {
        Some(_) => format!("worked until its end, {} s after an outage began, in bad weather", left.as_secs()),
        None => format!("has no end, and worked for {} h", WITHOUT_END.as_secs() / 3600),
    })
}

/// Whether what the handle hands out now works at the target. What it no longer hands out need not.
fn works<P: Provider>(trial: &Trial<P>, handle: &Handle<P::Credential>) -> bool {
    let Some(works) = &trial.hooks.works else { return true };
    handle.peek().is_none_or(|held| works(held.credential()))
}

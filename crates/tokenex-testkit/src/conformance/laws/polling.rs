//! What happens while it is polled, and when it no longer is.

use std::fmt::Debug;
use std::time::Duration;

use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Failed, How, Judged, Trial, broken, does_not_apply};
use crate::conformance::drive::Ended;
use crate::conformance::works::issued;

/// A poll that holds the thread for longer blocks it.
const LONGEST_POLL: Duration = Duration::from_millis(100);

/// A machine under load holds up one attempt, not so many in a row.
const ATTEMPTS: usize = 5;

/// More places than any exchange has.
const MOST_PLACES: usize = 60;

pub(super) fn never_blocks<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let mut shortest = Duration::MAX;
    for _ in 0..ATTEMPTS {
        let longest = bench.trial(async |trial: Trial<P>| trial.issue(trial.plain()).await.tried.longest_poll)?;
        shortest = shortest.min(longest);
        if shortest <= LONGEST_POLL {
            return Ok(format!("the longest poll took {:.1} ms", shortest.as_secs_f64() * 1000.0));
        }
    }
    broken(format!("one poll held the thread for {shortest:.1?} at least, in each of {ATTEMPTS} attempts"))
}

/// What can be dropped half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Issue,
    Renew,
    Revoke,
}

pub(super) fn cancel_safe<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    let mut calls = vec![Call::Issue];
    let life = bench.life()?;
    calls.extend(life.renews.then_some(Call::Renew));
    calls.extend(life.revokes.then_some(Call::Revoke));
    let mut places = 0;
    for call in calls {
        for place in 1..=MOST_PLACES {
            let Some(()) = bench.trial(move |trial| drop_at(trial, call, place))?? else { break };
            places += 1;
        }
    }
    if places == 0 {
        return does_not_apply("it is never pending");
    }
    Ok(format!("dropped at each of {places} places, and worked again"))
}

/// `None` when the call is not pending so often.
async fn drop_at<P: Provider>(trial: Trial<P>, call: Call, place: usize) -> Result<Option<()>, Failed> {
    let how = How { drop_after: Some(place), ..trial.plain() };
    let dropped = match call {
        Call::Issue => matches!(trial.issue(how).await.tried.ended, Ended::Dropped),
        Call::Renew | Call::Revoke => {
            let held = trial.keep().0.get().await.or_else(|error| broken::<std::sync::Arc<_>>(error.to_string()))?;
            match call {
                Call::Renew => matches!(trial.renew(&held, how).await.tried.ended, Ended::Dropped),
                _ => matches!(trial.revoke(&held, how).await.tried.ended, Ended::Dropped),
            }
        }
    };
    if !dropped {
        return Ok(None);
    }
    trial.wait(Duration::from_millis(1)).await;
    if let Err(why) = issued(&trial.issue(trial.plain()).await) {
        let name = format!("{call:?}").to_lowercase();
        return broken(format!("after {name} was dropped at its {place}. await, the next attempt {why}"));
    }
    Ok(Some(()))
}

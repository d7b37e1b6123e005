//! The run from beginning to end.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::plan::Plan;
use super::show::{Phase, Show};
use super::stage::Stage;
use crate::failure::{Exit, Failure};
use crate::output::Stdout;

/// Between two drawings, and two looks at what is due.
const TICK: Duration = Duration::from_millis(100);
/// Starting takes a second or two, most of which goes into RSA keys.
const START: Duration = Duration::from_secs(60);

/// Runs the demo, to its end or until `stop`.
///
/// # Errors
/// When a read failed, a credential was never refreshed, or the demo cannot run.
pub(crate) async fn run(plan: Plan, plain: bool, stop: impl Future) -> Result<(), Failure> {
    let mut stop = std::pin::pin!(stop);
    let mut show = Show::new(plain);
    let mut reader = show.begin()?;

    // On its own task: the table is painted while keys are made.
    let mut opening = tokio::spawn(Stage::open(plan));
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let opened = async {
        loop {
            tokio::select! {
                opened = &mut opening => return opened.map(Some),
                _ = &mut stop => return Ok(None),
                _ = tick.tick() => {}
            }
        }
    };
    let late = |_| Failure::new(Exit::Internal, "the issuer and the targets did not start");
    let mut stage = match timeout(START, opened).await.map_err(late)? {
        Ok(Some(stage)) => stage?,
        Ok(None) => return Err(Failure::new(Exit::Internal, "interrupted before anything was there")),
        Err(_) => return Err(Failure::new(Exit::Internal, "the issuer and the targets could not be started")),
    };

    let mut interrupted = false;
    let ready_by = tokio::time::Instant::now() + START;
    while !stage.is_over() && reader == Stdout::Open {
        tokio::select! {
            _ = &mut stop => {
                interrupted = true;
                break;
            }
            Some((heard, seen)) = stage.hear() => reader = show.hear(&heard, &seen, stage.phase())?,
            _ = tick.tick() => {
                if let Some(act) = stage.turn().await? {
                    reader = show.act(act, stage.phase())?;
                }
                let (phase, statuses, outage) = (stage.phase(), stage.statuses(), stage.outage());
                if matches!(phase, Phase::Starting) && tokio::time::Instant::now() > ready_by {
                    let words: Vec<_> = statuses.iter().map(ToString::to_string).collect();
                    return Err(Failure::new(Exit::Internal, format!("not all are there: {}", words.join("; "))));
                }
                reader = match reader {
                    Stdout::Open => show.tick(phase, &statuses, stage.seen(), outage)?,
                    Stdout::Closed => reader,
                };
            }
        }
    }
    let tally = stage.close(interrupted).await?;
    if reader == Stdout::Closed || show.end(&tally.report, &tally.lines())? == Stdout::Closed {
        // Nobody is there to be told.
        return Ok(());
    }
    tally.verdict()
}

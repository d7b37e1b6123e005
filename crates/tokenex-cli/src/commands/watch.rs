//! `tokenex watch`: keeps credentials fresh, and shows what happens.

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::args::{Global, Watch, WatchFormat};
use crate::catalog::{Catalog, Managed};
use crate::config::{self, Config};
use crate::exec::signals::Signals;
use crate::failure::{Exit, Failure};
use crate::listen::Door;
use crate::news::{self, News};
use crate::output::{self, Stdout};
use crate::watch::show::Show;
use crate::{closing, runtime};

/// How often a table is drawn when nothing happens: its times run.
const TICK: Duration = Duration::from_secs(1);

/// The last changes are there as soon as all is closed.
const LAST: Duration = Duration::from_secs(1);

/// Watches until it is told to end, and revokes what can be revoked.
pub(crate) fn run(global: &Global, command: Watch) -> Result<ExitCode, Failure> {
    if command.reveal && command.format != WatchFormat::Jsonl {
        return Err(Failure::usage("--reveal goes with --format jsonl only: a table has no place for credentials"));
    }
    let config = config::load(global.config.as_deref())?;
    runtime::start()?.block_on(watch(&config, &command, global.log.is_some()))
}

async fn watch(config: &Config, command: &Watch, logs: bool) -> Result<ExitCode, Failure> {
    let mut signals = Signals::start()?;
    let door = Door::open(&command.listening).await?;
    let catalog = Catalog::open(config, &command.names).await?;
    let _serving = door.map(|door| door.serve(&catalog));
    let mut show = Show::new(command.format, command.reveal, logs, &catalog);
    let mut news = news::listen(catalog.iter());
    let shown = tokio::select! {
        shown = follow(&mut show, &catalog, &mut news, command.duration) => shown,
        _ = signals.end() => Ok(Stdout::Open),
    };
    let mut failing: Vec<_> = catalog.iter().filter_map(|managed| stands(managed).err()).collect();
    failing.sort_by_key(|failure| failure.exit().place());
    closing::revoke(catalog, signals.end(), closing::Tell::Everything).await;
    if shown.as_ref().is_ok_and(|stdout| *stdout == Stdout::Open) {
        let _ = timeout(LAST, last(&mut show, &mut news)).await;
    }
    let _ = shown?;
    // All of them are told, the worst at last, which is also the exit code.
    let mut failing = failing.into_iter();
    let worst = failing.next();
    failing.rev().for_each(|failure| output::failure(&failure));
    worst.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Shows what happens until the time is up, standard output is closed, or nothing can happen any more.
async fn follow(
    show: &mut Show,
    catalog: &Catalog,
    news: &mut Receiver<News>,
    duration: Option<Duration>,
) -> Result<Stdout, Failure> {
    let end = duration.map(|duration| Instant::now() + duration);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let stdout = tokio::select! {
            heard = news.recv() => match heard {
                Some(heard) => match show.hear(&heard)? {
                    Stdout::Open => show.tick(catalog)?,
                    Stdout::Closed => Stdout::Closed,
                },
                None => return Ok(Stdout::Open),
            },
            _ = tick.tick() => show.tick(catalog)?,
            () = until(end) => return Ok(Stdout::Open),
        };
        if stdout == Stdout::Closed {
            return Ok(Stdout::Closed);
        }
    }
}

/// What the closing itself changed.
async fn last(show: &mut Show, news: &mut Receiver<News>) {
    while let Some(heard) = news.recv().await {
        if !matches!(show.hear(&heard), Ok(Stdout::Open)) {
            return;
        }
    }
}

/// How a credential stands at the end decides on the exit code.
fn stands(managed: &Managed) -> Result<(), Failure> {
    let status = managed.status();
    match status.failing {
        _ if status.state.is_ready() => Ok(()),
        Some(failing) => Err(Failure::from(&failing.last).about(managed.name())),
        None => Err(Failure::new(Exit::Unreachable, "no credential came in the time given").about(managed.name())),
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

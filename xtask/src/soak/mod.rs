//! `cargo xtask soak`: live database users through bad days of real servers.
//!
//! A program keeps two users of PostgreSQL fresh, a dynamic and a static one, and logs in with the newest credential ten times
//! a second, while the network and both servers misbehave by a schedule that a seed decides. Everything is short, so that
//! minutes hold what a program meets in months.

mod options;
mod stage;
mod tally;
mod weather;

use std::{
    io,
    time::{Duration, Instant},
};

use tokenex_core::{Handle, Keep, Scheduler, http::HttpTransport};
use tokenex_vault::{DatabaseCredentials, Vault};
use tokio::{
    runtime::{Handle as RuntimeHandle, Runtime},
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::{Failure, services};

use options::Options;
use stage::{AUDIENCE, DYNAMIC_ROLE, LOGIN_ROLE, STATIC_ROLE, Stage};
use tally::{Judged, Tally};

const LOGIN_EVERY: Duration = Duration::from_millis(100);

/// How long the first users may take, on a machine that is busy.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The server drops users from a queue, and tries one that the database refused again after 10 seconds and more.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// Runs it and tells what came of it. Fails when a login was refused that should have worked ([`Tally::judge`]), or when
/// something was left behind.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    Runtime::new()?.block_on(async {
        services::fetch().await?;
        let stage = Stage::start().await?;
        let outcome = soak(&stage, &options).await;
        // A server that is paused, sealed or down can neither be counted nor end in order.
        let left = match stage.mend().await {
            Ok(()) => count_what_is_left(&stage).await,
            Err(failure) => Err(failure),
        };
        stage.release().await?;
        outcome.and(left)
    })
}

async fn soak(stage: &Stage, options: &Options) -> Result<(), Failure> {
    println!("\nA soak of {} s; the same schedule again: {}\n", options.length.as_secs(), options.again());
    let scheduler = Scheduler::builder(RuntimeHandle::current()).transport(HttpTransport::new()?).start();
    let vault = Vault::builder(format!("http://{}", stage.proxy.addr()), LOGIN_ROLE, stage.identity())
        .audience(AUDIENCE)
        .build(&scheduler)?;
    let dynamic = scheduler.keep(Keep::new(vault.database(DYNAMIC_ROLE)).name("dynamic user"));
    let fixed = scheduler.keep(Keep::new(vault.static_database(STATIC_ROLE)).name("static user"));
    dynamic.ready(READY_WITHIN).await?;
    fixed.ready(READY_WITHIN).await?;

    let (of_dynamic, of_fixed) = (Tally::new("dynamic user", Judged::Yes), Tally::new("static user", Judged::No));
    let began = Instant::now();
    tokio::select! {
        () = use_it(stage, &dynamic, &of_dynamic) => {}
        () = use_it(stage, &fixed, &of_fixed) => {}
        () = of_dynamic.listen(&dynamic, began) => {}
        () = of_fixed.listen(&fixed, began) => {}
        outcome = weather::pass(stage, options, began) => outcome?,
        interrupted = interruption() => {
            interrupted?;
            println!("\nInterrupted. Until now:");
        }
    }
    stage.mend().await?;
    let report = scheduler.shutdown(Duration::from_secs(20)).await;
    println!("\nAfter {:.0} s, shut down: {report}", began.elapsed().as_secs_f64());
    println!("At the server: {}\n\n{of_dynamic}\n\n{of_fixed}", stage.asked()?);
    of_dynamic.judge()
}

/// Ctrl-C, or SIGTERM as from a supervisor whose patience is over: either wants to know how it went.
async fn interruption() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// Logs in with the newest credential, again and again; what is slow holds up nothing.
async fn use_it(stage: &Stage, handle: &Handle<DatabaseCredentials>, tally: &Tally) {
    let (mut tick, mut tries) = (interval(LOGIN_EVERY), JoinSet::new());
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            // Asked without waiting: only what is in hand counts.
            _ = tick.tick() => match timeout(Duration::ZERO, handle.get()).await {
                Ok(Ok(user)) => drop(tries.spawn(stage.database.try_login(user))),
                _ => tally.had_nothing(handle.status().failing.as_deref(), stage.in_trouble()),
            },
            Some(tried) = tries.join_next() => if let Ok(tried) = tried { tally.count(tried) },
        }
    }
}

/// Asks the servers themselves, not the program that says it has closed.
async fn count_what_is_left(stage: &Stage) -> Result<(), Failure> {
    let until = Instant::now() + GONE_WITHIN;
    loop {
        let (users, logins) = stage.left().await?;
        if (users, logins) == (0, 0) || Instant::now() > until {
            println!("\nLeft behind: {users} dynamic users, {logins} logins");
            return if (users, logins) == (0, 0) { Ok(()) } else { Err("both should be 0".into()) };
        }
        sleep(Duration::from_millis(100)).await;
    }
}

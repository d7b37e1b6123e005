//! `tokenex exec`: a command that runs with credentials, for as long as it runs.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::process::ExitCode;
use std::time::Duration;

use crate::args::{Exec, Global};
use crate::catalog::{Catalog, Managed, Snapshot};
use crate::config::{self, Config};
use crate::exec::child::exit_code;
use crate::exec::environment::secret_variables;
use crate::exec::files::Files;
use crate::exec::signals::Signals;
use crate::exec::supervisor::Supervisor;
use crate::exec::values::Values;
use crate::exec::wanted::OnRefresh;
use crate::failure::Failure;
use crate::listen::Door;
use crate::{closing, output, runtime};

/// For a target that cannot answer at the moment when the command is to start.
const START: Duration = Duration::from_secs(60);

/// Beyond the grace that the command has: the new one is started after it.
const STARTING: Duration = Duration::from_secs(5);

/// A key of the terminal comes to the command and to us, in any order.
const SAME_KEY: Duration = Duration::from_secs(1);

/// Runs the command, and ends as it did.
pub(crate) fn run(global: &Global, command: Exec) -> Result<ExitCode, Failure> {
    check(&command)?;
    let mut config = config::load(global.config.as_deref())?;
    if command.on_refresh == OnRefresh::Restart {
        // The old command keeps its credential until the new one runs.
        let grace = config.policy.grace.max(command.grace + STARTING);
        config.policy = config.policy.with_grace(grace);
    }
    runtime::start()?.block_on(exec(&config, command))
}

/// What can be refused before anything is asked for.
fn check(command: &Exec) -> Result<(), Failure> {
    if command.env.is_empty() && command.file.is_empty() {
        return Err(Failure::usage("there is nothing to hand to the command")
            .with_help("say which, as --env VAR=NAME.FIELD or --file PATH=NAME.FIELD"));
    }
    if matches!(command.on_refresh, OnRefresh::Signal(_)) && command.file.is_empty() {
        return Err(Failure::usage("a signal tells the command to read files again, and there is no --file")
            .with_help("an environment cannot be changed from outside: hand over files, or use --on-refresh restart"));
    }
    once(command.env.iter().map(|one| one.variable.as_str()), "--env")?;
    once(command.file.iter().map(|one| &one.path), "--file")?;
    command.file.iter().try_for_each(|file| Files::check(&file.path))
}

/// Refuses two values for one place: the first would be lost without a word.
fn once<T: Eq + Hash + Debug>(mut places: impl Iterator<Item = T>, option: &str) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    match places.find_map(|place| seen.replace(place)) {
        Some(twice) => Err(Failure::usage(format!("{option} names {twice:?} twice"))),
        None => Ok(()),
    }
}

async fn exec(config: &Config, command: Exec) -> Result<ExitCode, Failure> {
    // From here on a signal ends nothing by itself: what was issued is revoked first.
    let mut signals = Signals::start()?;
    let removed = secret_variables(config).into_iter().filter(|name| !command.keep_env.contains(name)).collect();
    let values = Values::new(command.env, command.file.clone());
    let door = Door::open(&command.listening).await?;
    let catalog = Catalog::open(config, &values.names()).await?;
    let _serving = door.map(|door| door.serve(&catalog));
    let mut supervisor = Supervisor {
        command: command.command,
        values,
        files: Files::default(),
        removed,
        on_refresh: command.on_refresh,
        grace: command.grace,
    };
    let ready = tokio::select! {
        ready = prepare(&mut supervisor, &catalog) => ready.map(|()| None),
        signal = signals.end() => Ok(Some(signal)),
    };
    let ended = match ready {
        Ok(None) => supervisor.run(&catalog, &mut signals).await.map(|status| ExitCode::from(exit_code(status))),
        Ok(Some(signal)) => {
            output::note(format_args!("tokenex: ended by SIG{} before the command was started", signal.name()));
            Ok(ExitCode::from(signal.exit_code()))
        }
        Err(failure) => Err(failure),
    };
    closing::revoke(catalog, signals.end_after(SAME_KEY), closing::Tell::WhatWentWrong).await;
    ended
}

/// Waits for each credential, and writes the files.
async fn prepare(supervisor: &mut Supervisor, catalog: &Catalog) -> Result<(), Failure> {
    for managed in catalog.iter() {
        let snapshot = first(managed).await.map_err(|error| Failure::from(&error).about(managed.name()))?;
        let difference = supervisor.values.take(managed.name(), snapshot)?;
        for path in difference.files {
            if let Some(content) = supervisor.values.content(&path) {
                supervisor.files.write(&path, &content)?;
            }
        }
    }
    Ok(())
}

/// The first credential. What only people can repair fails at once, what may pass by itself is waited for.
async fn first(managed: &Managed) -> tokenex::Result<Snapshot> {
    match managed.get().await {
        Err(error) if error.is_transient() => {
            output::note(format_args!(
                "tokenex: the command waits for {:?}, for up to {}: {error}",
                managed.name(),
                crate::time::words(START)
            ));
            managed.ready(START).await
        }
        other => other,
    }
}

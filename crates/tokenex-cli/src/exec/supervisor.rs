//! One loop over the command's process, the signals that arrive and the changes of credentials.

use std::ffi::OsString;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use super::child::Child;
use super::files::Files;
use super::signals::{Signal, Signals};
use super::values::{Environment, Values};
use super::wanted::OnRefresh;
use crate::catalog::{Catalog, Change};
use crate::failure::{Exit, Failure};
use crate::news::{self, News};
use crate::output;
use rustix::process::Signal as Raw;

/// Ends of credentials are looked at at least so often: a machine that slept has slept through a timer too.
const LOOK: Duration = Duration::from_secs(30);

/// The command and all that belongs to it.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) command: Vec<OsString>,
    pub(crate) values: Values,
    pub(crate) files: Files,
    /// Variables that are not handed on.
    pub(crate) removed: Vec<String>,
    pub(crate) on_refresh: OnRefresh,
    pub(crate) grace: Duration,
}

/// Why the command has been asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    /// It is started again.
    Restart,
    /// Whoever asked us to end.
    Asked,
}

impl Supervisor {
    /// Runs the command until it ends, and says how. The credentials that it needs are in `values` already.
    ///
    /// # Errors
    /// [`Exit::Child`] when it cannot be started, the first time or again.
    pub(crate) async fn run(mut self, catalog: &Catalog, signals: &mut Signals) -> Result<ExitStatus, Failure> {
        let mut news = news::listen(catalog.iter());
        let mut child = self.start()?;
        let mut stopping: Option<(Stopping, Instant)> = None;
        loop {
            tokio::select! {
                status = child.end() => {
                    let status = status.map_err(|error| lost(&error))?;
                    match stopping.take() {
                        Some((Stopping::Restart, _)) => child = self.start()?,
                        _ => return Ok(status),
                    }
                }
                signal = signals.next() => {
                    forward(&child, signal);
                    if signal == Signal::Term {
                        stopping = Some((Stopping::Asked, Instant::now() + self.grace));
                    }
                }
                Some(News { name, change }) = news.recv() => {
                    if self.take(&name, &change, &child) && stopping.is_none() {
                        child.signal(Raw::TERM);
                        stopping = Some((Stopping::Restart, Instant::now() + self.grace));
                    }
                }
                () = until(stopping.map(|(_, at)| at)) => {
                    output::note(format_args!(
                        "tokenex: the command did not end within {} of SIGTERM, and gets SIGKILL",
                        crate::time::words(self.grace)
                    ));
                    child.signal(Raw::KILL);
                    // What cannot be ended by this signal ends by itself.
                    stopping = stopping.map(|(why, _)| (why, Instant::now() + LOOK));
                }
                () = until(Some(self.next_look())) => self.tell_of_ends(),
            }
        }
    }

    fn start(&mut self) -> Result<Child, Failure> {
        let environment = Environment { removed: self.removed.clone(), set: self.values.give() };
        Child::start(&self.command, &environment)
    }

    /// Brings files up to date, and says whether the command is to be started anew.
    fn take(&mut self, name: &str, change: &Change, child: &Child) -> bool {
        self.values.note_end(name, change);
        if change.removed.is_some() && change.credential.is_none() {
            output::note(format_args!("tokenex: {name:?} has ended, and there is no new one yet"));
        }
        let Some(snapshot) = change.credential.clone().filter(|_| change.updated) else { return false };
        let difference = match self.values.take(name, snapshot) {
            Ok(difference) => difference,
            Err(failure) => {
                output::failure(&failure.about(&format!("the new credential of {name:?} is not handed on")));
                return false;
            }
        };
        for path in &difference.files {
            let Some(content) = self.values.content(path) else { continue };
            if let Err(failure) = self.files.write(path, &content) {
                output::failure(&failure);
            }
        }
        match self.on_refresh {
            OnRefresh::Signal(signal) if !difference.files.is_empty() => child.signal(signal.raw()),
            OnRefresh::Restart => return difference.variables || !difference.files.is_empty(),
            _ => {}
        }
        false
    }

    fn next_look(&self) -> Instant {
        let wait = match self.values.next_end() {
            Some(end) => end.duration_since(SystemTime::now()).unwrap_or_default().min(LOOK),
            None => LOOK,
        };
        Instant::now() + wait
    }

    fn tell_of_ends(&mut self) {
        for (name, variables) in self.values.ended(SystemTime::now()) {
            let variables = variables.join(", ");
            tracing::error!(name, variables, "a credential in the environment of the command has ended");
            output::note(format_args!(
                "tokenex: {name:?} has ended, and the command still has it in {variables}: \
                 an environment cannot be changed from outside\n  \
                 use --on-refresh restart, or hand it over with --file"
            ));
        }
    }
}

/// The terminal sends its keys to the command too.
fn forward(child: &Child, signal: Signal) {
    if !signal.came_to_the_group() {
        child.signal(signal.raw());
    }
}

/// Never, without a time.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Internal, format!("the command cannot be waited for: {error}"))
}

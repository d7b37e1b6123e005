//! `tokenex get`: one credential on standard output, and nothing else there.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use tokio::runtime::Runtime;

use crate::args::{Format, Get, Global};
use crate::catalog::{Catalog, Managed, Snapshot};
use crate::config;
use crate::failure::{Exit, Failure};
use crate::output::{self, Stdout};
use crate::{formats, runtime, time};

/// Enough for any number of failures in between: `--min-valid` makes up to two exchanges, each with its own deadline.
const LONGEST: Duration = Duration::from_secs(120);

/// How long a target may take to withdraw what nobody got.
const IN_VAIN: Duration = Duration::from_secs(3);

/// Exchanges once, prints, and leaves the credential alive.
pub(crate) fn run(global: &Global, command: Get) -> Result<ExitCode, Failure> {
    let done = get(global, &command);
    // Its readers take standard error for a part of the answer, and look for failures in the answer.
    match (done, command.format) {
        (Err(failure), Format::GoogleExecutable) => {
            print(formats::google_executable::failed(&failure).expose())?;
            Ok(failure.exit().into())
        }
        (Err(failure), _) => Err(failure),
        (Ok(()), _) => Ok(ExitCode::SUCCESS),
    }
}

fn get(global: &Global, command: &Get) -> Result<(), Failure> {
    if command.field.is_some() && command.format != Format::Value {
        return Err(Failure::usage("--field goes with --format value only"));
    }
    let config = config::load(global.config.as_deref())?;
    let runtime = runtime::start()?;
    let catalog = runtime.block_on(Catalog::open(&config, std::slice::from_ref(&command.name)))?;
    match exchange_and_print(&runtime, &catalog, command) {
        Ok(()) => {
            // In this order: a handle that is let go of while its runtime lives is revoked. Here the credential is the
            // caller's, and the login that a lease dies with must stay too.
            drop(runtime);
            drop(catalog);
            Ok(())
        }
        Err(failure) => {
            // Nobody has it, so nobody would miss it: a login that was good, for a secret that is not to be had.
            runtime.block_on(catalog.shutdown(IN_VAIN));
            Err(failure)
        }
    }
}

fn exchange_and_print(runtime: &Runtime, catalog: &Catalog, command: &Get) -> Result<(), Failure> {
    let unknown = || Failure::usage(format!("there is no credential {:?}", command.name));
    let managed = catalog.get(&command.name).ok_or_else(unknown)?;
    formats::check(command.format, command.field.as_deref(), managed)?;
    let snapshot = runtime.block_on(exchange(managed, command.min_valid))?;
    let text = formats::render(command.format, command.field.as_deref(), managed, &snapshot)?;
    print(text.expose())?;
    if snapshot.leased {
        warn_of_lease(managed.name(), &snapshot);
    }
    Ok(())
}

/// One exchange; another one only when the first brings less than was asked for.
async fn exchange(managed: &Managed, min_valid: Option<Duration>) -> Result<Snapshot, Failure> {
    let first = managed.get().await;
    let last = match (first, min_valid) {
        (Ok(_), Some(at_least)) => managed.valid_for(at_least, LONGEST).await,
        (first, _) => first,
    };
    last.map_err(|error| Failure::from(&error).about(managed.name()))
}

fn print(text: &str) -> Result<(), Failure> {
    match output::data(text)? {
        Stdout::Open => Ok(()),
        Stdout::Closed => {
            Err(Failure::new(Exit::Internal, "standard output was closed before the credential was written"))
        }
    }
}

fn warn_of_lease(name: &str, snapshot: &Snapshot) {
    let end = match snapshot.expires_at {
        Some(at) => format!("it ends {}", time::from_now(at, SystemTime::now())),
        None => "it ends when the server says so".to_owned(),
    };
    output::note(format_args!(
        "tokenex: nothing renews the lease of {name:?} from here on: {end}\n  \
         `tokenex exec` keeps it alive for as long as a command runs, `tokenex watch` for as long as it runs itself"
    ));
}

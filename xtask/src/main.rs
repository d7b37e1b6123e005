//! Housekeeping for the tokenex workspace, behind `cargo xtask`.
//!
//! One file per command. Everything they download or write lands under `target/`.

// What a command prints is its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

mod api;
mod bench;
mod canary;
mod demo;
mod fuzz;
mod process;
mod sabotage;
mod services;
mod sim;
mod soak;
mod stress;
mod test;
mod workspace;

const HELP: &str = "\
Housekeeping for the tokenex workspace.

Usage: cargo xtask COMMAND

  test [--offline-only] [--no-sabotage] [--only=STAGE]
        Everything that must hold before a change goes in: format, lints, unit,
        integration and doc tests, feature combinations, documentation, licences,
        public API, tests on real servers, sabotage. Installs what it needs under
        target/. The last line names the number of real-server tests that ran.
        --offline-only leaves out what needs real servers, and says so.
        --no-sabotage leaves out the sabotage, the longest stage. --only=STAGE runs
        the stages whose name holds STAGE, and is no proof of the rest.

  services [--fetch-only] [-- PROGRAM ARGUMENT...]
        Starts PostgreSQL and OpenBao on free loopback ports, tells how to connect,
        and stops them at Ctrl-C. With a program: runs it with the addresses in its
        environment, and stops them when it ends. --fetch-only installs what is
        missing, with what only tests need (Azurite, foreign clients for Python), and
        starts nothing.

  demo vault
        A walkthrough on real servers: a JWT becomes database credentials that stay
        fresh for half a minute and are gone after the close.

  soak [--for 30s|10m|2h] [--seed N]
        Live database users on real servers, through bad days that the seed decides: the
        network cut, silent and slow, OpenBao stopped and sealed, PostgreSQL down. Ten
        logins a second; fails when one is refused that should have worked, or when
        something is left behind. Ten minutes unless told.

  sabotage [N]
        Breaks each promise (or promise N) of a handle on purpose, in a copy under
        target/, and demands that the promise's test notices.

  fuzz [TARGET...] [--for 60s] [--seed N] [--input FILE]
        Hostile answers, tokens and files for everything that reads what comes from
        outside: the corpus of each target in fuzz/, then changes to it, for so long
        each. What crashes is kept under target/fuzz/ and tried first the next time;
        --input tries one file alone.

  canary [--offline-only | --planted]
        Every secret of every test, searched in all that the tests print, log, pass to
        processes and write. `test` does so too. --planted shows only that leaks planted
        in each place are found.

  sim [--seed N] [--seeds COUNT] [--days DAYS]
        Months of bad days on a virtual clock: every provider before its twin, all that
        happens drawn from a seed. Without options 200 seeds of three days each; with a
        seed, 30 days of it. A seed that fails says how to replay it.

  stress [--for 30s|10m|2h] [--rounds COUNT] [--first N | --seed N] [--threads N]
        The engine on real threads: short lives in which callers read, wait, report,
        listen, close and leave at once, planned by seeds. Thirty seconds unless told.
        A round that fails names its seed; --seed lives that plan again and again, since
        the order of the threads is nobody's to choose. --first begins with that seed.

  api [--bless]
        Compares the public API of each published crate with its public-api.txt.
        --bless writes the files anew.

  bench [--quick] [ROW...]
        What things cost, beside their floors and the libraries that people use today:
        all rows, or those that are named, written into docs/performance.md. --quick
        tries them out with small numbers and writes nothing. The row `build` builds
        programs from nothing and takes the longest.

  help
        This text.
";

/// Why a command failed, in words for the person who called it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        ["test", options @ ..] => test::run(&test::Options::parse(options)?),
        ["services", "--fetch-only"] => services::fetch_only(),
        ["services"] => services::run(&[]),
        ["services", "--", command @ ..] => services::run(command),
        ["demo", "vault"] => demo::vault(),
        ["soak", arguments @ ..] if !arguments.contains(&"--help") => soak::run(arguments),
        ["sabotage"] => sabotage::run(None),
        ["sabotage", promise] => sabotage::run(Some(promise)),
        ["sim", options @ ..] => sim::simulate(options),
        ["stress", options @ ..] if !options.contains(&"--help") => stress::stress(options),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["canary", arguments @ ..] if !arguments.contains(&"--help") => canary::command(arguments),
        ["fuzz", arguments @ ..] if !arguments.contains(&"--help") => fuzz::run_targets(arguments),
        ["api"] => api::compare(),
        ["api", "--bless"] => api::bless(),
        ["help" | "--help" | "-h"] | [_, "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!("`cargo xtask {}` is not a command. These are:\n\n{HELP}", arguments.join(" ")).into()),
    }
}

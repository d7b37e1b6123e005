//! `cargo xtask test`: the one test command.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{Failure, workspace::Workspace};

mod deny;
mod dependencies;
mod disk;
mod foreign_types;
mod real;
mod stages;
mod umbrella;

pub(crate) use stages::run_program;

/// What was asked for on the command line.
#[derive(Default)]
pub(crate) struct Options {
    offline_only: bool,
    no_sabotage: bool,
    only: Option<String>,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self::default();
        for argument in arguments {
            match *argument {
                "--offline-only" => options.offline_only = true,
                "--no-sabotage" => options.no_sabotage = true,
                only if only.starts_with("--only=") => options.only = Some(only["--only=".len()..].to_owned()),
                other => {
                    return Err(format!("`cargo xtask test` has no option `{other}`; see `cargo xtask help`").into());
                }
            }
        }
        Ok(options)
    }
}

/// Runs every stage, also after one failed, and fails at the end if any did: a
/// formatting slip should not hide a broken test.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut report = Report { only: options.only.clone(), ..Report::default() };
    let Some(workspace) = report.always("Cargo.lock is up to date", Workspace::load) else {
        return report.finish("real-server tests: none ran, the workspace cannot be read");
    };
    report.build_dir = workspace.build_dir();
    if let Some(note) = disk::before(&report.build_dir) {
        println!("{note}");
    }
    report.stage("format", || stages::format(&workspace));
    report.stage("rust-version fits", || dependencies::rust_version(&workspace));
    report.stage("dependency rule", || dependencies::rule(&workspace));
    report.stage("isolation", || dependencies::isolation(&workspace));
    report.stage("umbrella", || umbrella::check(&workspace));
    report.stage("licences, bans, sources", || deny::check(&workspace));
    report.stage("lints, all features", || stages::lint(&workspace));
    report.stage("lints, other features", || stages::feature_combinations(&workspace));
    report.stage("unit and integration tests", || stages::tests(&workspace));
    report.stage("documentation tests", || stages::doc_tests(&workspace));
    report.stage("fuzz targets, a short run", || crate::fuzz::short(&workspace));
    report.stage("simulation", || crate::sim::stage(&workspace));
    report.stage("stress, a short run", || crate::stress::stage(&workspace));
    report.stage("examples", || stages::examples(&workspace));
    report.stage("third-party crate", || stages::third_party(&workspace));
    report.stage("documentation", || stages::documentation(&workspace));
    report.stage("public API", crate::api::compare);
    report.stage("foreign types", || foreign_types::check(&workspace));
    let last_line = if options.offline_only {
        let present = real::in_repository(&workspace)?;
        format!("real-server tests: 0 ran (--offline-only), {present} are in the repository")
    } else {
        report.stage("real servers at hand", crate::services::fetch_only);
        let mut passed = 0;
        report.stage("real-server tests", || real::run(&workspace, &mut passed));
        let present = real::in_repository(&workspace)?;
        format!("real-server tests: {passed} ran and passed, {present} are in the repository")
    };
    if options.no_sabotage {
        println!("\nThe sabotage was left out (--no-sabotage).");
    } else {
        report.stage("sabotage", || crate::sabotage::run(None));
    }
    if let Some(only) = &options.only {
        if report.stages.len() == 1 {
            return Err(format!("no stage is named like `{only}`").into());
        }
        return report.finish(&format!("only the stages named like `{only}` ran"));
    }
    report.finish(&last_line)
}

/// The stages that run under the canary, and nothing else.
pub(crate) fn under_the_canary(workspace: &Workspace, offline_only: bool) -> Result<(), Failure> {
    let mut report = Report { build_dir: workspace.build_dir(), ..Report::default() };
    report.stage("unit and integration tests", || stages::tests(workspace));
    if offline_only {
        return report.finish("the tests on real servers were left out (--offline-only)");
    }
    let mut passed = 0;
    report.stage("real servers at hand", crate::services::fetch_only);
    report.stage("real-server tests", || real::run(workspace, &mut passed));
    report.finish(&format!("real-server tests: {passed} ran and passed"))
}

/// What was done, how long it took and what went wrong.
#[derive(Default)]
struct Report {
    stages: Vec<Stage>,
    build_dir: PathBuf,
    only: Option<String>,
}

struct Stage {
    name: &'static str,
    took: Duration,
    failure: Option<String>,
}

impl Report {
    /// Runs one stage, if it is wanted; `None` if it failed.
    fn stage<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        let wanted = self.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
        if wanted { self.always(name, work) } else { None }
    }

    fn always<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        println!("\n==> {name}");
        let begin = Instant::now();
        let outcome = work();
        let took = begin.elapsed();
        let (value, failure) = match outcome {
            Ok(value) => (Some(value), None),
            Err(failure) => {
                eprintln!("{failure}");
                (None, Some(failure.to_string()))
            }
        };
        println!("<== {name}: {} in {:.1} s", word(failure.is_some()), took.as_secs_f64());
        self.stages.push(Stage { name, took, failure });
        value
    }

    /// Prints the table; `last_line` is the last line whatever happened.
    fn finish(&self, last_line: &str) -> Result<(), Failure> {
        println!();
        for stage in &self.stages {
            let seconds = stage.took.as_secs_f64();
            println!("{:<28} {:<6} {seconds:>7.1} s", stage.name, word(stage.failure.is_some()));
        }
        let total: Duration = self.stages.iter().map(|stage| stage.took).sum();
        println!("{:<28} {:<6} {:>7.1} s", "total", "", total.as_secs_f64());
        let failed: Vec<_> = self.stages.iter().filter(|stage| stage.failure.is_some()).collect();
        for stage in &failed {
            let why = stage.failure.as_deref().and_then(|why| why.lines().next());
            println!("FAILED: {}: {}", stage.name, why.unwrap_or_default());
        }
        if let Some(note) = disk::after(&self.build_dir).filter(|_| !failed.is_empty()) {
            println!("{note}");
        }
        println!("{last_line}");
        if failed.is_empty() {
            return Ok(());
        }
        // No text through `main`: the last line above must stay the last.
        std::process::exit(1);
    }
}

fn word(failed: bool) -> &'static str {
    if failed { "FAILED" } else { "ok" }
}

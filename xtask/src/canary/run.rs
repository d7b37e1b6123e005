//! Running test programs so that nothing of what they say is lost.

use std::{
    fmt::Write as _,
    fs::{self, File},
    process::{Command, ExitStatus, Stdio},
    time::{Instant, SystemTime},
};

use super::{files, finds::Finds, folder::Folder, planted, processes::Watch, programs::Program};
use crate::{Failure, workspace::Workspace};

/// The programs whose secrets are drawn from a seed: what is a secret in one story is a name in another. Of these only what
/// they print, pass on and write is searched, for the secrets of all others.
const SEEDED: &str = "sim ";

/// How much of what a failed program said is shown.
const SHOWN: usize = 200_000;

/// Runs all of them, one after another, and then searches everything that they left for every secret that they had. Adds the
/// summaries of the test harness to `summaries`, also when it fails in the end.
pub(crate) fn watch(workspace: &Workspace, programs: &[Program], summaries: &mut String) -> Result<(), Failure> {
    // A search that is blind would find nothing either.
    planted::check(workspace)?;
    let folder = Folder::make(workspace)?;
    let begin = SystemTime::now();
    let (mut failed, mut processes) = (Vec::new(), 0);
    for program in programs {
        let began = Instant::now();
        let (status, seen) = run_one(&folder, &program.name, program.command())?;
        processes += seen;
        let summary = summary(&folder, &program.name)?;
        if status.success() && summary.starts_with("test result: ok. 0 passed") {
            // Examples and programs without tests of their own.
            continue;
        }
        println!("{:<36} {} ({:.1} s)", program.name, summary.trim_end(), began.elapsed().as_secs_f64());
        writeln!(summaries, "{}", summary.trim_end())?;
        if !status.success() {
            show_output(&folder, &program.name)?;
            failed.push(format!("{} ({status})", program.name));
        }
    }
    println!("canary: {} test programs, {processes} processes", programs.len());
    // Other folders of other runs are theirs to search.
    let own = folder.path().parent().unwrap_or(folder.path()).to_owned();
    let written = files::written_since(begin, &[workspace.root.clone(), workspace.build_dir()], &[own]);
    let finds = Finds::of(&folder, &written)?;
    println!("{finds}");
    if !failed.is_empty() || !finds.leaks.is_empty() {
        println!("What the test programs said is kept in {}", folder.keep_what_was_said()?.display());
    }
    let mut wrong = Vec::new();
    if !failed.is_empty() {
        wrong.push(format!("failed: {}", failed.join(", ")));
    }
    if !finds.leaks.is_empty() {
        // In one line, and here: of a long run often only the end is kept.
        let places: Vec<_> = finds.leaks.keys().map(ToString::to_string).collect();
        wrong.push(format!("the canary found {} leaks: {}", places.len(), places.join("; ")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

/// Runs one program to its end, and says how many processes it had.
pub(super) fn run_one(folder: &Folder, name: &str, mut command: Command) -> Result<(ExitStatus, usize), Failure> {
    folder.lend(&mut command);
    if name.starts_with(SEEDED) {
        folder.keep_from(&mut command);
    }
    let output = folder.part(Folder::OUTPUT);
    let open = |kind: &str| File::create(output.join(format!("{name}.{kind}")));
    command.stdin(Stdio::null()).stdout(open("stdout")?).stderr(open("stderr")?);
    let mut child = command.spawn().map_err(|error| format!("{name} cannot be run: {error}"))?;
    let watch = Watch::begin(child.id(), &folder.part(Folder::PROCESSES))?;
    let status = child.wait()?;
    Ok((status, watch.end()?))
}

/// The lines of the harness that count its tests.
fn summary(folder: &Folder, name: &str) -> Result<String, Failure> {
    let output = fs::read(folder.part(Folder::OUTPUT).join(format!("{name}.stdout")))?;
    let output = String::from_utf8_lossy(&output);
    let summary: Vec<&str> = output.lines().filter(|line| line.starts_with("test result: ")).collect();
    Ok(if summary.is_empty() { "no result".to_owned() } else { summary.join("\n") })
}

fn show_output(folder: &Folder, name: &str) -> Result<(), Failure> {
    for kind in ["stdout", "stderr"] {
        let output = fs::read(folder.part(Folder::OUTPUT).join(format!("{name}.{kind}")))?;
        let shown = &output[output.len().saturating_sub(SHOWN)..];
        println!("---- {name}, {kind} ----\n{}", String::from_utf8_lossy(shown).trim_end());
    }
    Ok(())
}

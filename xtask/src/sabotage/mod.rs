//! `cargo xtask sabotage`: does each promise's test notice when the promise is
//! broken?
//!
//! `xtask/sabotage/promise_N_what.patch` breaks promise N in the engine. In a
//! copy of the workspace under `target/`, each patch must compile and must make
//! a test named `promise_N_...` fail, which passes without the patch.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{Failure, workspace::Workspace};

mod copy;
mod promises;

use copy::Copy;
use promises::Outcome;

/// Runs every patch, or those of one promise.
pub(crate) fn run(promise: Option<&str>) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let patches = patches(&workspace.root.join("xtask/sabotage"), promise)?;
    let copy = Copy::of(&workspace)?;

    println!("Building the promises without a patch ...");
    copy.restore()?;
    let tests = promises::build(&copy)?;
    for patch in &patches {
        // A test that fails anyway would make any patch look noticed.
        match promises::run(&tests, &copy, &patch.prefix)? {
            Outcome::Passed => {}
            Outcome::NoTest => return Err(format!("there is no test named {}...", patch.prefix).into()),
            other => {
                return Err(format!("without a patch, {}... {}", patch.prefix, other.word()).into());
            }
        }
    }

    let unattended = match promise {
        None => promises_without_patch(&promises::names(&tests)?, &patches),
        Some(_) => Vec::new(),
    };

    let mut survivors = Vec::new();
    let mut table = Vec::new();
    for patch in &patches {
        let begin = Instant::now();
        let verdict = verdict(&copy, patch)?;
        let line = format!("{:<52} {:<40} {:>6.1} s", patch.name, verdict.text(), begin.elapsed().as_secs_f64());
        println!("{line}");
        table.push(line);
        if !verdict.is_noticed() {
            survivors.push(patch.name.clone());
        }
    }
    copy.restore()?;

    println!(
        "\n{}\n{} of {} sabotages were noticed.",
        table.join("\n"),
        patches.len() - survivors.len(),
        patches.len()
    );
    let mut complaints = Vec::new();
    if !survivors.is_empty() {
        complaints.push(format!("not noticed: {}", survivors.join(", ")));
    }
    if !unattended.is_empty() {
        complaints.push(format!("no patch in xtask/sabotage breaks {}", unattended.join(", ")));
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ").into()) }
}

/// The promises that have a test and no patch, as `promise_N_`.
fn promises_without_patch(tests: &[String], patches: &[Patch]) -> Vec<String> {
    let tested: BTreeSet<_> = tests
        .iter()
        // The names come with the path of their module.
        .filter_map(|name| number(name.rsplit("::").next()?))
        .map(|number| format!("promise_{number}_"))
        .collect();
    let is_broken = |prefix: &String| patches.iter().any(|patch| patch.prefix == *prefix);
    tested.into_iter().filter(|prefix| !is_broken(prefix)).collect()
}

struct Patch {
    file: PathBuf,
    /// The file's name without its extension.
    name: String,
    /// How the names of the promise's tests begin: `promise_N_`.
    prefix: String,
}

fn patches(directory: &Path, promise: Option<&str>) -> Result<Vec<Patch>, Failure> {
    let mut patches = Vec::new();
    let entries = fs::read_dir(directory).map_err(|e| format!("cannot read {}: {e}", directory.display()))?;
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some(number) = number(&name) else {
            return Err(format!("{name}.patch is not named promise_N_what.patch").into());
        };
        let wanted = promise.is_none_or(|wanted| {
            let wanted = wanted.trim_start_matches('0');
            number.trim_start_matches('0') == wanted
        });
        if wanted {
            patches.push(Patch { prefix: format!("promise_{number}_"), file, name });
        }
    }
    if patches.is_empty() {
        return Err(format!("no such patch in {}", directory.display()).into());
    }
    patches.sort_by_key(|patch| {
        let number: Option<u32> = number(&patch.name).and_then(|number| number.parse().ok());
        (number, patch.name.clone())
    });
    Ok(patches)
}

fn number(name: &str) -> Option<&str> {
    let (number, what) = name.strip_prefix("promise_")?.split_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !what.is_empty()).then_some(number)
}

enum Verdict {
    Ran(Outcome),
    /// The code has moved on and the patch has not.
    DoesNotApply,
    /// A compiler's error is no proof that a test looks.
    DoesNotCompile,
}

impl Verdict {
    fn is_noticed(&self) -> bool {
        matches!(self, Self::Ran(Outcome::Failed | Outcome::Hung))
    }

    fn text(&self) -> String {
        match self {
            Self::Ran(Outcome::Failed) => "noticed: the test failed".to_owned(),
            Self::Ran(Outcome::Hung) => "noticed: the test did not end".to_owned(),
            Self::Ran(Outcome::Passed) => "NOT NOTICED: the test passed".to_owned(),
            Self::Ran(Outcome::NoTest) => "NOT NOTICED: no such test".to_owned(),
            Self::DoesNotApply => "DOES NOT APPLY: renew the patch".to_owned(),
            Self::DoesNotCompile => "DOES NOT COMPILE: renew the patch".to_owned(),
        }
    }
}

fn verdict(copy: &Copy, patch: &Patch) -> Result<Verdict, Failure> {
    copy.restore()?;
    if let Err(refusal) = copy.apply(&patch.file) {
        eprintln!("{refusal}");
        return Ok(Verdict::DoesNotApply);
    }
    let tests = match promises::build(copy) {
        Ok(tests) => tests,
        Err(errors) => {
            eprintln!("{errors}");
            return Ok(Verdict::DoesNotCompile);
        }
    };
    promises::run(&tests, copy, &patch.prefix).map(Verdict::Ran)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_patch_is_named_after_its_promise() {
        assert_eq!(number("promise_7_spacing_has_no_floor"), Some("7"));
        assert_eq!(number("promise_07_x"), Some("07"));
        assert_eq!(number("promise_x_7"), None);
        assert_eq!(number("promise_7"), None);
        assert_eq!(number("promise_7_"), None);
    }
}

//! `cargo xtask bench build`: what a program pays that depends on one provider crate, beside one that depends on the
//! cloud's own crate for the same: crates, and processor time of a clean build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Failure;
use crate::process::{cargo, read};
use crate::workspace::Workspace;

/// One program that depends on one crate.
struct Subject {
    name: &'static str,
    /// The line below `[dependencies]`; `{root}` is the workspace.
    dependency: &'static str,
}

/// Peers with the TLS that they bring by themselves, since that is what a program pays for.
const SUBJECTS: [Subject; 4] = [
    Subject { name: "tokenex-aws", dependency: r#"tokenex-aws = { path = "{root}/crates/tokenex-aws" }"# },
    Subject { name: "aws-config", dependency: r#"aws-config = "=1.13.0""# },
    Subject { name: "tokenex-gcp", dependency: r#"tokenex-gcp = { path = "{root}/crates/tokenex-gcp" }"# },
    Subject { name: "google-cloud-auth", dependency: r#"google-cloud-auth = "=1.18.0""# },
];

/// Builds each from nothing, one after another, and prints a table.
pub(crate) fn run() -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let place = workspace.target().join("bench-build");
    let mut table = String::from("| a program with | crates | processor time | at the clock |\n|---|---|---|---|\n");
    for subject in &SUBJECTS {
        let package = place.join(subject.name);
        lay_out(subject, &package, &workspace.root)?;
        let built = place.join("target");
        if built.exists() {
            fs::remove_dir_all(&built)?;
        }
        println!("building a program with {} from nothing ...", subject.name);
        let in_package = |arguments: &[&str]| {
            let mut command = cargo(&package);
            command.args(arguments).env("CARGO_TARGET_DIR", &built).stdin(Stdio::null());
            command
        };
        read(&mut in_package(&["fetch", "--quiet"]))?;
        let tree = read(&mut in_package(&["tree", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"]))?;
        let crates = tree.lines().map(|line| line.trim_end_matches(" (proc-macro)")).collect::<BTreeSet<_>>();
        let (begin, before) = (Instant::now(), processor_time()?);
        read(&mut in_package(&["build", "--quiet", "--offline"]))?;
        let (wall, spent) = (begin.elapsed().as_secs_f64(), processor_time()? - before);
        // The program itself is not one of them.
        table += &format!("| `{}` | {} | {spent:.0} s | {wall:.0} s |\n", subject.name, crates.len() - 1);
    }
    fs::remove_dir_all(place.join("target"))?;
    println!("\n{table}");
    Ok(())
}

fn lay_out(subject: &Subject, package: &Path, root: &Path) -> Result<(), Failure> {
    fs::create_dir_all(package.join("src"))?;
    let dependency = subject.dependency.replace("{root}", &root.display().to_string());
    // A workspace of its own, so that it does not join ours.
    let manifest = format!(
        "[package]\nname = \"only-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\n\n[workspace]\n",
        subject.name
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    fs::write(package.join("src/main.rs"), "fn main() {}\n")?;
    Ok(())
}

/// Processor time of all children that have ended, in seconds.
fn processor_time() -> Result<f64, Failure> {
    // Fields 16 and 17 of proc_pid_stat(5), in ticks; the second field is a name in brackets that may hold blanks.
    let stat = fs::read_to_string("/proc/self/stat").map_err(|_| "processor time is read from /proc, on Linux")?;
    let after_name = stat.rsplit_once(") ").ok_or("/proc/self/stat has another form")?.1;
    let ticks: Vec<f64> = after_name.split(' ').skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    let per_second: f64 = read(Command::new("getconf").arg("CLK_TCK"))?.trim().parse()?;
    Ok(ticks.iter().sum::<f64>() / per_second)
}

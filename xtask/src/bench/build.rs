//! The row `build`: what a program pays that depends on one provider crate, beside one that depends on the
//! cloud's own crate for the same: crates, and processor time of a clean build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;
use crate::process::{cargo, read};
use crate::workspace::Workspace;

/// One program that depends on one crate.
struct Subject {
    name: &'static str,
    /// The line below `[dependencies]`; `{root}` is the workspace.
    dependency: &'static str,
    /// The crate that programs use for the same today; empty for those crates themselves.
    beside: &'static str,
}

const fn ours(name: &'static str, dependency: &'static str, beside: &'static str) -> Subject {
    Subject { name, dependency, beside }
}

const fn peer(name: &'static str, dependency: &'static str) -> Subject {
    Subject { name, dependency, beside: "" }
}

/// Peers with the TLS that they bring by themselves, since that is what a program pays for. Oracle Cloud has no crate of its
/// own, so that of Vault, the smallest of the others, stands in.
const SUBJECTS: [Subject; 9] = [
    ours("tokenex-aws", r#"tokenex-aws = { path = "{root}/crates/tokenex-aws" }"#, "aws-config"),
    peer("aws-config", r#"aws-config = "=1.13.0""#),
    ours("tokenex-azure", r#"tokenex-azure = { path = "{root}/crates/tokenex-azure" }"#, "azure_identity"),
    peer("azure_identity", r#"azure_identity = "=1.0.0""#),
    ours("tokenex-gcp", r#"tokenex-gcp = { path = "{root}/crates/tokenex-gcp" }"#, "google-cloud-auth"),
    peer("google-cloud-auth", r#"google-cloud-auth = "=1.18.0""#),
    ours("tokenex-vault", r#"tokenex-vault = { path = "{root}/crates/tokenex-vault" }"#, "vaultrs"),
    ours("tokenex-oci", r#"tokenex-oci = { path = "{root}/crates/tokenex-oci" }"#, "vaultrs"),
    peer("vaultrs", r#"vaultrs = "=0.8.0""#),
];

/// What a program costs to build.
struct Cost {
    name: &'static str,
    beside: &'static str,
    crates: usize,
    seconds: f64,
}

/// Builds each from nothing, one after another; returns the section of the report.
pub(super) fn run(workspace: &Workspace) -> Result<String, Failure> {
    let place = workspace.target().join("bench-build");
    let costs = SUBJECTS.iter().map(|subject| build(subject, &place, workspace)).collect::<Result<Vec<_>, _>>()?;
    fs::remove_dir_all(place.join("target"))?;
    Ok(section(&costs))
}

fn section(costs: &[Cost]) -> String {
    let mut text = String::from(
        "### Building a program that uses one cloud\n\nA program that depends on one crate with its default features and nothing \
         else, built from nothing in debug mode: crates in `cargo tree --edges normal,build`, itself left out, and processor \
         time of all compilers.\n\n| a program with | crates | processor time, s | crates, of the other | time, of the other \
         |\n|---|---:|---:|---:|---:|\n",
    );
    let mut goals = String::new();
    for Cost { name, beside, crates, seconds } in costs {
        let Some(other) = costs.iter().find(|other| other.name == *beside) else {
            text += &format!("| `{name}` | {crates} | {seconds:.0} | | |\n");
            continue;
        };
        let of_crates = *crates as f64 / other.crates as f64;
        let of_time = seconds / other.seconds;
        text += &format!("| `{name}` | {crates} | {seconds:.0} | {of_crates:.2} | {of_time:.2} |\n");
        let met = if of_crates <= 1.1 && of_time <= 1.1 { "met" } else { "**missed**" };
        goals += &format!(
            "<!-- goal: clean build with `{name}` | {crates} crates, {seconds:.0} s of processor time | `{beside}` {}, {:.0} s | \
             at most 1.1 times the other in both | {met} -->\n",
            other.crates, other.seconds
        );
    }
    format!("{text}\n{OCI}\n\n{goals}")
}

/// What stands beside the figures as long as they are what they are.
const OCI: &str = "`tokenex-oci` needs 43 crates that `tokenex-vault` does not, and all of them for keys: those of RSA, since a session \
                   key is made in memory and ring makes none (28), of encrypted keys, which resource principals may have (10), of \
                   certificates, which instances show (4), and of the fingerprints that Oracle wants (1). They are small: it builds in \
                   less time than `vaultrs`. Encrypted keys behind a feature of their own would save ten crates and not reach the goal.";

fn build(subject: &Subject, place: &Path, workspace: &Workspace) -> Result<Cost, Failure> {
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
    let before = processor_time()?;
    read(&mut in_package(&["build", "--quiet", "--offline"]))?;
    let seconds = processor_time()? - before;
    // The program itself is not one of them.
    Ok(Cost { name: subject.name, beside: subject.beside, crates: crates.len() - 1, seconds })
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

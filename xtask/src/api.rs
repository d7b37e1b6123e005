//! `cargo xtask api`: the public API of each published library, as a checked-in
//! text, so that a change of it is seen in review.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Failure, process,
    workspace::{Member, Workspace},
};

/// Fails with the difference if a crate's API is not the checked-in one. Never
/// writes.
pub(crate) fn compare() -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let mut changed = Vec::new();
    for member in workspace.libraries() {
        let checked_in = fs::read_to_string(snapshot(&member)).unwrap_or_default();
        let present = public_api(&workspace, &member)?;
        if checked_in != present {
            println!("The public API of {} is not the one in public-api.txt:", member.name);
            print_difference(&checked_in, &present);
            changed.push(member.name.to_owned());
        }
    }
    if changed.is_empty() {
        println!("The public API of each published library is the checked-in one.");
        return Ok(());
    }
    Err(format!(
        "the public API of {} changed. If that is meant, run `cargo xtask api --bless`, look at \
         the difference and commit it",
        changed.join(", ")
    )
    .into())
}

/// Writes the present API of each published library.
pub(crate) fn bless() -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    for member in workspace.libraries() {
        fs::write(snapshot(&member), public_api(&workspace, &member)?)?;
        println!("wrote the public API of {}", member.name);
    }
    Ok(())
}

fn snapshot(member: &Member<'_>) -> PathBuf {
    member.directory.join("public-api.txt")
}

/// One item a line, sorted by the `public-api` crate. Implementations that
/// follow from others (auto traits, blanket and derived ones) are left out.
fn public_api(workspace: &Workspace, member: &Member<'_>) -> Result<String, Failure> {
    let api = public_api::Builder::from_rustdoc_json(rustdoc_json(workspace, member)?)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|e| {
            format!(
                "cannot read rustdoc's JSON for {}: {e}. Its format moves with the compiler: see \
                 the version of `public-api` in xtask/Cargo.toml",
                member.name
            )
        })?;
    Ok(api.to_string())
}

/// rustdoc writes JSON only as an unstable option. A wrapper allows that to
/// rustdoc alone: cargo itself must not see `RUSTC_BOOTSTRAP`, or build scripts
/// would notice and half of the dependencies would be built again.
fn rustdoc_json(workspace: &Workspace, member: &Member<'_>) -> Result<PathBuf, Failure> {
    let wrapper: PathBuf = [env!("CARGO_MANIFEST_DIR"), "rustdoc-json.sh"].iter().collect();
    process::read(
        process::cargo(&workspace.root)
            .args(["rustdoc", "--locked", "--all-features", "--lib", "--package", member.name])
            .args(["--", "-Z", "unstable-options", "--output-format=json", "--cap-lints=allow"])
            .env("RUSTDOC", wrapper),
    )?;
    let file = format!("{}.json", member.name.replace('-', "_"));
    let json = workspace.build_dir().join("doc").join(file);
    exists(&json).map(|()| json)
}

fn exists(path: &Path) -> Result<(), Failure> {
    if path.is_file() {
        return Ok(());
    }
    Err(format!("rustdoc left no JSON at {}", path.display()).into())
}

fn print_difference(before: &str, after: &str) {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (before.lines().collect(), after.lines().collect());
    for gone in before.difference(&after) {
        println!("  - {gone}");
    }
    for new in after.difference(&before) {
        println!("  + {new}");
    }
}

//! What one feature of the umbrella crate compiles, as `cargo tree` sees it.

use std::collections::BTreeSet;

use super::dependencies::{NOWHERE, SDKS};
use crate::{
    Failure,
    process::{cargo, read},
    workspace::Workspace,
};

/// Each provider's feature, with the crate it stands for.
const PROVIDERS: [(&str, &str); 5] = [
    ("aws", "tokenex-aws"),
    ("azure", "tokenex-azure"),
    ("gcp", "tokenex-gcp"),
    ("oci", "tokenex-oci"),
    ("vault", "tokenex-vault"),
];

/// What a tree without TLS and without an HTTP client has none of.
const NETWORK: [&str; 6] = ["hyper", "reqwest", "ring", "rustls", "tokio-rustls", "webpki-roots"];

/// One feature pulls one cloud, no feature pulls none and no TLS, and all of them together have one crypto provider.
pub(super) fn check(workspace: &Workspace) -> Result<(), Failure> {
    for package in ["tokenex", "tokenex-core"] {
        let tree = tree(workspace, package, "")?;
        absent(package, &tree, &NETWORK)?;
        println!("{package} without features: {} crates, no TLS", tree.len());
    }
    for (feature, crate_name) in PROVIDERS {
        let tree = tree(workspace, "tokenex", feature)?;
        let other_crates = PROVIDERS.iter().map(|(_, name)| *name).filter(|name| *name != crate_name);
        absent(feature, &tree, &other_crates.collect::<Vec<_>>())?;
        let other_sdks = SDKS.iter().filter(|(owner, _)| *owner != crate_name).flat_map(|(_, starts)| *starts);
        if let Some(foreign) = other_sdks.flat_map(|start| tree.iter().find(|name| name.starts_with(start))).next() {
            return Err(format!("the feature `{feature}` pulls in {foreign}, which is another provider's").into());
        }
        if !tree.contains(crate_name) {
            return Err(format!("the feature `{feature}` does not pull in {crate_name}").into());
        }
        absent(feature, &tree, &NOWHERE)?;
        println!("tokenex with `{feature}`: {} crates, of one provider", tree.len());
    }
    let full = tree(workspace, "tokenex", "full")?;
    absent("full", &full, &NOWHERE)?;
    if let Some((_, missing)) = PROVIDERS.iter().find(|(_, name)| !full.contains(*name)) {
        return Err(format!("`full` leaves out {missing}").into());
    }
    println!("tokenex with `full`: {} crates, ring the only crypto provider of rustls", full.len());
    Ok(())
}

/// The names in the tree of normal dependencies, on every platform.
fn tree(workspace: &Workspace, package: &str, features: &str) -> Result<BTreeSet<String>, Failure> {
    let text = read(
        cargo(&workspace.root)
            .args(["tree", "--locked", "--package", package, "--no-default-features", "--features", features])
            .args(["--edges", "normal", "--target", "all", "--prefix", "none", "--format", "{p}"]),
    )?;
    Ok(text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn absent(of: &str, tree: &BTreeSet<String>, names: &[&str]) -> Result<(), Failure> {
    match names.iter().find(|name| tree.contains(**name)) {
        Some(name) => Err(format!("`{of}` pulls in {name}").into()),
        None => Ok(()),
    }
}

//! What the resolved dependency tree must and must not hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    Failure,
    workspace::{Member, Workspace},
};

/// Each member's `rust-version` is at least the highest in its tree of normal
/// dependencies, on all platforms and with all features: whoever has that
/// compiler can build it.
pub(super) fn rust_version(workspace: &Workspace) -> Result<(), Failure> {
    let graph = Graph::of(workspace);
    let mut wrong = Vec::new();
    for member in workspace.members() {
        let own = workspace.package(member.id).map(version).unwrap_or_default();
        let highest = graph
            .reachable(member.id)
            .into_iter()
            .filter_map(|id| workspace.package(id))
            .max_by_key(|package| version(package));
        let Some(highest) = highest else { continue };
        println!(
            "{}: {}, highest in its tree {} ({})",
            member.name,
            written(own),
            written(version(highest)),
            highest["name"].as_str().unwrap_or_default(),
        );
        if version(highest) > own {
            wrong.push(member.name);
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("the rust-version of {} is below that of a dependency", wrong.join(", ")).into())
}

/// A provider crate never depends on another provider crate: someone who needs
/// one cloud compiles one cloud.
pub(super) fn rule(workspace: &Workspace) -> Result<(), Failure> {
    let graph = Graph::of(workspace);
    let members = workspace.members();
    let providers: Vec<_> = members.iter().filter(|member| is_provider(member)).collect();
    for provider in &providers {
        let tree = graph.reachable(provider.id);
        if let Some(other) = providers.iter().find(|other| other.id != provider.id && tree.contains(other.id)) {
            return Err(format!(
                "{} depends on {}: what two providers share belongs to tokenex-core",
                provider.name, other.name
            )
            .into());
        }
    }
    println!("{} provider crate(s), none depends on another", providers.len());
    Ok(())
}

/// Whose SDK a crate belongs to, by how its name begins.
pub(super) const SDKS: [(&str, &[&str]); 5] = [
    ("tokenex-aws", &["aws-", "aws_"]),
    ("tokenex-azure", &["azure_", "typespec"]),
    ("tokenex-gcp", &["google-cloud", "gcloud"]),
    ("tokenex-oci", &["oci-", "oci_"]),
    ("tokenex-vault", &["vaultrs", "rustify"]),
];

/// What must be in nobody's tree: one TLS, without a C library.
pub(super) const NOWHERE: [&str; 6] = ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "boring-sys"];

/// A provider's tree holds no crate of another provider's SDK, and nobody's holds OpenSSL: on all platforms, with all
/// features.
pub(super) fn isolation(workspace: &Workspace) -> Result<(), Failure> {
    let graph = Graph::of(workspace);
    for member in workspace.members() {
        let is_provider = is_provider(&member);
        for id in graph.reachable(member.id) {
            let name = workspace.package(id).and_then(|package| package["name"].as_str()).unwrap_or_default();
            let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
            let foreign = SDKS.iter().find(|(owner, starts)| *owner != member.name && begins(starts));
            if let Some((owner, _)) = foreign.filter(|_| is_provider) {
                return Err(format!("{} pulls in {name}, which is for {owner}", member.name).into());
            }
            if NOWHERE.contains(&name) {
                return Err(format!("{} pulls in {name}: TLS is rustls on ring", member.name).into());
            }
        }
    }
    println!("no provider pulls in the SDK of another, and nobody pulls in {}", NOWHERE.join(", "));
    Ok(())
}

/// By exclusion, so that a new provider is looked at without being named here. The umbrella is `tokenex`, without a dash.
fn is_provider(member: &Member<'_>) -> bool {
    let others = ["tokenex-core", "tokenex-testkit", "tokenex-cli", "tokenex-examples"];
    member.name.starts_with("tokenex-") && !others.contains(&member.name)
}

/// Who depends on whom, without development and build dependencies.
struct Graph<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Graph<'a> {
    fn of(workspace: &'a Workspace) -> Self {
        let nodes = workspace.metadata["resolve"]["nodes"].as_array();
        let edges = nodes.into_iter().flatten().filter_map(|node| {
            let dependencies = node["deps"].as_array()?.iter().filter(|edge| is_normal(edge));
            let ids = dependencies.filter_map(|edge| edge["pkg"].as_str()).collect();
            Some((node["id"].as_str()?, ids))
        });
        Self(edges.collect())
    }

    fn reachable(&self, from: &'a str) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(self.0.get(id).into_iter().flatten());
            }
        }
        seen
    }
}

fn is_normal(edge: &Value) -> bool {
    edge["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
}

/// `rust-version` as comparable numbers; zeros where none is given.
fn version(package: &Value) -> (u32, u32, u32) {
    let text = package["rust_version"].as_str().unwrap_or_default();
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

fn written((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

//! What cargo knows about the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Failure, process};

/// The workspace and everything it depends on.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) metadata: Value,
}

/// One of the workspace's own crates.
pub(crate) struct Member<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) directory: &'a Path,
    package: &'a Value,
}

impl Workspace {
    /// Asks `cargo metadata`, all features on. `--locked` makes it fail when
    /// `Cargo.lock` is out of date.
    pub(crate) fn load() -> Result<Self, Failure> {
        let here = std::env::current_dir()?;
        let text = process::read(process::cargo(&here).args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ]))?;
        let metadata: Value = serde_json::from_str(&text)?;
        let root = metadata["workspace_root"].as_str().ok_or("cargo metadata tells no root")?;
        Ok(Self { root: root.into(), metadata })
    }

    /// Where cargo builds.
    pub(crate) fn build_dir(&self) -> PathBuf {
        PathBuf::from(self.metadata["target_directory"].as_str().unwrap_or("target"))
    }

    /// Where our own files go.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    pub(crate) fn members(&self) -> Vec<Member<'_>> {
        let ids = self.metadata["workspace_members"].as_array();
        ids.into_iter().flatten().filter_map(|id| self.member(id.as_str()?)).collect()
    }

    /// The crates that go to the registry.
    pub(crate) fn published(&self) -> Vec<Member<'_>> {
        let mut members = self.members();
        // cargo: null is "anywhere", an empty list is `publish = false`.
        members.retain(|member| member.package["publish"].is_null());
        members
    }

    /// Those of [`published`](Self::published) that others link against.
    pub(crate) fn libraries(&self) -> Vec<Member<'_>> {
        let mut members = self.published();
        members.retain(|member| member.directory.join("src/lib.rs").is_file());
        members
    }

    pub(crate) fn package(&self, id: &str) -> Option<&Value> {
        let packages = self.metadata["packages"].as_array();
        packages.into_iter().flatten().find(|package| package["id"] == id)
    }

    fn member<'a>(&'a self, id: &'a str) -> Option<Member<'a>> {
        let package = self.package(id)?;
        Some(Member {
            id,
            name: package["name"].as_str()?,
            directory: Path::new(package["manifest_path"].as_str()?).parent()?,
            package,
        })
    }
}

impl<'a> Member<'a> {
    pub(crate) fn features(&self) -> Vec<&'a str> {
        let features = self.package["features"].as_object();
        features.into_iter().flat_map(|features| features.keys()).map(String::as_str).collect()
    }

    /// The names of its integration test programs.
    pub(crate) fn tests(&self) -> Vec<&'a str> {
        let targets = self.package["targets"].as_array();
        targets
            .into_iter()
            .flatten()
            .filter(|target| target["kind"][0] == "test")
            .filter_map(|target| target["name"].as_str())
            .collect()
    }
}

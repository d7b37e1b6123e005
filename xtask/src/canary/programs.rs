//! The test programs that cargo builds.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{Failure, process};

/// One test program.
pub(crate) struct Program {
    /// The crate and the target: `tokenex-vault scripted`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Where cargo would run it.
    pub(super) directory: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Program {
    /// Builds what `cargo_test` would run, in the order in which it would.
    pub(crate) fn build(cargo_test: &mut Command) -> Result<Vec<Self>, Failure> {
        cargo_test.args(["--no-run", "--message-format=json-render-diagnostics"]).stdout(Stdio::piped());
        println!("$ {}", process::text(cargo_test));
        let mut child = cargo_test.spawn()?;
        let mut programs = Vec::new();
        for line in BufReader::new(child.stdout.take().ok_or("no pipe")?).lines() {
            programs.extend(serde_json::from_str(&line?).ok().as_ref().and_then(Self::read));
        }
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("the test programs cannot be built ({status})").into());
        }
        programs.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(programs)
    }

    /// `None` for whatever is no test program.
    fn read(message: &Value) -> Option<Self> {
        if message["profile"]["test"] != true {
            return None;
        }
        let path = PathBuf::from(message["executable"].as_str()?);
        let directory = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        let (package, target) = (directory.file_name()?.to_str()?, message["target"]["name"].as_str()?);
        let kind = message["target"]["kind"][0].as_str()?;
        let name = if kind == "test" { format!("{package} {target}") } else { format!("{package} {kind} {target}") };
        // Captured output of a test that passes would never be seen.
        Some(Self { name, path, directory, arguments: vec!["--nocapture".to_owned()] })
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).current_dir(&self.directory);
        // As cargo does; ours are those of this program.
        command.env("CARGO_MANIFEST_DIR", &self.directory);
        for name in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_PATH", "CARGO_BIN_NAME"] {
            command.env_remove(name);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn test_programs_are_told_from_what_is_only_built() {
        let message = |test: bool, executable: Value| {
            json!({"reason": "compiler-artifact", "manifest_path": "/w/crates/tokenex-vault/Cargo.toml", "executable": executable,
                "target": {"name": "scripted", "kind": ["test"]}, "profile": {"test": test}})
        };
        let program = Program::read(&message(true, json!("/t/debug/deps/scripted-1"))).unwrap();
        assert_eq!(
            (program.name.as_str(), program.directory.to_str().unwrap()),
            ("tokenex-vault scripted", "/w/crates/tokenex-vault")
        );
        assert!(Program::read(&message(false, json!("/t/debug/tokenex"))).is_none());
        assert!(Program::read(&message(true, Value::Null)).is_none());
        assert!(Program::read(&json!({"reason": "build-finished", "success": true})).is_none());
    }
}

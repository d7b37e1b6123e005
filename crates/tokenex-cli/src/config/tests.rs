//! Files, whole: what is wrong with them and how it is said, and that parser and schema agree.

mod any_text;
mod docs;
mod meaning;
mod problems;
mod schema;
mod warnings;

use std::path::{Path, PathBuf};

use super::{Config, Parsed, Place, Problem, SourceText, parse, report};

/// The sample of the documentation.
const SAMPLE: &str = include_str!("../../../../docs/tokenex.toml");

/// An environment with one variable.
fn variable(name: &str) -> Option<String> {
    (name == "HOST").then(|| "vault.example".to_owned())
}

fn read(text: &str) -> (SourceText, Parsed) {
    let text = SourceText::new("tokenex.toml", text);
    let parsed = parse(&text, &Place { folder: Path::new("/nowhere"), variable: &variable });
    (text, parsed)
}

/// The report of a file, without colours.
fn told(text: &str) -> String {
    let (text, parsed) = read(text);
    report(&parsed.problems, &text, false)
}

fn is_sound(text: &str) -> bool {
    !read(text).1.problems.iter().any(Problem::is_error)
}

/// What a file without errors means.
fn meaning(text: &str) -> Config {
    let (text, parsed) = read(text);
    let errors: Vec<_> = parsed.problems.into_iter().filter(Problem::is_error).collect();
    assert!(errors.is_empty(), "{}", report(&errors, &text, false));
    parsed.config.unwrap()
}

/// A file with this behind its version and an identity `job`.
fn file(rest: &str) -> String {
    format!("version = 1\n[identity.job]\nsource = \"env\"\nvar = \"T\"\n{rest}")
}

/// A folder under `target` that goes with its value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/tmp")
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

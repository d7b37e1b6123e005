//! The documents in the repository and the code say the same.
#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tokenex_core::Policy;

/// `docs/refresh.md` has each field of the policy with its default.
#[test]
fn the_table_of_the_policy_has_each_field_with_its_default() {
    let printed = format!("{:#?}", Policy::default());
    let fields = printed.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    let in_code: BTreeSet<String> = fields.map(|(name, value)| format!("| `{name}` | `{value}` |")).collect();
    assert!(in_code.len() > 10, "the policy prints otherwise: {printed}");
    let document = document("docs/refresh.md");
    let table = section(&document, "## The numbers");
    let in_table: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split_inclusive('|').take(3).collect())
        .collect();
    assert_same("docs/refresh.md, the numbers", &in_table, &in_code);
}

/// `docs/refresh.md` names the tests of each promise under that promise.
#[test]
fn each_test_of_a_promise_is_named_under_its_promise() {
    let mut in_code = BTreeSet::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises")) {
        let source = fs::read_to_string(&file).unwrap();
        let names =
            source.lines().filter_map(|line| line.trim_start().strip_prefix("async fn promise_")?.split_once('('));
        in_code.extend(names.map(|(name, _)| format!("promise_{name}")));
    }
    let document = document("docs/refresh.md");
    let mut under = 0;
    let mut in_document = BTreeSet::new();
    for line in section(&document, "## The nineteen promises").lines() {
        if let Some((number, _)) = line.strip_prefix("**").and_then(|line| line.split_once(". ")) {
            under += 1;
            assert_eq!(number, under.to_string(), "{line}");
        }
        if let Some(name) = line.strip_prefix("- `").and_then(|line| line.strip_suffix('`')) {
            assert!(name.starts_with(&format!("promise_{under}_")), "{name} stands under promise {under}");
            in_document.insert(name.to_owned());
        }
    }
    assert_eq!(under, 19);
    assert_same("docs/refresh.md, the promises", &in_document, &in_code);
}

/// `docs/errors.md` has each code that an error of ours can carry.
#[test]
fn each_code_of_an_error_is_explained() {
    let document = document("docs/errors.md");
    let mut codes = BTreeSet::new();
    for crate_name in ["tokenex-core", "tokenex-aws", "tokenex-azure", "tokenex-gcp", "tokenex-oci", "tokenex-vault"] {
        for file in rust_files(&root().join("crates").join(crate_name).join("src")) {
            let source = fs::read_to_string(&file).unwrap();
            let after = source.split("with_code(\"").skip(1);
            codes.extend(after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    assert!(codes.len() > 10, "{codes:?}");
    let missing: Vec<_> = codes.iter().filter(|code| !document.lines().any(|line| is_row_of(line, code))).collect();
    assert!(missing.is_empty(), "docs/errors.md says nothing of {missing:?}");
}

/// Whether the first cell of a row holds this code.
fn is_row_of(line: &str, code: &str) -> bool {
    line.strip_prefix("| ")
        .and_then(|row| row.split_once(" |"))
        .is_some_and(|(cell, _)| cell.contains(&format!("`{code}`")))
}

/// `docs/providers/azure.md` has each AADSTS code that is classified.
#[test]
fn each_code_of_entra_is_explained() {
    let document = document("docs/providers/azure.md");
    let source = fs::read_to_string(root().join("crates/tokenex-azure/src/errors/codes.rs")).unwrap();
    // As numbers are written in match arms: 700_213.
    let words = source.split(|c: char| !c.is_ascii_digit() && c != '_');
    let codes: BTreeSet<_> = words.filter(|word| word.contains('_')).map(|word| word.replace('_', "")).collect();
    let codes: Vec<_> = codes.into_iter().filter(|code| code.len() >= 5).collect();
    assert!(codes.len() > 40, "{codes:?}");
    let missing: Vec<_> = codes.iter().filter(|code| !document.contains(&format!("AADSTS{code}`"))).collect();
    assert!(missing.is_empty(), "docs/providers/azure.md says nothing of {missing:?}");
}

/// `ARCHITECTURE.md` has each file of each crate, in the crate's section, and no file that is not there.
#[test]
fn each_file_has_its_role_in_the_architecture() {
    let document = document("ARCHITECTURE.md");
    let mut packages: Vec<_> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    packages.push(root().join("xtask"));
    for package in packages {
        let name = package.strip_prefix(root()).unwrap().display().to_string();
        let section = section(&document, &format!("### `{name}`"));
        let listed: BTreeSet<_> = section
            .lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0))
            .filter(|file| file.ends_with(".rs") && !file.starts_with("tests/") && !file.starts_with("benches/"))
            .map(PathBuf::from)
            .collect();
        let source = package.join("src");
        let present: BTreeSet<_> =
            rust_files(&source).into_iter().map(|file| file.strip_prefix(&source).unwrap().to_owned()).collect();
        assert_same(&format!("ARCHITECTURE.md, {name}"), &listed, &present);
    }
}

/// `docs/threat-model.md` names a test, or a stage of the test command, for each danger that is defended; each is there.
#[test]
fn each_line_of_the_threat_model_is_held_by_a_test_that_exists() {
    let document = document("docs/threat-model.md");
    let rows = section(&document, "## What is defended").lines().filter(|line| line.starts_with("| "));
    let mut held = 0;
    for row in rows.filter(|row| !row.starts_with("| danger ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        let [_, _, tests] = cells.as_slice() else { panic!("not three cells: {row}") };
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test holds this: {row}");
        for (place, name) in names.iter().map(|name| name.split_once(": ").unwrap_or_else(|| panic!("{name} in {row}")))
        {
            assert!(is_there(place, name), "there is no {name} in {place}");
            held += 1;
        }
    }
    assert!(held > 50, "{held} tests");
}

/// Whether a crate has a test of this name, or `cargo xtask test` a stage.
fn is_there(place: &str, name: &str) -> bool {
    let (folders, needle) = match place {
        "stage" => (vec![root().join("xtask/src/test")], format!("report.stage(\"{name}\"")),
        "fuzz" => (vec![root().join("fuzz/tests")], format!("fn {name}(")),
        package => {
            let package = root().join("crates").join(package);
            (vec![package.join("src"), package.join("tests")], format!("fn {name}("))
        }
    };
    let mut files = folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| rust_files(folder));
    files.any(|file| fs::read_to_string(file).unwrap().contains(&needle))
}

/// Links from one document to another lead somewhere.
#[test]
fn relative_links_lead_to_files() {
    for file in markdown_files() {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                let end = file.parent().unwrap().join(path);
                assert!(end.exists(), "{} links to {link}", file.display());
            }
        }
    }
}

fn assert_same<T: Ord + std::fmt::Debug>(place: &str, in_document: &BTreeSet<T>, in_code: &BTreeSet<T>) {
    let missing: Vec<_> = in_code.difference(in_document).collect();
    let gone: Vec<_> = in_document.difference(in_code).collect();
    assert!(missing.is_empty() && gone.is_empty(), "{place}: missing {missing:#?}, listed and not there {gone:#?}");
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// From a heading to the next one of the same or a higher level.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let start = document.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("there is no {heading:?}"));
    let body = &document[start + heading.len()..];
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = (1..=level).filter_map(|level| body.find(&format!("\n{} ", "#".repeat(level))));
    &body[..ends.min().unwrap_or(body.len())]
}

fn markdown_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in ["", "docs", "docs/decisions", "docs/providers"] {
        let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    assert!(files.len() > 10, "{files:?}");
    files
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

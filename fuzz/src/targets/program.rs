//! The file of the program.

use std::path::Path;

use crate::config::{Place, Problem, SourceText, parse, report};
use crate::oracle::{self, PASSWORD};

pub(super) fn file(data: &[u8]) {
    let text = SourceText::new("tokenex.toml", &String::from_utf8_lossy(data));
    let variable = |name: &str| (name == "HOST").then(|| "vault.example".to_owned());
    let parsed = parse(&text, &Place { folder: Path::new("/nowhere"), variable: &variable });
    let report = report(&parsed.problems, &text, false);
    assert!(!report.contains(['\u{1b}', '\u{0}', '\r', '\u{202e}']), "{}", report.escape_debug());
    if !parsed.problems.iter().any(Problem::is_error) {
        oracle::well();
    }
    // Where the secret stands is what makes it one: as a name, or as a comment, it is a word like others.
    let data = String::from_utf8_lossy(data);
    let pasted = format!("\nclient_secret = \"{PASSWORD}\"\n");
    if data.contains(&pasted) && data.matches(PASSWORD).count() == 1 {
        assert!(!report.contains(PASSWORD), "{report}");
    }
}

//! The text of a file, and which of its lines may be shown.

use std::ops::Range;
use std::sync::Arc;

use super::keys::{self, Form, Table};
use super::model::Span;

/// The text of a file. `Debug` shows only where it is from.
#[derive(Clone)]
pub(crate) struct SourceText {
    /// As the user named it.
    name: Arc<str>,
    text: Arc<str>,
}

/// One line, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) shown: String,
    /// What of it is meant, in bytes of `shown`.
    pub(crate) mark: Range<usize>,
}

const HIDDEN: &str = "...";

impl SourceText {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line that this is in, from 1.
    pub(crate) fn line_number(&self, at: usize) -> usize {
        1 + self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
    }

    /// The line in which `span` begins. What may be a secret in it is hidden: all values but those of keys that never
    /// hold one. `of_a_key`: the span is that of a key, whatever its name.
    pub(crate) fn line(&self, span: &Span, of_a_key: bool) -> Line {
        let start = floor(&self.text, span.start);
        let begin = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let line = self.text[begin..end].trim_end_matches('\r');
        let key = of_a_key.then(|| floor(&self.text, span.end).clamp(begin, end) - begin);
        let (visible, hidden) = visible(line, key);
        let mut shown = line[..visible].to_owned();
        if hidden {
            shown.push_str(HIDDEN);
        }
        let from = (start - begin).min(visible);
        // Something is always marked, at the end of a line the place behind it.
        let to = (floor(&self.text, span.end).max(start) - begin).clamp(from, shown.len());
        let to = if from >= visible { shown.len() } else { to };
        Line { number: self.line_number(start), shown, mark: from..to }
    }
}

/// The nearest place at or before `at` that is not inside of a letter.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// How much of a line may be shown, and whether that leaves something out.
fn visible(line: &str, key: Option<usize>) -> (usize, bool) {
    if let Some((before, after)) = line.split_once('=') {
        let name = before.trim();
        let decides = matches!(name, "version" | "source" | "provider");
        let plain = decides || keys_of_all().any(|known| known.name == name && is_plain(known.form));
        let suspicious = keys_of_all().any(|known| !is_plain(known.form) && after.contains(known.name));
        let is_table = after.replace("${", "").contains('{');
        let is_secret = after.contains("-----BEGIN") || after.contains("eyJ") || after.contains('@');
        if plain && !suspicious && !is_table && !is_secret {
            return (line.len(), false);
        }
        let known = keys_of_all().any(|known| known.name == name);
        let end = if known { before.len() + 1 + (after.len() - after.trim_start().len()) } else { key.unwrap_or(0) };
        return (end, end < line.len());
    }
    let is_header = line.trim_start().starts_with('[')
        && line.chars().all(|letter| letter.is_ascii_alphanumeric() || " \t[]_-.".contains(letter));
    match is_header || line.trim().is_empty() || line.trim_start().starts_with('#') {
        true => (line.len(), false),
        false => (key.unwrap_or(0), key.unwrap_or(0) < line.len()),
    }
}

/// Whether values of this form are never secret, even by mistake.
fn is_plain(form: Form) -> bool {
    !matches!(form, Form::Secret | Form::SecretTable | Form::Data | Form::Argv | Form::Proxy | Form::TextTable)
}

fn keys_of_all() -> impl Iterator<Item = &'static keys::Key> {
    let words = keys::IDENTITIES.iter().chain(keys::CREDENTIALS).chain([&keys::HTTP, &keys::POLICY]);
    words.flat_map(Table::keys)
}

impl std::fmt::Debug for SourceText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceText").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, span: Span, of_a_key: bool) -> (String, String) {
        let text = format!("# before\n{line}\r\n# after");
        let line = SourceText::new("f", &text).line(&(span.start + 9..span.end + 9), of_a_key);
        assert_eq!(line.number, 2);
        let marked = line.shown[line.mark.clone()].to_owned();
        (line.shown, marked)
    }

    #[test]
    fn what_cannot_be_a_secret_is_shown() {
        for (line, span, marked) in [
            (r#"scope = "x""#, 8..11, r#""x""#),
            (r#"source = "x""#, 9..12, r#""x""#),
            (r#"address = "https://${HOST}""#, 10..27, r#""https://${HOST}""#),
            ("  duration = 5", 13..14, "5"),
            ("[credential.db]", 12..14, "db"),
            ("# a remark", 0..1, "#"),
        ] {
            assert_eq!(shown(line, span, false), (line.to_owned(), marked.to_owned()));
        }
    }

    #[test]
    fn what_may_be_a_secret_is_hidden() {
        for (line, span, of_a_key, seen) in [
            (r#"client_secret = "hunter22""#, 16..26, false, "client_secret = ..."),
            (r#"client_secret = "hunter22"#, 16..25, false, "client_secret = ..."),
            (r#"client_secert = "hunter22""#, 0..13, true, "client_secert..."),
            (r#"client_secert = "hunter22""#, 16..20, false, "..."),
            (r#"authorization = "hunter22""#, 16..20, false, "..."),
            ("hunter22==", 0..4, false, "..."),
            ("hunter22", 0..4, false, "..."),
            (r#"["hunter22"]"#, 0..4, false, "..."),
            (r#"url = "https://u:hunter22@x""#, 6..9, false, "url = ..."),
            (r#"path = "x", client_secret = "hunter22""#, 7..9, false, "path = ..."),
            (r#"identity = { x = "hunter22" }"#, 11..12, false, "identity = ..."),
            (r#"credential = { x = { client_id = "hunter22" } }"#, 13..14, false, "..."),
            (r#"path = "-----BEGIN hunter22""#, 7..9, false, "path = ..."),
            (r#"var = "eyJhunter22.x.y""#, 6..9, false, "var = ..."),
            (r#"argv = ["x", "--token=hunter22"]"#, 7..9, false, "argv = ..."),
            (r#"tags = { x = "hunter22" }"#, 7..9, false, "tags = ..."),
        ] {
            let (shown, marked) = shown(line, span, of_a_key);
            assert_eq!(shown, seen, "{line}");
            assert!(!marked.is_empty(), "{line}");
        }
    }

    #[test]
    fn any_span_is_a_place() {
        let text = SourceText::new("f", "aé\n\u{1F980} = 1\n");
        for start in 0..20 {
            for end in 0..20 {
                for of_a_key in [true, false] {
                    let line = text.line(&(start..end), of_a_key);
                    assert!(line.shown.get(line.mark.clone()).is_some(), "{start} {end} {line:?}");
                }
            }
        }
    }
}

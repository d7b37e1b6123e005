//! What of a far end's text may enter an error.

use std::borrow::Cow;

/// Longest text of a far end that an error repeats, in characters.
const SAID_MAX: usize = 300;

/// A word this long made of token characters is taken for a token.
const TOKEN_MIN: usize = 40;

/// Cuts, makes printable and masks a text that came from outside.
pub(super) fn sanitize(text: &str, secrets: &[&str]) -> String {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|s| s.len() >= 4) {
        if text.contains(secret) {
            text = Cow::Owned(text.replace(secret, "***"));
        }
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let masked: Vec<Cow<'_, str>> = words.into_iter().map(mask_token).collect();
    printable(&masked.join(" "), SAID_MAX)
}

/// Masks the parts of a word that look like tokens: long runs of base64url characters and dots.
fn mask_token(word: &str) -> Cow<'_, str> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=');
    let mut runs = word.split(|c| !is_token(c));
    let looks_secret = |run: &str| {
        let jwt = run.starts_with("eyJ") && run.len() > 10;
        let vault = ["hvs.", "hvb.", "s.", "b."].iter().any(|p| run.starts_with(p)) && run.len() > 20;
        // Host names and paths are long too, but they have no digits and capitals mixed in.
        let mixed = run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_uppercase());
        jwt || vault || (run.len() >= TOKEN_MIN && mixed)
    };
    if runs.clone().any(looks_secret) {
        let mut masked = word.to_owned();
        for run in runs.by_ref().filter(|r| looks_secret(r)) {
            masked = masked.replace(run, "***");
        }
        Cow::Owned(masked)
    } else {
        Cow::Borrowed(word)
    }
}

/// At most `max` characters; what does not print is escaped.
pub(super) fn printable(text: &str, max: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= max {
            out.push('…');
            break;
        }
        // Bidirectional controls and the like can make a text read as another one.
        if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::{Error, ErrorKind};

    #[test]
    fn a_token_in_what_the_far_end_said_is_masked() {
        let jwt = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.c2ln";
        let error = Error::new(ErrorKind::Trust, "refused").with_said(
            &format!("bad token '{jwt}' and hunter22 by\nvault.example.internal.cluster.local"),
            &["hunter22"],
        );
        let text = error.to_string();
        assert!(!text.contains(jwt) && !text.contains("hunter22"), "{text}");
        assert!(text.contains("vault.example.internal.cluster.local"), "{text}");
    }

    #[test]
    fn what_the_far_end_said_is_cut_and_printable() {
        let error = Error::new(ErrorKind::Protocol, "x").with_said(&"a\u{202e}\u{7} ".repeat(400), &[]);
        let said = error.said().unwrap();
        assert!(said.chars().count() < 3000 && !said.contains('\u{202e}') && !said.contains('\u{7}'));
    }

    #[test]
    fn what_the_providers_support_asks_for_is_in_fields_and_in_the_message() {
        let error = Error::new(ErrorKind::Trust, "refused")
            .with_request_id("trace-1")
            .with_correlation_id("corr-2\n")
            .with_time("2026-01-01 00:00:00Z");
        assert_eq!(error.request_id(), Some("trace-1"));
        assert_eq!(error.time(), Some("2026-01-01 00:00:00Z"));
        let text = error.to_string();
        assert!(text.contains("(request trace-1)") && text.contains("(at 2026-01-01 00:00:00Z)"), "{text}");
        assert!(text.contains("(correlation corr-2\\u{a})"), "{text}");
    }
}

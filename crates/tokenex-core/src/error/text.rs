//! What of a far end's text may enter an error.

use std::borrow::Cow;

/// Longest text of a far end that an error repeats, in characters.
const SAID_MAX: usize = 300;

/// Longest code or id.
const IDENTIFIER_MAX: usize = 100;

/// A shorter secret turns up by chance.
const SECRET_MIN: usize = 4;

/// A word this long made of token characters is taken for a token.
const TOKEN_MIN: usize = 40;

/// Cuts, makes printable and masks a text that came from outside.
pub(super) fn sanitize(text: &str, secrets: &[&str]) -> String {
    let text = without(text, secrets);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let masked: Vec<Cow<'_, str>> = words.into_iter().map(mask_token).collect();
    printable(&masked.join(" "), SAID_MAX)
}

/// A code or an id of a far end, cut, printable and without what looks like a token: whoever answers can write anything there.
pub(super) fn identifier(text: &str) -> String {
    printable(&mask_token(text), IDENTIFIER_MAX)
}

/// A text that is in an error already, without these secrets.
pub(super) fn without(text: &str, secrets: &[&str]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= SECRET_MIN);
    long.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
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

    /// Whoever answers can write anything into any member.
    #[test]
    fn a_secret_in_the_place_of_a_code_or_an_id_is_masked() {
        let token = "Abc0".repeat(12);
        let error = Error::new(ErrorKind::Trust, "refused")
            .with_code(&format!("bad_{token}"))
            .with_request_id("id hunter22")
            .with_correlation_id("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.c2ln")
            .with_said("no", &["hunter22"]);
        let text = format!("{error} {error:?}");
        assert!(!text.contains(&token) && !text.contains("hunter22") && !text.contains("eyJ"), "{text}");
        let kept =
            ["NotAuthenticated", "11111111-2222-3333-4444-555555555555", "0A1B2C3D4E5F60718293A4B5C6D7E8F9/0A1B2C3D"];
        for id in kept {
            assert_eq!(Error::new(ErrorKind::Trust, "x").with_request_id(id).request_id(), Some(id));
        }
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

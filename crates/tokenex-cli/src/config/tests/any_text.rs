//! Whatever a file holds, reading it ends well and shows no secret.

use proptest::prelude::*;

use super::{SAMPLE, told};

/// Pieces that mean something, so that texts get further than the first letter.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("version = 1\n"),
        Just("[identity.a]\n"),
        Just("[credential.b]\n"),
        Just("[credential.b.headers]\n"),
        Just("[http]\n"),
        Just("source = \"url\"\n"),
        Just("provider = \"vault\"\n"),
        Just("url = "),
        Just("client_secret = "),
        Just("{ env = \"X\" }"),
        Just("\"\"\"\n"),
        Just("'''"),
        Just("\"${HOST}\"\n"),
        Just("= { a = [1, 2.5, "),
        Just("]\n"),
        Just("\u{feff}"),
        Just("\r\n"),
        Just("\u{202e}\u{0}\u{1b}[2J"),
        Just("é\u{1F980}"),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Nothing that moves a cursor or turns text around.
fn is_printable(text: &str) -> bool {
    !text.contains(['\u{1b}', '\u{0}', '\r', '\u{202e}'])
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in any::<String>()) {
        let report = told(&text);
        prop_assert!(is_printable(&report), "{}", report.escape_debug());
    }

    #[test]
    fn any_pieces_are_read_to_an_end(text in pieces()) {
        let report = told(&text);
        prop_assert!(is_printable(&report), "{}", report.escape_debug());
    }

    /// A slip of the hand anywhere in a file with a secret in it, which does not belong there.
    #[test]
    fn no_slip_brings_a_secret_to_light(slips in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, "[\"'=\\[\\]{}\n#.,x 1]"), 0..3)) {
        let mut text = SAMPLE.replace("{ credential = \"azure-secret.client_secret\" }", "\"hunter22\"");
        prop_assert!(text.contains("hunter22"));
        for (at, deleted, inserted) in slips {
            let secret = text.find("hunter22").unwrap();
            let begin = at.index(text.len());
            let end = (begin + deleted).min(text.len());
            let touches = begin < secret + 8 && secret < end || (secret..secret + 8).contains(&begin);
            if !touches {
                text.replace_range(begin..end, &inserted);
            }
        }
        prop_assert!(!told(&text).contains("hunter22"), "{}", told(&text));
    }
}

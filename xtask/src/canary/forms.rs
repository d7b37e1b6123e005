//! What to look for, of a secret: a piece that nothing else has, in each form that it can show in.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Enough to be no chance, and so that a part of a secret is found as well as the whole.
const PIECE: usize = 24;

/// A form, and the bytes that it begins with.
pub(super) type Form = (&'static str, Vec<u8>);

/// Everything to look for. Of a JWT only the signature is secret.
pub(super) fn of(secret: &[u8]) -> Vec<Form> {
    let Some(piece) = piece(secret) else { return Vec::new() };
    let mut forms: Vec<Form> = vec![("plain", piece.to_vec())];
    let text = String::from_utf8_lossy(piece);
    forms.push(("escaped", text.escape_debug().to_string().into_bytes()));
    forms.push(("percent-encoded", percent(piece, true).into_bytes()));
    forms.push(("percent-encoded", percent(piece, false).into_bytes()));
    forms
        .push(("hexadecimal", piece.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")).into_bytes()));
    forms
        .push(("hexadecimal", piece.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}")).into_bytes()));
    forms.push(("bytes", decimal(piece, ", ").into_bytes()));
    forms.push(("bytes", decimal(piece, ",").into_bytes()));
    forms.extend(base64_anywhere(piece).map(|needle| ("base64", needle.into_bytes())));
    // Most secrets look the same in several forms; the first one names it.
    let mut seen = std::collections::HashSet::new();
    forms.retain(|(_, needle)| seen.insert(needle.clone()));
    forms
}

/// The last characters of what only this secret has.
fn piece(secret: &[u8]) -> Option<&[u8]> {
    let part = match std::str::from_utf8(secret) {
        Ok(text) if text.starts_with("eyJ") => match text.rsplit_once('.') {
            // Without a signature it is its claims that must not be seen, and all of them: parts are the same in many.
            Some((_, "")) => return Some(secret),
            Some((_, signature)) => signature.as_bytes(),
            None => secret,
        },
        _ => secret,
    };
    // Padding is the same everywhere.
    let end = part.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    Some(&part[end.saturating_sub(PIECE)..end])
}

fn percent(bytes: &[u8], upper: bool) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        // RFC 3986 section 2.3: what no encoder encodes.
        let _ = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => write!(text, "{}", char::from(byte)),
            _ if upper => write!(text, "%{byte:02X}"),
            _ => write!(text, "%{byte:02x}"),
        };
        text
    })
}

fn decimal(bytes: &[u8], separator: &str) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(separator)
}

/// The base64 characters that depend on the piece alone, for each of the three places that it can begin at within a longer text.
fn base64_anywhere(piece: &[u8]) -> impl Iterator<Item = String> {
    (0..3).flat_map(move |before| {
        let text = [&[0; 3][..before], piece].concat();
        // Of a character of 6 bits, none may belong to what stands before or after.
        let (first, end) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        [STANDARD_NO_PAD.encode(&text)[first..end].to_owned(), URL_SAFE_NO_PAD.encode(&text)[first..end].to_owned()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: &str = "a+b/c\"d e%f\\g-hunter-0123456789";

    fn shows(secret: &str, text: &[u8]) -> Vec<&'static str> {
        let contains = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
        let mut found: Vec<_> =
            of(secret.as_bytes()).into_iter().filter(|(_, needle)| contains(needle)).map(|(form, _)| form).collect();
        found.dedup();
        found
    }

    #[test]
    fn each_form_is_found_and_nothing_else() {
        assert_eq!(shows(AWKWARD, AWKWARD.as_bytes()), ["plain"]);
        assert_eq!(shows(AWKWARD, format!("{AWKWARD:?}").as_bytes()), ["escaped"]);
        assert_eq!(shows(AWKWARD, serde_json::Value::from(AWKWARD).to_string().as_bytes()), ["escaped"]);
        assert_eq!(shows(AWKWARD, percent(AWKWARD.as_bytes(), false).as_bytes()), ["percent-encoded"]);
        assert_eq!(shows(AWKWARD, format!("{:?}", AWKWARD.as_bytes()).as_bytes()), ["bytes"]);
        for before in ["", "u", "us", "user:"] {
            assert_eq!(
                shows(AWKWARD, URL_SAFE_NO_PAD.encode(format!("{before}{AWKWARD}")).as_bytes()),
                ["base64"],
                "{before}"
            );
            assert_eq!(
                shows(AWKWARD, STANDARD_NO_PAD.encode(format!("{before}{AWKWARD}!")).as_bytes()),
                ["base64"],
                "{before}"
            );
        }
        assert!(shows(AWKWARD, b"a+b/c\"d e%f").is_empty(), "the beginning alone");
    }

    #[test]
    fn of_a_jwt_it_is_the_signature() {
        let jwt = format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.{}", "a1b2c3d4e5".repeat(8));
        assert_eq!(shows(&jwt, &jwt.as_bytes()[jwt.len() - 40..]), ["plain"]);
        assert!(shows(&jwt, &jwt.as_bytes()[..60]).is_empty());
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3b3JrbG9hZCJ9.";
        assert_eq!(shows(unsigned, unsigned.as_bytes()), ["plain"]);
        assert!(shows(unsigned, b"eyJzdWIiOiJ3b3JrbG9hZCJ9").is_empty());
    }

    #[test]
    fn padding_is_no_part_of_it() {
        assert_eq!(shows("0123456789abcdef0123456789==", b"0123456789abcdef0123456789"), ["plain"]);
    }
}

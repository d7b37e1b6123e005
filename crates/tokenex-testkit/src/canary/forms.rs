//! The forms in which a secret can show.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A text, prepared once to look for many secrets.
pub(super) struct Haystack<'a> {
    plain: &'a str,
    lower_case: String,
    percent_decoded: Vec<u8>,
    /// As in `application/x-www-form-urlencoded`, where a blank is a plus sign.
    form_decoded: Vec<u8>,
}

impl<'a> Haystack<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let percent_decoded = percent_decode(text.as_bytes());
        let form_decoded = percent_decode(text.replace('+', " ").as_bytes());
        Self { plain: text, lower_case: text.to_ascii_lowercase(), percent_decoded, form_decoded }
    }

    /// Each form in which `secret` is here, with the first line of it, counted from 1.
    pub(super) fn find(&self, secret: &str) -> impl Iterator<Item = (&'static str, usize)> {
        let plain = self.plain.as_bytes();
        let mut found = Vec::new();
        let mut look = |form: &'static str, text: &[u8], needle: &[u8]| {
            if let Some(at) = position(text, needle)
                && !found.iter().any(|&(known, _)| known == form)
            {
                found.push((form, 1 + text[..at].iter().filter(|&&byte| byte == b'\n').count()));
            }
        };
        let bytes = secret.as_bytes();
        look("plain", plain, bytes);
        let escaped = [secret.escape_debug().to_string(), serde_json::Value::from(secret).to_string()];
        for needle in escaped.iter().map(|text| text.trim_matches('"')).filter(|&text| text != secret) {
            look("escaped", plain, needle.as_bytes());
        }
        if position(plain, bytes).is_none() {
            // Whichever characters the encoder chose to encode.
            look("percent-encoded", &self.percent_decoded, bytes);
            look("percent-encoded", &self.form_decoded, bytes);
        }
        look("hexadecimal", self.lower_case.as_bytes(), hexadecimal(bytes).as_bytes());
        look("bytes", plain, decimal(bytes, ", ").as_bytes());
        look("bytes", plain, decimal(bytes, ",").as_bytes());
        for needle in base64_anywhere(bytes) {
            look("base64", plain, needle.as_bytes());
        }
        if let Some(signature) = jwt_signature(secret) {
            look("JWT signature", plain, signature.as_bytes());
        }
        found.into_iter()
    }
}

fn position(text: &[u8], needle: &[u8]) -> Option<usize> {
    // Jumping from one first byte to the next keeps this fast on megabytes of log without another crate.
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|&byte| byte == first) {
        if text[from + at + 1..].starts_with(rest) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Leaves line breaks of the text where they are, and what is not an encoding as it is.
fn percent_decode(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decimal(bytes: &[u8], separator: &str) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(separator)
}

/// The base64 characters that depend on the secret alone, for each of the three places that it can begin at within
/// a longer text.
fn base64_anywhere(secret: &[u8]) -> Vec<String> {
    let mut needles = Vec::new();
    for before in 0..3 {
        let text = [&[0; 3][..before], secret].concat();
        // Of a character of 6 bits, none may belong to what stands before or after.
        let (first, end) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        needles.push(STANDARD_NO_PAD.encode(&text)[first..end].to_owned());
        needles.push(URL_SAFE_NO_PAD.encode(&text)[first..end].to_owned());
    }
    needles
}

/// What to look for: of a private key in PEM, a line that ends in what is private; of anything else all of it.
///
/// In RSA keys the modulus comes first, a quarter of the whole, and the private exponent fills the next quarter (RFC 8017
/// appendix A.1.2); in those on a curve the private number comes first, within the first 68 or 84 bytes, and the point
/// that is public last (RFC 5915 section 3, RFC 8410 section 7).
pub(super) fn telling(secret: &str) -> &str {
    if !secret.starts_with("-----BEGIN ") {
        return secret;
    }
    let lines: Vec<&str> = secret.lines().filter(|line| !line.is_empty() && !line.starts_with("-----")).collect();
    lines.get(lines.len().saturating_sub(1) / 3).copied().unwrap_or(secret)
}

fn jwt_signature(secret: &str) -> Option<&str> {
    let mut parts = secret.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(_), Some(signature), None) if header.starts_with("eyJ") && signature.len() >= 16 => {
            Some(signature)
        }
        _ => None,
    }
}

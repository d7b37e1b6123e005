//! The text that is signed, and the header that carries the signature, as pure functions.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method};
use tokenex_core::{Result, Secret};
use zeroize::Zeroizing;

use super::headers::unusable;

/// Stands for method, path and query in the list of what is signed
/// ([draft-cavage-http-signatures-08 section 2.3](https://datatracker.ietf.org/doc/html/draft-cavage-http-signatures-08#section-2.3)).
pub(super) const REQUEST_TARGET: &str = "(request-target)";

/// One line for each name, in this order, without a line feed at the end.
pub(super) fn signing_string(method: &Method, target: &str, names: &[&str], headers: &HeaderMap) -> String {
    let mut text = String::with_capacity(256 + target.len());
    for name in names {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a text cannot fail.
        let _ = match *name {
            REQUEST_TARGET => write!(text, "{name}: {} {target}", method.as_str().to_ascii_lowercase()),
            _ => {
                let value = headers.get(*name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                write!(text, "{name}: {value}")
            }
        };
    }
    text
}

/// The value of `authorization`, marked as sensitive.
pub(super) fn authorization(key_id: &Secret, names: &[&str], signature: &[u8]) -> Result<HeaderValue> {
    let (names, signature) = (names.join(" "), STANDARD.encode(signature));
    let text = Zeroizing::new(format!(
        "Signature version=\"1\",keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signature}\"",
        key_id.expose()
    ));
    let mut value = HeaderValue::from_str(&text).map_err(|_| unusable("the name of the key cannot be in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;

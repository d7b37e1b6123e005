//! What is sent.

use std::fmt;

use bytes::Bytes;
use tokenex_core::Secret;
use tokenex_core::address::encode;

/// The body of a token request, `application/x-www-form-urlencoded`.
///
/// Secrets travel here and nowhere else.
#[derive(Default)]
pub(crate) struct Form {
    body: String,
    names: Vec<&'static str>,
    secrets: Vec<Secret>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        if !self.body.is_empty() {
            self.body.push('&');
        }
        self.body.push_str(name);
        self.body.push('=');
        self.body.extend(encode(value));
        self.names.push(name);
        self
    }

    /// Adds a field that must not turn up in what an error repeats.
    pub(crate) fn secret(mut self, name: &'static str, value: &Secret) -> Self {
        self.secrets.push(value.clone());
        self.field(name, value.expose())
    }

    pub(crate) fn body(&self) -> Bytes {
        Bytes::copy_from_slice(self.body.as_bytes())
    }

    /// What was put in by [`secret`](Self::secret).
    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(Secret::expose).collect()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({})", self.names.join(", "))
    }
}

/// A random UUID of version 4 ([RFC 9562 section 5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)): a name for one
/// request, and no secret.
pub(crate) fn request_id(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let id = (random & !VERSION & !VARIANT) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_and_kept_in_order() {
        let form = Form::new().field("scope", "https://a.example/.default").field("x", "a b&c=d+é");
        assert_eq!(form.body(), "scope=https%3A%2F%2Fa.example%2F.default&x=a%20b%26c%3Dd%2B%C3%A9");
    }

    #[test]
    fn secrets_are_sent_and_not_shown() {
        let form = Form::new().secret("client_secret", &"a~b&c%".into());
        assert_eq!(form.body(), "client_secret=a~b%26c%25");
        assert_eq!(form.secrets(), ["a~b&c%"]);
        assert_eq!(format!("{form:?}"), "Form(client_secret)");
    }

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        assert_eq!(request_id(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(request_id(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}

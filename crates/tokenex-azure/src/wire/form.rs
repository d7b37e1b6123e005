//! What is sent.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use tokenex_core::Secret;
use tokenex_core::address::encode;

/// The body of a token request, `application/x-www-form-urlencoded`.
///
/// Secrets travel here and nowhere else.
pub(crate) struct Form {
    body: String,
    secrets: Vec<Secret>,
}

/// Enough for most identity tokens and what goes with them: a body that grows is copied each time.
const ROOM: usize = 2048;

impl Form {
    pub(crate) fn new() -> Self {
        Self { body: String::with_capacity(ROOM), secrets: Vec::new() }
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        if !self.body.is_empty() {
            self.body.push('&');
        }
        self.body.push_str(name);
        self.body.push('=');
        self.body.extend(encode(value));
        self
    }

    /// Adds a field that must not turn up in what an error repeats.
    pub(crate) fn secret(mut self, name: &'static str, value: &Secret) -> Self {
        self.secrets.push(value.clone());
        self.field(name, value.expose())
    }

    /// The body, and what was put into it by [`secret`](Self::secret).
    pub(crate) fn into_parts(self) -> (Bytes, Vec<Secret>) {
        (self.body.into(), self.secrets)
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.body.split('&').filter_map(|field| Some(field.split_once('=')?.0));
        f.debug_list().entries(names).finish()
    }
}

/// A random UUID of version 4 ([RFC 9562 section 5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)): a name for one
/// request, and no secret.
pub(crate) fn request_id(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let id = (random & !VERSION & !VARIANT) | (0x4 << 76) | (0b10 << 62);
    let part = |from: u32, digits: u32| (id >> from) & ((1 << (4 * digits)) - 1);
    let (a, b, c, d, e) = (part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12));
    let mut text = String::with_capacity(36);
    // Writing to a text does not fail.
    let _ = write!(text, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_and_kept_in_order() {
        let form = Form::new().field("scope", "https://a.example/.default").field("x", "a b&c=d+é");
        assert_eq!(form.into_parts().0, "scope=https%3A%2F%2Fa.example%2F.default&x=a%20b%26c%3Dd%2B%C3%A9");
    }

    #[test]
    fn secrets_are_sent_and_not_shown() {
        let form = Form::new().field("client_id", "c").secret("client_secret", &"a~b&c%".into());
        assert_eq!(format!("{form:?}"), r#"["client_id", "client_secret"]"#);
        let (body, secrets) = form.into_parts();
        assert_eq!(body, "client_id=c&client_secret=a~b%26c%25");
        assert_eq!(secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["a~b&c%"]);
    }

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        assert_eq!(request_id(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(request_id(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef), "01234567-89ab-4def-8123-456789abcdef");
        assert_eq!(request_id(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}

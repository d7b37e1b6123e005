//! Secret values.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text: wiped when the last clone is dropped, printed as a constant, compared in constant time.
///
/// Clones share one allocation. There is no `Display`, no `Serialize` and no `PartialEq` on purpose; the only way to
/// the text is the loud [`expose`](Self::expose).
///
/// ```
/// use tokenex_core::Secret;
/// let secret = Secret::new("s3cret");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert!(secret.same_as(&Secret::new("s3cret")));
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Box<str>>>);

impl Secret {
    /// Takes ownership of a secret text. Copies that the caller made before are the caller's.
    pub fn new(text: impl Into<String>) -> Self {
        let text: String = text.into();
        // A boxed text cannot grow, so it cannot leave unwiped copies behind. When the text has room to spare the
        // conversion may move it: the old place is wiped first.
        let boxed = if text.len() == text.capacity() {
            text.into_boxed_str()
        } else {
            let text = Zeroizing::new(text);
            Box::from(text.as_str())
        };
        Self(Arc::new(Zeroizing::new(boxed)))
    }

    /// The secret itself. Never log it, never put it into an error, a URL or a process argument.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both are the same text, in time that depends on the lengths only.
    pub fn same_as(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

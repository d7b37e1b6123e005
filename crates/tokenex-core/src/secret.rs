//! Secret values.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
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
pub struct Secret {
    text: Arc<Zeroizing<Box<str>>>,
    /// It begins here: behind a word of the header that it shares its memory with, and else at nought.
    begin: u8,
}

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
        Self { text: Arc::new(Zeroizing::new(boxed)), begin: 0 }
    }

    /// `Bearer` and this secret, as the value of an `Authorization` header that is marked as sensitive
    /// ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)), and this secret as a part of it: both
    /// are of one memory, so that whoever keeps both keeps the text once. It is wiped when the last clone of either is
    /// dropped.
    ///
    /// ```
    /// use tokenex_core::Secret;
    /// let (header, token) = Secret::new("s3cret").bearer()?;
    /// assert_eq!((header.to_str().unwrap(), token.expose()), ("Bearer s3cret", "s3cret"));
    /// assert!(header.is_sensitive());
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    ///
    /// # Errors
    /// When it holds characters that no header can carry.
    pub fn bearer(&self) -> Result<(HeaderValue, Self), InvalidHeaderValue> {
        const SCHEME: &str = "Bearer ";
        let both = Self::new([SCHEME, self.expose()].concat());
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(InHeader(both.clone())))?;
        header.set_sensitive(true);
        Ok((header, Self { begin: SCHEME.len() as u8, ..both }))
    }

    /// The secret itself. Never log it, never put it into an error, a URL or a process argument.
    #[inline]
    pub fn expose(&self) -> &str {
        &self.text[usize::from(self.begin)..]
    }

    /// Whether both are the same text, in time that depends on the lengths only.
    pub fn same_as(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.expose().len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// For a header that is of the memory of a secret. Not public: there is one way to the text.
struct InHeader(Secret);

impl AsRef<[u8]> for InHeader {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
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

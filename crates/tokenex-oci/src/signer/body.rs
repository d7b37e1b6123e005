//! What of a body is signed.

use http::Method;

/// What of a request's body is signed, where the method has one: `PUT`, `POST` and `PATCH`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Body<'a> {
    /// This is all of it; empty, if there is none.
    Whole(&'a [u8]),
    /// All of it, for what is sent from a file that was read once before.
    Hashed {
        /// Its length in bytes.
        length: u64,
        /// Its SHA-256.
        sha256: [u8; 32],
    },
    /// Nothing of it, for streams: Object Storage takes that for `PutObject` and `UploadPart`, and no other call does. It wants
    /// a `content-length` even so, which the client must send.
    Unsigned,
}

impl Body<'_> {
    /// Whether requests of this method have a body to sign.
    pub(crate) fn is_signed(method: &Method) -> bool {
        [Method::PUT, Method::POST, Method::PATCH].contains(method)
    }
}

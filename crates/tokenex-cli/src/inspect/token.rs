//! The two readable parts of a JWT.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use tokenex::core::{Claims, IdentityToken};

use crate::failure::{Exit, Failure};

/// The parts of a compact JWT that are not its signature, which is dropped while reading.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) header: Map<String, Value>,
    pub(crate) payload: Map<String, Value>,
    /// The claims that the library knows, as it reads them.
    pub(crate) claims: Claims,
}

impl Token {
    /// Reads a compact JWT with white space around it.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        if let Some(what) = something_else(text) {
            return Err(Failure::new(Exit::Identity, what));
        }
        let token = IdentityToken::new(text).map_err(|error| Failure::from(&error))?;
        let mut parts = token.secret().expose().split('.').map(object);
        let mut part = || parts.next().flatten().ok_or_else(|| Failure::new(Exit::Identity, "the token is not a JWT"));
        Ok(Self { header: part()?, payload: part()?, claims: token.claims().clone() })
    }
}

/// What people hand over by mistake, told by its shape alone.
fn something_else(text: &str) -> Option<&'static str> {
    let is = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if text.is_empty() {
        Some("there is no token: the input is empty")
    } else if is("bearer ") || is("authorization:") {
        Some("the input is a header, and the token is only what stands behind \"Bearer\"")
    } else if text.starts_with(['"', '\'', '{', '[']) {
        Some("the input is JSON or has quotation marks around it, and a token is the bare text")
    } else if text.bytes().filter(|byte| *byte == b'.').count() == 4 {
        Some("the token has five parts: it is encrypted (JWE), and only whom it is for can read it")
    } else {
        None
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

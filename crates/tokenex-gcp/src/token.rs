//! The access token.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use tokenex_core::{
    Attempt, Credential, Error, ErrorKind, Handle, Input, Issued, Rejection, Result, Secret, Source, WeakHandle,
};

use crate::scopes::Scopes;
use crate::universe::Universe;

/// An access token of Google Cloud: opaque, up to 12 KB long.
///
/// It is a base for [`Impersonation`](crate::Impersonation): a `Handle<AccessToken>` is a `Source<AccessToken>`.
#[derive(Clone)]
pub struct AccessToken {
    token: Secret,
    authorization: HeaderValue,
    scopes: Scopes,
    universe: Universe,
    kept: Option<Kept>,
}

/// The handle that a token was taken from, for the next exchange.
#[derive(Clone)]
struct Kept {
    handle: WeakHandle<AccessToken>,
    generation: u64,
}

impl AccessToken {
    /// A token that somebody else got, as the base of an impersonation: one of Vault's GCP engine, say.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when it is empty or cannot be in a header.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        Self::issued(token.into(), Scopes::unknown(), Universe::public())
    }

    pub(crate) fn issued(token: Secret, scopes: Scopes, universe: Universe) -> Result<Self> {
        let (authorization, token) = bearer(&token)?;
        Ok(Self { token, authorization, scopes, universe, kept: None })
    }

    /// Tells the handle that it came from that Google refused it, and whether there is another one now.
    pub(crate) async fn replaced(&self, cx: &Attempt) -> bool {
        let Some(Kept { handle, generation }) = &self.kept else { return false };
        let Some(handle) = handle.upgrade() else { return false };
        matches!(handle.rejected_in(cx, *generation).await, Ok(Rejection::Replaced { .. }))
    }

    /// The token.
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// The value of the `Authorization` header, marked as sensitive
    /// ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// What it was asked for; empty where nobody said so.
    pub fn scopes(&self) -> &[String] {
        self.scopes.as_slice()
    }

    /// The domain of the Google Cloud that it is for: `googleapis.com`, unless another was named.
    pub fn universe_domain(&self) -> &str {
        self.universe.as_str()
    }
}

/// The header that carries a token, and the token as a part of it.
pub(crate) fn bearer(token: &Secret) -> Result<(HeaderValue, Secret)> {
    let unusable = |what| Error::new(ErrorKind::Protocol, what).with_provider("gcp");
    if token.expose().trim().is_empty() {
        return Err(unusable("the token is empty"));
    }
    token.bearer().map_err(|_| unusable("the token holds characters that no header can carry"))
}

impl Credential for AccessToken {
    fn same_as(&self, other: &Self) -> bool {
        self.token.same_as(&other.token)
    }
}

impl Source<AccessToken> for Handle<AccessToken> {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<AccessToken>> {
        <Self as Source<Arc<Issued<AccessToken>>>>::fetch(self, cx).await?.try_map(|issued| {
            let kept = Some(Kept { handle: self.downgrade(), generation: issued.generation() });
            Ok(AccessToken { kept, ..issued.credential().clone() })
        })
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("scopes", &self.scopes)
            .field("universe", &self.universe)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_into_a_header_and_not_into_debug() {
        let token = AccessToken::new("hunter22").unwrap();
        assert_eq!(token.authorization(), "Bearer hunter22");
        assert!(!format!("{token:?} {:?}", token.authorization()).contains("hunter22"));
    }

    #[test]
    fn what_no_header_can_carry_is_no_token() {
        for bad in ["", " ", "a\nb", "a\u{0}b"] {
            assert_eq!(AccessToken::new(bad).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}

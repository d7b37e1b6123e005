//! The access token.

use std::fmt;

use http::HeaderValue;
use tokenex_core::{AsIdentity, Credential, Error, ErrorKind, IdentityToken, Result, Secret};

use crate::scope::Scope;

/// An access token of Entra, for one resource.
///
/// Where the resource is an API of one's own, the token is a JWT that other systems can verify, and so an identity for the
/// next exchange: a `Handle<AccessToken>` is a `TokenSource`
/// ([access tokens](https://learn.microsoft.com/entra/identity-platform/access-tokens)). Tokens for Microsoft's own APIs
/// are nobody's to read: their form is not documented and changes.
#[derive(Clone)]
pub struct AccessToken {
    token: Secret,
    authorization: HeaderValue,
    scope: Scope,
}

impl AccessToken {
    /// # Errors
    /// [`ErrorKind::Protocol`] when it cannot be in a header.
    pub(crate) fn new(token: Secret, scope: Scope) -> Result<Self> {
        let unusable = |what| Error::new(ErrorKind::Protocol, what).with_provider("azure");
        if token.expose().trim().is_empty() {
            return Err(unusable("the access token is empty"));
        }
        let (authorization, token) =
            token.bearer().map_err(|_| unusable("the access token holds characters that no header can carry"))?;
        Ok(Self { token, authorization, scope })
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

    /// What it is for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Credential for AccessToken {
    fn same_as(&self, other: &Self) -> bool {
        self.token.same_as(&other.token)
    }
}

impl AsIdentity for AccessToken {
    fn as_identity(&self) -> Result<IdentityToken> {
        IdentityToken::new(self.token.clone())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<AccessToken> {
        AccessToken::new(text.into(), Scope::new("https://vault.azure.net/.default")?)
    }

    #[test]
    fn the_token_goes_into_a_header_and_not_into_debug() {
        let token = token("hunter22").unwrap();
        assert_eq!(token.authorization(), "Bearer hunter22");
        assert!(!format!("{token:?} {:?}", token.authorization()).contains("hunter22"));
    }

    #[test]
    fn what_no_header_can_carry_is_no_token() {
        for bad in ["", " ", "a\nb", "a\u{0}b"] {
            assert_eq!(token(bad).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_jwt_is_an_identity_and_an_opaque_token_is_not() {
        assert!(token("e30.e30.c2ln").unwrap().as_identity().is_ok());
        assert_eq!(token("opaque").unwrap().as_identity().unwrap_err().kind(), ErrorKind::Identity);
    }
}

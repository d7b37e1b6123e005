//! The credential: a session token and the key that it is bound to.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokenex_core::{Claims, Credential, Error, ErrorKind, Result, Secret};

use crate::key::SessionKey;
use crate::signer::RequestSigner;

/// A session token of Oracle Cloud (UPST or RPST) with its key: one is of no use without the other, so they are one immutable
/// credential, and are replaced together.
///
/// A request shows it through [`signer`](Self::signer). Clones are the same credential.
#[derive(Clone)]
pub struct SessionToken(Arc<Inner>);

struct Inner {
    token: Secret,
    key: SessionKey,
    claims: Claims,
    own: OwnClaims,
}

/// What only Oracle Cloud's tokens claim. What has another type than a text is taken as absent: none of it is needed.
#[derive(Deserialize)]
struct OwnClaims {
    /// Of a user's token.
    #[serde(default)]
    tenant: serde_json::Value,
    /// Of a resource's token.
    #[serde(default)]
    res_tenant: serde_json::Value,
}

impl SessionToken {
    /// A token and the key whose public half it was made for. Whether they belong together only Oracle Cloud can tell.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when the token is not a JWT.
    pub fn new(token: impl Into<Secret>, key: SessionKey) -> Result<Self> {
        let token: Secret = token.into();
        let (claims, own) = read(token.expose())?;
        Ok(Self(Arc::new(Inner { token, key, claims, own })))
    }

    /// The token. It is of no use without the key, and is sent in the `keyId` of signatures.
    pub fn secret(&self) -> &Secret {
        &self.0.token
    }

    /// The key.
    pub fn key(&self) -> &SessionKey {
        &self.0.key
    }

    /// What the token claims, unverified: `exp`, `iat`, and as the subject the user or resource.
    pub fn claims(&self) -> &Claims {
        &self.0.claims
    }

    /// The OCID of the tenancy, where the token says so (`tenant`, or `res_tenant` of a resource).
    pub fn tenancy(&self) -> Option<&str> {
        let own = &self.0.own;
        own.tenant.as_str().or(own.res_tenant.as_str())
    }

    /// Signs requests as this token's principal.
    pub fn signer(&self) -> RequestSigner {
        RequestSigner::of_token(&self.0.token, &self.0.key)
    }
}

fn read(token: &str) -> Result<(Claims, OwnClaims)> {
    let bad = |why: &'static str| {
        Error::new(ErrorKind::Protocol, why).with_code("bad_token").with_advice(
            "is something between this program and Oracle Cloud that changes answers? A session token is a JWT",
        )
    };
    let claims = Claims::read(token).map_err(|_| bad("the session token is not a JWT with readable claims"))?;
    // It is put between quotes into a header, so the third part is looked at as well.
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte)) {
        return Err(bad("the session token holds characters that no JWT has"));
    }
    let payload = token.split('.').nth(1).unwrap_or_default().trim_end_matches('=');
    let own = URL_SAFE_NO_PAD.decode(payload).ok().and_then(|json| serde_json::from_slice(&json).ok());
    Ok((claims, own.ok_or_else(|| bad("the session token has no readable claims"))?))
}

impl Credential for SessionToken {
    fn same_as(&self, other: &Self) -> bool {
        self.0.token.same_as(&other.0.token) && self.0.key.same_as(&other.0.key)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken")
            .field("subject", &self.0.claims.subject())
            .field("tenancy", &self.tenancy())
            .field("expires_at", &self.0.claims.expires_at())
            .field("key", &self.0.key)
            .finish_non_exhaustive()
    }
}

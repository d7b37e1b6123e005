//! ID tokens that Google signs.
//!
//! Source: cloud.google.com/docs/authentication/token-types#id, developers.google.com/identity/openid-connect.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::directory::AccountState;
use crate::issuer::{Algorithm, IssuerKeys, TokenBuilder};

/// The issuer of all Google accounts: a relying party must look at the subject.
pub(super) const ISSUER: &str = "https://accounts.google.com";

/// ID tokens live so long, whatever was asked.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

/// An ID token of this account, to be signed without the lock.
pub(super) fn of(
    keys: &IssuerKeys,
    account: &AccountState,
    audience: &str,
    email: bool,
    now: SystemTime,
) -> TokenBuilder {
    let token = keys
        .token()
        .algorithm(Algorithm::Rs256)
        .subject(account.unique_id.as_str())
        .audience(audience)
        .issued_at(now)
        .lifetime(LIFETIME)
        .claim("azp", account.unique_id.as_str())
        .without("jti");
    if email { token.claim("email", account.email.as_str()).claim("email_verified", true) } else { token }
}

/// The discovery document, at `accounts.google.com`.
pub(super) fn discovery() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

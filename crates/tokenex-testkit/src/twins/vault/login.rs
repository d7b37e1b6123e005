//! `auth/{mount}/login`: an identity token judged.
//!
//! Source: OpenBao's `builtin/credential/jwt/path_login.go`, and OpenBao 2.7.2 at work for the order of the checks.

use std::time::SystemTime;

use serde_json::Value;

use super::answer::Answer;
use super::book::Exchange;
use super::call::{Call, Operation};
use super::claims;
use super::jwt_auth::AuthState;
use super::refusal::{self, Refusal};
use super::state::State;
use super::token;
use crate::issuer::VerifyError;
use crate::twins::issuers::{Issuers, NotVerified, audiences, unverified};

pub(super) fn judge(
    state: &mut State,
    mount: &str,
    call: &Call,
    exchange: &mut Exchange,
    now: SystemTime,
) -> Result<Answer, Refusal> {
    let (role, jwt) = (call.text("role"), call.text("jwt"));
    role.clone_into(&mut exchange.role);
    exchange.presented = unverified(jwt).map(|(_, claims)| {
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        (text("iss"), text("sub"), audiences(&claims).into_iter().map(str::to_owned).collect())
    });

    let auth = state.auths.get_mut(mount).ok_or_else(refusal::not_authenticated)?;
    if call.operation() != Operation::Write {
        return Err(refusal::login_unsupported_operation());
    }
    if role.is_empty() {
        return Err(refusal::bad("missing role"));
    }
    let known = auth.roles.get(role).cloned();
    let known = known.ok_or_else(|| refusal::bad(format!("role \"{role}\" could not be found")))?;
    if jwt.is_empty() {
        return Err(refusal::bad("missing token"));
    }
    let claims = verify(auth, &state.issuers, jwt)?;
    claims::check(&claims, &auth.issuer, &known, now)?;

    let login = state.logins.add((mount, role), &known, &claims, now);
    state.book.count();
    Ok(Answer::auth(token::auth(&login, known.ttl.min(known.max_ttl))).issuing(&login.accessor))
}

/// Checks the signature with the keys of the one issuer that the mount trusts, whoever the token says it is from.
fn verify(auth: &mut AuthState, issuers: &Issuers, jwt: &str) -> Result<Value, Refusal> {
    let verified = issuers.verify(&auth.issuer, jwt);
    if verified == Err(NotVerified::IssuerDown) {
        // A server that has just been unsealed has to read the discovery document first.
        return Err(if auth.keys_read {
            refusal::signature_not_valid("fetching keys oidc: get keys failed: 500 Internal Server Error ")
        } else {
            refusal::bad("error configuring token validator: keyset configuration error: 500 Internal Server Error: ")
        });
    }
    auth.keys_read = true;
    verified.map_err(|error| match error {
        NotVerified::Token(VerifyError::Malformed) if jwt.matches('.').count() != 2 => refusal::signature_not_valid(
            "oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts",
        ),
        NotVerified::Token(VerifyError::Malformed) => {
            refusal::signature_not_valid("oidc: malformed jwt: illegal base64 data at input byte 0")
        }
        _ => refusal::signature_not_valid(&algorithm_refused(jwt).unwrap_or_else(|| UNKNOWN_KEY.to_owned())),
    })
}

/// What is said of a wrong signature and of a key that the issuer does not publish.
const UNKNOWN_KEY: &str = "failed to verify id token signature";

/// Algorithms that no issuer may use are seen before any key is looked for.
fn algorithm_refused(jwt: &str) -> Option<String> {
    const TAKEN: &str = r#"["RS256" "RS384" "RS512" "ES256" "ES384" "ES512" "PS256" "PS384" "PS512" "EdDSA"]"#;
    let (header, _) = unverified(jwt)?;
    let algorithm = header["alg"].as_str()?;
    (!TAKEN.contains(&format!("\"{algorithm}\"")))
        .then(|| format!("oidc: malformed jwt: unexpected signature algorithm \"{algorithm}\"; expected {TAKEN}"))
}

//! For an executable-sourced credential of Google Cloud
//! ([AIP-4117](https://google.aip.dev/auth/4117)). Its readers take standard error for a part of the answer, so nothing
//! may stand there.

use serde::Serialize;
use tokenex::core::Secret;

use crate::catalog::{Kind, Managed, Snapshot};
use crate::failure::Failure;
use crate::time::seconds;

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

#[derive(Serialize)]
struct Success<'a> {
    version: u8,
    success: bool,
    token_type: &'static str,
    id_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<u64>,
}

#[derive(Serialize)]
struct Failed<'a> {
    version: u8,
    success: bool,
    code: String,
    message: &'a str,
}

pub(super) fn render(managed: &Managed, snapshot: &Snapshot) -> Result<Secret, Failure> {
    let token = super::access_token(snapshot)?;
    let asked = std::env::var("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE").ok();
    Ok(super::line(&Success {
        version: 1,
        success: true,
        token_type: token_type(managed.kind(), asked.as_deref()),
        // The one field for all of them, whatever its name says.
        id_token: token.expose(),
        expiration_time: snapshot.expires_at.map(seconds),
    }))
}

/// The answer that says why there is none.
pub(crate) fn failed(failure: &Failure) -> Secret {
    let code = format!("TOKENEX_{}", failure.exit() as u8);
    super::line(&Failed { version: 1, success: false, code, message: failure.message() })
}

/// What the credential file names as its type, as far as this is one.
fn token_type(kind: Kind, asked: Option<&str>) -> &'static str {
    match (kind, asked) {
        (Kind::Bearer, _) => ACCESS_TOKEN,
        (_, Some(ID_TOKEN)) => ID_TOKEN,
        _ => JWT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_that_of_the_credential_file() {
        assert_eq!(token_type(Kind::Jwt, None), JWT);
        assert_eq!(token_type(Kind::Jwt, Some(ID_TOKEN)), ID_TOKEN);
        assert_eq!(token_type(Kind::Jwt, Some(ACCESS_TOKEN)), JWT);
        assert_eq!(token_type(Kind::Bearer, Some(JWT)), ACCESS_TOKEN);
    }
}

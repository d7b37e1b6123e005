//! Requests and answers, as pure functions.
//!
//! Depot speaks OAuth 2.0: Token Exchange (RFC 8693) to get a token, Token Revocation (RFC 7009) to end it.

use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::header::CONTENT_TYPE;
use http::{Request, Uri};
use serde_json::Value;
use tokenex_core::{Error, ErrorKind, IdentityToken, Result, Secret};

/// What Depot says of a new token.
pub(crate) struct Answer {
    pub(crate) token: Secret,
    pub(crate) lifetime: Duration,
    /// Depot's name for the token, which is no secret.
    pub(crate) id: Option<String>,
}

/// Asks for a token for `project`. The identity token travels in the body.
pub(crate) fn exchange(uri: &Uri, identity: &IdentityToken, project: &str) -> Request<Bytes> {
    form(
        uri,
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", identity.secret().expose()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("resource", project),
        ],
    )
}

/// Ends a token. The body says which, and is all the proof that Depot wants.
pub(crate) fn revoke(uri: &Uri, token: &Secret) -> Request<Bytes> {
    form(uri, &[("token", token.expose())])
}

/// Reads what a successful exchange says.
///
/// # Errors
/// [`ErrorKind::Protocol`], never with the body: half an answer may hold a whole token.
pub(crate) fn read(body: &[u8]) -> Result<Answer> {
    let bad = |what| Error::new(ErrorKind::Protocol, what).with_advice("is a proxy answering in Depot's place?");
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("the answer is not JSON"))?;
    let token = body["access_token"].as_str().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| bad("the answer holds no access_token"))?;
    let seconds = body["expires_in"].as_u64().ok_or_else(|| bad("the answer does not say how long the token lives"))?;
    Ok(Answer {
        token: Secret::new(token),
        lifetime: Duration::from_secs(seconds),
        id: body["token_id"].as_str().map(str::to_owned),
    })
}

fn form(uri: &Uri, fields: &[(&str, &str)]) -> Request<Bytes> {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri.clone();
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_answer_is_read_and_unknown_members_are_let_pass() {
        let answer = read(br#"{"access_token":"t","expires_in":900,"token_id":"tok_7","scope":"push"}"#).unwrap();
        assert_eq!((answer.token.expose(), answer.lifetime.as_secs()), ("t", 900));
        assert_eq!(answer.id.as_deref(), Some("tok_7"));
    }

    #[test]
    fn what_is_no_answer_is_said_without_repeating_it() {
        for bad in ["", "<html>", "[]", r#"{"expires_in":900}"#, r#"{"access_token":"hunter2"}"#] {
            let error = read(bad.as_bytes()).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}

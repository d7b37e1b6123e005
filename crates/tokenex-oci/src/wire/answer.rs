//! What comes back when a request is granted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};

/// The key id of a session token begins so; the proxymux hands tokens out with it.
const KEY_ID_PREFIX: &str = "ST$";

/// The token in `{"token": "..."}`, which is all that an identity domain, or the federation endpoint, says. Members that
/// nobody here knows are passed over.
pub(crate) fn token(body: &[u8]) -> Result<Secret> {
    // The parser's message quotes what it could not read, so it is not kept.
    let mut members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| {
        not_as_documented("the answer is not a JSON object")
            .with_code("foreign_answer")
            .with_advice("is the address Oracle's own, and is no proxy or login page in between?")
    })?;
    match members.remove("token") {
        Some(Value::String(token)) if !token.trim().is_empty() => Ok(Secret::new(token.trim())),
        Some(_) => Err(not_as_documented("the answer holds a token that is empty or no text")),
        None if members.contains_key("access_token") => Err(not_as_documented(
            "the answer holds an access token, and no session token: this is the answer to another grant",
        )
        .with_advice(
            "a domain that knows this exchange answers with `token`; does something else answer at the domain's address?",
        )),
        None => Err(not_as_documented("the answer holds no token")),
    }
}

/// The token in an answer of the proxymux: base64, at times between quotation marks, of the same JSON, with `ST$` in front
/// of the token.
pub(crate) fn pod_token(body: &[u8]) -> Result<Secret> {
    let text = body.trim_ascii();
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let json = STANDARD.decode(text).map_err(|_| {
        not_as_documented("the answer is not base64").with_code("foreign_answer").with_advice(
            "does something else than the proxymux of OKE answer at port 12250 of the cluster's API server?",
        )
    })?;
    let token = token(&json)?;
    Ok(match token.expose().strip_prefix(KEY_ID_PREFIX) {
        Some(bare) => Secret::new(bare),
        None => token,
    })
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(value: &Value) -> Vec<u8> {
        STANDARD.encode(value.to_string()).into_bytes()
    }

    #[test]
    fn a_token_is_read_whatever_stands_beside_it() {
        for body in [
            json!({"token": "hunter22"}),
            json!({"token": " hunter22\n"}),
            json!({"token": "hunter22", "expires_in": 7, "access_token": "x", "later": {"than": ["this"]}}),
        ] {
            let token = token(body.to_string().as_bytes()).unwrap();
            assert_eq!(token.expose(), "hunter22");
        }
    }

    #[test]
    fn what_holds_no_token_is_an_error_without_its_text() {
        for (body, word) in [
            ("", "not a JSON object"),
            ("<html>hunter22</html>", "not a JSON object"),
            ("{\"token\":\"hunter22\"", "not a JSON object"),
            ("[\"hunter22\"]", "not a JSON object"),
            ("{}", "no token"),
            ("{\"token\":null}", "empty or no text"),
            ("{\"token\":\" \"}", "empty or no text"),
            ("{\"token\":{\"hunter22\":1}}", "empty or no text"),
            ("{\"access_token\":\"hunter22\",\"expires_in\":3600}", "answer to another grant"),
        ] {
            let error = token(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
            assert!(error.to_string().contains(word), "{error}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn a_pods_token_is_base64_of_json_with_a_prefix() {
        let answer = pod(&json!({"token": "ST$hunter22"}));
        let quoted = [b"\"".as_slice(), &answer, b"\"\n"].concat();
        for body in [answer, quoted, pod(&json!({"token": "hunter22"}))] {
            assert_eq!(pod_token(&body).unwrap().expose(), "hunter22");
        }
        for body in ["{\"token\":\"ST$hunter22\"}", "", "<html>", "aHVudGVyMjI="] {
            let error = pod_token(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "\\PC{0,60}") {
            let described = json!({ "token": text });
            for body in [body.as_slice(), text.as_bytes(), described.to_string().as_bytes(), &pod(&described)] {
                let _ = token(body);
                let _ = pod_token(body);
            }
        }
    }
}

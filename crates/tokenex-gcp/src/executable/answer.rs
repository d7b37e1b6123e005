//! What a program prints
//! ([response format](https://google.aip.dev/auth/4117#determining-the-subject-token-in-executable-sourced-credentials)).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};

/// The answer of a program, or of its output file.
#[derive(Debug)]
pub(super) enum Answer {
    Token { token: Secret, expires_at: Option<SystemTime> },
    Failed(Error),
}

impl Answer {
    pub(super) fn read(text: &Secret) -> Result<Self> {
        // The parser's message quotes what it could not read, so it is not kept.
        let mut members: Map<String, Value> = serde_json::from_str(text.expose()).map_err(|_| {
            unusable("what the executable printed is no JSON object")
                .with_advice("it must print the answer and nothing else to its standard output")
        })?;
        match members.get("version").and_then(Value::as_i64) {
            Some(1) => {}
            Some(_) => return Err(unusable("the executable answers in another version of the format than 1")),
            None => return Err(unusable("the executable's answer lacks \"version\"")),
        }
        match members.get("success").and_then(Value::as_bool) {
            Some(true) => {}
            Some(false) => return Ok(Self::Failed(failure(&members))),
            None => return Err(unusable("the executable's answer lacks \"success\"")),
        }
        let field = match members.get("token_type").and_then(Value::as_str) {
            Some("urn:ietf:params:oauth:token-type:jwt" | "urn:ietf:params:oauth:token-type:id_token") => "id_token",
            Some("urn:ietf:params:oauth:token-type:saml2") => "saml_response",
            Some(_) => return Err(unusable("the executable's token is of an unknown type")),
            None => return Err(unusable("the executable's answer lacks \"token_type\"")),
        };
        let token = match members.remove(field) {
            Some(Value::String(token)) if !token.trim().is_empty() => Secret::new(token),
            _ => return Err(unusable(format!("the executable's answer lacks \"{field}\""))),
        };
        let expires_at = match members.get("expiration_time") {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_f64().and_then(epoch) {
                Some(at) => Some(at),
                None => return Err(unusable("the \"expiration_time\" of the executable's answer is no time")),
            },
        };
        Ok(Self::Token { token, expires_at })
    }

    /// The token, while it is worth something. What goes through a file must say until when that is.
    pub(super) fn usable(self, now: SystemTime, must_say_end: bool) -> Result<Secret> {
        match self {
            Self::Failed(error) => Err(error),
            Self::Token { expires_at: None, .. } if must_say_end => {
                Err(unusable("the executable's answer lacks \"expiration_time\", which is needed with an output file"))
            }
            Self::Token { expires_at: Some(at), .. } if at <= now => {
                Err(unusable("the token of the executable has ended").with_code("expired"))
            }
            Self::Token { token, .. } => Ok(token),
        }
    }
}

/// The failure that a program tells of, in its own words.
fn failure(members: &Map<String, Value>) -> Error {
    let text = |name| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let error = Error::new(ErrorKind::Identity, "the executable says that it failed");
    let error = error.with_code(text("code").unwrap_or("exit"));
    match text("message") {
        Some(message) => error.with_said(message, &[]),
        None => error,
    }
}

fn epoch(seconds: f64) -> Option<SystemTime> {
    /// 1 January 10000.
    const LATEST: f64 = 253_402_300_800.0;
    (0.0..=LATEST).contains(&seconds).then(|| UNIX_EPOCH + Duration::from_secs(seconds as u64))
}

fn unusable(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Identity, what).with_code("executable_answer")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn usable(value: Value, must_say_end: bool) -> Result<Secret> {
        Answer::read(&Secret::new(value.to_string()))?.usable(UNIX_EPOCH + Duration::from_secs(NOW), must_say_end)
    }

    fn good() -> Value {
        json!({"version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:id_token",
            "id_token": "hunter22", "expiration_time": NOW + 1})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut answer = good();
        answer[name] = value;
        answer
    }

    #[test]
    fn tokens_of_each_type_are_read() {
        assert_eq!(usable(good(), true).unwrap().expose(), "hunter22");
        let mut saml = with("token_type", json!("urn:ietf:params:oauth:token-type:saml2"));
        saml["saml_response"] = json!("PHNhbWw+");
        assert_eq!(usable(saml, true).unwrap().expose(), "PHNhbWw+");
        assert_eq!(usable(with("expiration_time", Value::Null), false).unwrap().expose(), "hunter22");
    }

    #[test]
    fn what_is_not_as_documented_is_named_without_the_token() {
        for (answer, word) in [
            (with("version", json!(2)), "version"),
            (with("version", json!("1")), "version"),
            (with("success", json!("true")), "success"),
            (with("token_type", json!("hunter22")), "unknown type"),
            (with("token_type", Value::Null), "token_type"),
            (with("id_token", json!(" ")), "id_token"),
            (with("expiration_time", json!("soon")), "expiration_time"),
            (with("expiration_time", json!(1e300)), "expiration_time"),
            (with("expiration_time", Value::Null), "output file"),
            (with("expiration_time", json!(NOW)), "ended"),
            (json!("hunter22"), "no JSON object"),
        ] {
            let error = usable(answer, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Identity);
            assert!(error.to_string().contains(word) && !format!("{error:?}").contains("hunter22"), "{error}");
        }
    }

    #[test]
    fn a_failure_is_told_in_the_programs_words() {
        let error = usable(json!({"version": 1, "success": false, "code": "401", "message": "log in first"}), true)
            .unwrap_err();
        assert_eq!((error.code(), error.said()), (Some("401"), Some("log in first")));
        assert!(usable(json!({"version": 1, "success": false}), false).unwrap_err().said().is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,80}", number: f64) {
            let _ = Answer::read(&Secret::new(text.as_str()));
            let _ = usable(with("expiration_time", json!(number)), true);
        }
    }
}

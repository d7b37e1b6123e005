//! Programs for Google's `external_account` files
//! ([AIP-4117](https://google.aip.dev/auth/4117#determining-the-subject-token-in-executable-sourced-credentials)).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Found, Misprint, filled, object, unusable};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";

pub(super) fn variables(audience: Option<&str>) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", JWT.to_owned()),
        ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0".to_owned()),
    ];
    variables.extend(audience.map(|audience| ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", audience.to_owned())));
    variables
}

pub(super) fn read(printed: &[u8]) -> Result<Found, Misprint> {
    let mut members = object(printed)?;
    match members.get("version").and_then(Value::as_i64) {
        Some(1) => {}
        Some(_) => return Err(unusable("printed an answer of another version than 1", "missing")),
        None => return Err(unusable("printed an answer without the number \"version\"", "missing")),
    }
    match members.get("success").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => {
            let (code, message) = (filled(members.get_mut("code")), filled(members.get_mut("message")));
            return Err(Misprint::Said { code, message });
        }
        None => return Err(unusable("printed an answer without the truth value \"success\"", "missing")),
    }
    let field = match members.get("token_type").and_then(Value::as_str) {
        Some(JWT | ID_TOKEN) => "id_token",
        Some(SAML2) => "saml_response",
        Some(_) => return Err(unusable("printed a token of a type that AIP-4117 does not have", "missing")),
        None => return Err(unusable("printed an answer without \"token_type\"", "missing")),
    };
    let Some(text) = filled(members.get_mut(field)) else {
        return Err(unusable(format!("printed an answer without \"{field}\""), "missing"));
    };
    let ends_at = match members.get("expiration_time") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_f64().and_then(epoch) {
            Some(at) => Some(at),
            None => return Err(unusable("printed an \"expiration_time\" that is no time", "missing")),
        },
    };
    Ok(Found { text: Zeroizing::new(text.into_bytes()), ends_at })
}

fn epoch(seconds: f64) -> Option<SystemTime> {
    /// 1 January 10000.
    const LATEST: f64 = 253_402_300_800.0;
    (0.0..LATEST).contains(&seconds).then(|| UNIX_EPOCH + Duration::from_secs(seconds as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::sources::CommandFormat;

    const NOW: u64 = 1_767_225_600;

    fn text(answer: &Value) -> Result<String, crate::Error> {
        let printed = Zeroizing::new(answer.to_string().into_bytes());
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        match CommandFormat::GoogleExecutable.text(printed, now) {
            Ok(text) => Ok(String::from_utf8(text.to_vec()).unwrap()),
            Err(misprint) => Err(misprint.about("the command")),
        }
    }

    fn good() -> Value {
        json!({"version": 1, "success": true, "token_type": ID_TOKEN, "id_token": "hunter22", "expiration_time": NOW + 1})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut answer = good();
        answer[name] = value;
        answer
    }

    #[test]
    fn tokens_of_each_type_are_read_with_and_without_an_end() {
        assert_eq!(text(&good()).unwrap(), "hunter22");
        assert_eq!(text(&with("token_type", json!(JWT))).unwrap(), "hunter22");
        assert_eq!(text(&with("expiration_time", Value::Null)).unwrap(), "hunter22");
        assert_eq!(text(&with("expiration_time", json!(NOW - 300))).unwrap(), "hunter22", "targets have leeway");
        let mut saml = with("token_type", json!(SAML2));
        saml["saml_response"] = json!("PHNhbWw+");
        assert_eq!(text(&saml).unwrap(), "PHNhbWw+");
    }

    #[test]
    fn what_is_not_as_documented_is_named_without_the_token() {
        for (answer, word, code) in [
            (with("version", json!(2)), "version", "missing"),
            (with("version", json!("1")), "version", "missing"),
            (with("success", json!("true")), "success", "missing"),
            (with("token_type", json!("hunter22")), "of a type", "missing"),
            (with("token_type", Value::Null), "token_type", "missing"),
            (with("id_token", json!(" ")), "id_token", "missing"),
            (with("token_type", json!(SAML2)), "saml_response", "missing"),
            (with("expiration_time", json!("soon")), "expiration_time", "missing"),
            (with("expiration_time", json!(1e300)), "expiration_time", "missing"),
            (with("expiration_time", json!(NOW - 301)), "ended 301 s ago", "expired"),
            (json!("hunter22"), "JSON object", "not_json"),
        ] {
            let error = text(&answer).unwrap_err();
            assert_eq!((error.kind(), error.code()), (crate::ErrorKind::Identity, Some(code)), "{error}");
            assert!(error.to_string().contains(word) && !format!("{error:?}").contains("hunter22"), "{error}");
        }
    }

    #[test]
    fn a_failure_is_told_in_the_programs_words() {
        let failed = json!({"version": 1, "success": false, "code": "401", "message": "log in first"});
        let error = text(&failed).unwrap_err();
        assert_eq!((error.code(), error.said()), (Some("401"), Some("log in first")));
        let error = text(&json!({"version": 1, "success": false})).unwrap_err();
        assert_eq!((error.code(), error.said()), (Some("exit"), None));
    }

    #[test]
    fn only_a_failure_counts_after_an_exit_with_an_error() {
        let failure = |answer: Value| CommandFormat::GoogleExecutable.failure(answer.to_string().as_bytes());
        assert!(failure(json!({"version": 1, "success": false, "code": "401", "message": "log in first"})).is_some());
        assert!(failure(good()).is_none(), "a token of a program that failed is not taken");
        assert!(failure(json!({"version": 2, "success": false})).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(printed in "\\PC{0,80}", number: f64) {
            let _ = read(printed.as_bytes());
            let _ = text(&with("expiration_time", json!(number)));
        }
    }
}

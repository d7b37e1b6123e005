//! What comes back when a request is granted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokenex_core::{Error, ErrorKind, Result, Secret};

type Members = Map<String, Value>;

/// The answer to a token exchange, to a JWT grant, and of the metadata server.
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) token: Secret,
    pub(crate) lifetime: Duration,
}

impl TokenAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = members(body)?;
        let token = secret(&mut members, "access_token")?;
        if members.get("token_type").is_some_and(|kind| !is_bearer(kind)) {
            return Err(not_as_documented("the token is not a bearer token, and nobody asked for another kind"));
        }
        let lifetime = members
            .get("expires_in")
            .and_then(seconds)
            .ok_or_else(|| not_as_documented("the answer does not say when the token ends"))?;
        Ok(Self { token, lifetime })
    }
}

/// The answer of `generateAccessToken`.
#[derive(Debug)]
pub(crate) struct ImpersonatedAnswer {
    pub(crate) token: Secret,
    pub(crate) expires_at: SystemTime,
}

impl ImpersonatedAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = members(body)?;
        let token = secret(&mut members, "accessToken")?;
        let expires_at = members
            .get("expireTime")
            .and_then(Value::as_str)
            .and_then(timestamp)
            .ok_or_else(|| not_as_documented("the answer does not say when the token ends"))?;
        Ok(Self { token, expires_at })
    }
}

/// The answer of `generateIdToken`.
#[derive(Debug)]
pub(crate) struct IdTokenAnswer {
    pub(crate) token: Secret,
}

impl IdTokenAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        Ok(Self { token: secret(&mut members(body)?, "token")? })
    }
}

fn members(body: &[u8]) -> Result<Members> {
    // The parser's message quotes what it could not read, so it is not kept.
    serde_json::from_slice(body).map_err(|_| {
        not_as_documented("the answer is not a JSON object")
            .with_code("foreign_answer")
            .with_advice("is the address Google's own, and is no proxy or login page in between?")
    })
}

fn secret(members: &mut Members, name: &str) -> Result<Secret> {
    match members.remove(name) {
        Some(Value::String(token)) if !token.trim().is_empty() => Ok(Secret::new(token)),
        _ => Err(not_as_documented("the answer holds no token")),
    }
}

fn is_bearer(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
}

/// A number of seconds, which may be text; fractions are cut and negative ones are zero.
fn seconds(value: &Value) -> Option<Duration> {
    /// Durations beyond a century are the same to everybody, and cannot overflow what is added to them.
    const CENTURY: f64 = 100.0 * 366.0 * 24.0 * 3600.0;
    let number: f64 = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then(|| Duration::from_secs(number.clamp(0.0, CENTURY) as u64))
}

/// A protobuf timestamp as JSON: RFC 3339, with fractions or without
/// ([mapping](https://protobuf.dev/programming-guides/json/#any)). Times before 1970 are long over.
fn timestamp(text: &str) -> Option<SystemTime> {
    let at = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    let nanos = u64::try_from(at.unix_timestamp_nanos().max(0)).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(value: Value) -> Result<TokenAnswer> {
        TokenAnswer::read(value.to_string().as_bytes())
    }

    fn expires(text: &str) -> Result<ImpersonatedAnswer> {
        ImpersonatedAnswer::read(json!({"accessToken": "hunter22", "expireTime": text}).to_string().as_bytes())
    }

    #[test]
    fn a_token_is_read_and_not_shown() {
        let answer = token(json!({"access_token": "hunter22", "expires_in": 3599, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}))
        .unwrap();
        assert_eq!((answer.token.expose(), answer.lifetime), ("hunter22", Duration::from_secs(3599)));
        assert!(!format!("{answer:?}").contains("hunter22"));
    }

    #[test]
    fn the_life_may_be_said_in_many_ways() {
        for (value, seconds) in [
            (json!(3599), 3599),
            (json!("3599"), 3599),
            (json!(" 60 "), 60),
            (json!(3599.9), 3599),
            (json!(0), 0),
            (json!(-5), 0),
            (json!("-5"), 0),
            (json!(1e300), 100 * 366 * 24 * 3600),
        ] {
            let answer = token(json!({"access_token": "t", "expires_in": value})).unwrap();
            assert_eq!(answer.lifetime, Duration::from_secs(seconds), "{value}");
        }
    }

    #[test]
    fn the_end_comes_with_fractions_and_without() {
        let whole = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        for (text, at) in [
            ("2026-01-01T00:00:00Z", whole),
            ("2026-01-01T00:00:00.5Z", whole + Duration::from_millis(500)),
            ("2026-01-01T00:00:00.000000001Z", whole + Duration::from_nanos(1)),
            ("2026-01-01T01:00:00+01:00", whole),
            ("1969-12-31T00:00:00Z", UNIX_EPOCH),
        ] {
            assert_eq!(expires(text).unwrap().expires_at, at, "{text}");
        }
        for text in ["", "soon", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"] {
            assert_eq!(expires(text).unwrap_err().kind(), ErrorKind::Protocol, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_an_error_without_its_text() {
        for body in [
            "",
            "<html>hunter22</html>",
            "{\"access_token\":\"hunter22\"",
            "[]",
            "{}",
            "{\"access_token\":\" \",\"expires_in\":1}",
            "{\"access_token\":7,\"expires_in\":1}",
            "{\"access_token\":\"hunter22\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":null}",
            "{\"access_token\":\"hunter22\",\"expires_in\":\"soon\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":\"NaN\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":1,\"token_type\":\"pop\"}",
        ] {
            for error in [
                TokenAnswer::read(body.as_bytes()).err(),
                ImpersonatedAnswer::read(body.as_bytes()).err(),
                IdTokenAnswer::read(body.as_bytes()).err(),
            ] {
                let error = error.unwrap();
                assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
                assert!(!format!("{error:?}").contains("hunter22"));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "\\PC{0,60}", number: f64) {
            let described = json!({"access_token": "t", "accessToken": "t", "expireTime": text, "expires_in": number});
            for body in [body.as_slice(), text.as_bytes(), described.to_string().as_bytes()] {
                let _ = TokenAnswer::read(body);
                let _ = ImpersonatedAnswer::read(body);
                let _ = IdTokenAnswer::read(body);
            }
        }
    }
}

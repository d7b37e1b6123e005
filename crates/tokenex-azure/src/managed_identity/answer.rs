//! What comes back when a platform hands out a token.
//!
//! Members are those of the [OAuth answer](https://www.rfc-editor.org/rfc/rfc6749#section-5.1) with `expires_on` added;
//! IMDS writes all of them as text.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};

use super::expiry::{moment, seconds};

/// A token that lives longer is looked at again after half of what is left, so that a platform which is down for hours
/// costs nothing and its own renewal is noticed. Microsoft's libraries do the same
/// ([MSAL](https://github.com/AzureAD/microsoft-authentication-library-for-dotnet/issues/4062)).
const LONG: Duration = Duration::from_secs(2 * 3600);

/// A token, and what the platform said about its life.
pub(super) struct Answer {
    token: Secret,
    expires_in: Option<Value>,
    expires_on: Option<Value>,
    refresh_in: Option<Duration>,
}

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// So long after the request was sent.
    After(Duration),
    /// At that time of the platform's clock.
    At(SystemTime),
}

/// How long a token lives, and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) end: End,
    pub(super) refresh_in: Option<Duration>,
}

impl Answer {
    pub(super) fn read(body: &[u8]) -> Result<Self> {
        // The parser's message quotes what it could not read, so it is not kept.
        let mut members: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| not_as_documented("the answer is not a JSON object"))?;
        let token = match members.remove("access_token") {
            Some(Value::String(token)) if !token.trim().is_empty() => Secret::new(token),
            _ => return Err(not_as_documented("the answer holds no token")),
        };
        match members.get("token_type") {
            None | Some(Value::Null) => {}
            Some(Value::String(kind)) if kind.is_empty() || kind.eq_ignore_ascii_case("Bearer") => {}
            Some(_) => return Err(not_as_documented("the token is of another type than Bearer")),
        }
        let mut present = |name| members.remove(name).filter(|value| !value.is_null() && *value != "");
        let (expires_in, expires_on) = (present("expires_in"), present("expires_on"));
        let refresh_in = present("refresh_in").as_ref().and_then(seconds).filter(|hint| !hint.is_zero());
        Ok(Self { token, expires_in, expires_on, refresh_in })
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// How long the token lives, when it is `now` by the platform's clock.
    ///
    /// Where both are there, the earlier counts: `expires_in` is documented as counted from the time of issue, which for
    /// a token from the platform's cache was hours ago.
    pub(super) fn life(&self, now: SystemTime) -> Result<Life> {
        let after = self.expires_in.as_ref().and_then(seconds);
        let at = self.expires_on.as_ref().and_then(moment);
        let left = at.map(|at| at.duration_since(now).unwrap_or_default());
        let (end, left) = match (after, at, left) {
            (Some(after), _, left) if left.is_none_or(|left| after <= left) => (End::After(after), after),
            (_, Some(at), Some(left)) => (End::At(at), left),
            _ if self.expires_in.is_none() && self.expires_on.is_none() => {
                return Err(not_as_documented("the answer does not say how long the token lives"));
            }
            _ => return Err(not_as_documented("the answer says in no known form how long the token lives")),
        };
        let refresh_in = self.refresh_in.or((left > LONG).then_some(left / 2));
        Ok(Life { end, refresh_in })
    }
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_820_923_200;

    fn read(value: Value) -> Result<Answer> {
        Answer::read(value.to_string().as_bytes())
    }

    fn life(mut value: Value) -> Result<Life> {
        value["access_token"] = json!("t");
        read(value).unwrap().life(UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn at(seconds: u64) -> End {
        End::At(UNIX_EPOCH + Duration::from_secs(NOW + seconds))
    }

    #[test]
    fn answers_of_each_platform_are_read() {
        let after = |seconds| End::After(Duration::from_secs(seconds));
        // IMDS
        let answer = json!({"access_token": "t", "refresh_token": "", "expires_in": "3599", "not_before": "1",
            "expires_on": (NOW + 3599).to_string(), "resource": "r", "token_type": "Bearer", "client_id": "c"});
        assert_eq!(life(answer).unwrap(), Life { end: after(3599), refresh_in: None });
        // App Service, Service Fabric, the old protocol
        assert_eq!(life(json!({"expires_on": (NOW + 600).to_string(), "token_type": "bearer"})).unwrap().end, at(600));
        assert_eq!(life(json!({"expires_on": NOW + 600})).unwrap().end, at(600));
        assert_eq!(life(json!({"expires_on": "09/14/2027 12:10:00 +00:00", "expires_in": ""})).unwrap().end, at(600));
        // Only seconds
        assert_eq!(life(json!({"expires_in": 600, "expires_on": null})).unwrap().end, after(600));
    }

    #[test]
    fn a_cached_token_does_not_live_as_long_as_it_did_when_it_was_new() {
        let cached = json!({"expires_in": "86400", "expires_on": (NOW + 1800).to_string()});
        assert_eq!(life(cached).unwrap().end, at(1800));
        let over = json!({"expires_in": "86400", "expires_on": "1"});
        assert_eq!(life(over).unwrap().end, End::At(UNIX_EPOCH + Duration::from_secs(1)));
        // A clock that is behind does not lengthen a life.
        let behind = json!({"expires_in": 600, "expires_on": NOW + 4200});
        assert_eq!(life(behind).unwrap().end, End::After(Duration::from_secs(600)));
    }

    #[test]
    fn a_long_life_is_looked_at_again_in_its_middle_and_a_hint_comes_first() {
        let hint = |value| life(value).unwrap().refresh_in.map(|hint| hint.as_secs());
        assert_eq!(hint(json!({"expires_in": 86400})), Some(43200));
        assert_eq!(hint(json!({"expires_on": NOW + 86400})), Some(43200));
        assert_eq!(hint(json!({"expires_in": 7200})), None);
        assert_eq!(hint(json!({"expires_in": 86400, "refresh_in": "3600"})), Some(3600));
        assert_eq!(hint(json!({"expires_in": 3600, "refresh_in": 0})), None);
    }

    #[test]
    fn what_is_no_token_is_an_error_without_its_text() {
        for body in [
            "<html>hunter22</html>",
            "",
            "{\"access_token\": \"hunter22",
            "{\"access_token\": \" \", \"x\": \"hunter22\"}",
            "[\"hunter22\"]",
            "{\"access_token\": {\"hunter22\": 1}}",
            "{\"access_token\": \"t\", \"token_type\": \"hunter22\"}",
        ] {
            let error = Answer::read(body.as_bytes()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn a_token_without_an_end_is_told_from_one_whose_end_cannot_be_read() {
        assert!(life(json!({})).unwrap_err().to_string().contains("does not say"));
        assert!(life(json!({"expires_on": "hunter22"})).unwrap_err().to_string().contains("in no known form"));
        // Either of the two is enough.
        assert!(life(json!({"expires_on": "next week", "expires_in": 60})).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in ".{0,60}", number: f64) {
            let _ = Answer::read(&body);
            let _ = life(json!({"expires_in": text, "expires_on": text}));
            let _ = life(json!({"expires_in": number, "expires_on": number, "refresh_in": number}));
        }
    }
}

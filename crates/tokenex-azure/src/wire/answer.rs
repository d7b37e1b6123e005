//! What comes back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};

type Members = Map<String, Value>;

/// The answer of the token endpoint to a request that it granted.
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) token: Secret,
    pub(crate) ends: Ends,
    /// When the token is best replaced: `refresh_in`, which tokens with a long life come with.
    pub(crate) refresh_in: Option<Duration>,
}

/// When a token ends, in the form in which the answer says it.
#[derive(Debug, PartialEq)]
pub(crate) enum Ends {
    /// So long after the request: `expires_in`.
    After(Duration),
    /// At that time of the endpoint's clock: `expires_on`, which endpoints of the first version say instead.
    At(SystemTime),
}

impl TokenAnswer {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let members = Granted::read(body).ok_or_else(|| {
            not_as_documented("the answer is not a JSON object")
                .with_code("foreign_answer")
                .with_advice("is the authority host Entra's own, and is no proxy or login page in between?")
        })?;
        let token = match members.access_token {
            Some(Value::String(token)) if !token.trim().is_empty() => Secret::new(token),
            _ => return Err(not_as_documented("the answer holds no access token")),
        };
        if members.token_type.is_some_and(|kind| !is_bearer(&kind)) {
            return Err(not_as_documented("the token is not a bearer token, and nobody asked for another kind"));
        }
        let ends = match (seconds(members.expires_in), seconds(members.expires_on)) {
            (Some(lifetime), _) => Ends::After(lifetime),
            (None, Some(since_epoch)) => Ends::At(UNIX_EPOCH + since_epoch),
            (None, None) => return Err(not_as_documented("the answer does not say when the token ends")),
        };
        Ok(Self { token, ends, refresh_in: seconds(members.refresh_in).filter(|hint| !hint.is_zero()) })
    }

    /// The name of the token, as [`name_of`] finds it.
    pub(crate) fn name(&self) -> Option<String> {
        name_of(&self.token)
    }
}

/// The members of such an answer, each of any type: endpoints differ in whether numbers are texts.
#[derive(Deserialize)]
struct Granted {
    access_token: Option<Value>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
    expires_on: Option<Value>,
    refresh_in: Option<Value>,
}

impl Granted {
    fn read(body: &[u8]) -> Option<Self> {
        // Without this an array of five would be taken as well.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        // The parser's message quotes what it could not read, so it is not kept.
        if is_object { serde_json::from_slice(body).ok() } else { None }
    }
}

/// The name by which Microsoft's sign-in logs know a token: `uti`, or `jti`. Tokens for Microsoft's own APIs need not be
/// JWTs, so there may be none.
pub(crate) fn name_of(token: &Secret) -> Option<String> {
    let payload = token.expose().split('.').nth(1)?;
    let claims: Members = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    ["uti", "jti"].iter().find_map(|name| text(&claims, name))
}

/// The answer of the token endpoint to a request that it refused
/// ([error response](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response),
/// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Refused {
    /// The number after `AADSTS`.
    pub(crate) number: Option<u64>,
    /// The standard name of the refusal: `invalid_client`.
    pub(crate) name: Option<String>,
    /// What it says, without the code in front and the ids behind.
    pub(crate) said: String,
    pub(crate) trace_id: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) time: Option<String>,
}

/// Begins what the description says about the request; after a blank or a line feed.
const TRACE: &str = "Trace ID:";
const CORRELATION: &str = "Correlation ID:";
const TIME: &str = "Timestamp:";

impl Refused {
    /// `None` when the body is not one of this endpoint's: a proxy's page, half an answer.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(body).ok()?;
        let description = text(&members, "error_description").unwrap_or_default();
        let (said, rest) = description.split_once(TRACE).unwrap_or((&description, ""));
        let (in_text, said) = match code_in_front(said) {
            Some((number, said)) => (Some(number), said),
            None => (None, said),
        };
        let listed = members.get("error_codes").and_then(Value::as_array).and_then(|codes| number(codes.first()?));
        let refused = Self {
            number: listed.or(in_text),
            name: text(&members, "error"),
            said: said.trim().to_owned(),
            trace_id: text(&members, "trace_id").or_else(|| word_at(rest, 0)),
            correlation_id: text(&members, "correlation_id").or_else(|| word_at(rest, after(rest, CORRELATION)?)),
            time: text(&members, "timestamp").or_else(|| line_at(rest, after(rest, TIME)?)),
        };
        (refused.number.is_some() || refused.name.is_some()).then_some(refused)
    }
}

/// Takes `AADSTS700213: ` off the front.
fn code_in_front(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start().strip_prefix("AADSTS")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok()?;
    Some((number, rest[digits..].trim_start_matches(':').trim_start()))
}

fn after(text: &str, mark: &str) -> Option<usize> {
    text.find(mark).map(|at| at + mark.len())
}

fn word_at(text: &str, at: usize) -> Option<String> {
    text.get(at..)?.split_whitespace().next().map(str::to_owned)
}

fn line_at(text: &str, at: usize) -> Option<String> {
    text.get(at..)?.trim_start().lines().next().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty())
}

fn is_bearer(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A number of seconds, which may be text; fractions are cut and negative ones are zero.
fn seconds(value: Option<Value>) -> Option<Duration> {
    /// Durations beyond a century are the same to everybody, and cannot overflow what is added to them.
    const CENTURY: u64 = 100 * 366 * 24 * 3600;
    let value = value?;
    let whole = match number(&value) {
        Some(whole) => whole,
        None => {
            let fraction = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
            // A cast of a float saturates.
            fraction.is_finite().then_some(fraction.max(0.0) as u64)?
        }
    };
    Some(Duration::from_secs(whole.min(CENTURY)))
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<TokenAnswer> {
        TokenAnswer::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_token_is_read() {
        let answer = read(json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
            "access_token": "hunter22"}))
        .unwrap();
        assert_eq!(answer.token.expose(), "hunter22");
        assert_eq!((&answer.ends, answer.refresh_in), (&Ends::After(Duration::from_secs(3599)), None));
        assert!(!format!("{answer:?}").contains("hunter22"));
    }

    #[test]
    fn the_end_may_be_said_in_many_ways() {
        let s = Duration::from_secs;
        for (member, value, ends) in [
            ("expires_in", json!("3599"), Ends::After(s(3599))),
            ("expires_in", json!(3599.9), Ends::After(s(3599))),
            ("expires_in", json!(" 60 "), Ends::After(s(60))),
            ("expires_in", json!(-5), Ends::After(s(0))),
            ("expires_in", json!("1e3"), Ends::After(s(1000))),
            ("expires_on", json!("1767225600"), Ends::At(UNIX_EPOCH + s(1_767_225_600))),
            ("expires_on", json!(1_767_225_600), Ends::At(UNIX_EPOCH + s(1_767_225_600))),
        ] {
            let answer = read(json!({"access_token": "t", member: value, "refresh_in": "43200"})).unwrap();
            assert_eq!((answer.ends, answer.refresh_in), (ends, Some(s(43_200))), "{member} {value}");
        }
        let endless = read(json!({"access_token": "t", "expires_in": u64::MAX})).unwrap();
        assert!(matches!(endless.ends, Ends::After(life) if life < s(u64::from(u32::MAX))));
    }

    #[test]
    fn what_is_no_token_is_an_error_without_its_text() {
        for body in [
            "",
            "<html>hunter22</html>",
            "{\"access_token\":\"hunter22\"",
            "[]",
            "[\"hunter22\",\"Bearer\",1,1,1]",
            "{}",
            "{\"access_token\":\" \",\"expires_in\":1}",
            "{\"access_token\":7,\"expires_in\":1}",
            "{\"access_token\":\"hunter22\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":\"soon\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":\"NaN\"}",
            "{\"access_token\":\"hunter22\",\"expires_in\":1,\"token_type\":\"pop\"}",
        ] {
            let error = TokenAnswer::read(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn a_token_is_named_as_the_sign_in_logs_name_it() {
        let name = |claims: Value| {
            let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
            read(json!({"access_token": token, "expires_in": 1})).unwrap().name()
        };
        assert_eq!(name(json!({"uti": "u", "jti": "j"})).as_deref(), Some("u"));
        assert_eq!(name(json!({"jti": "j"})).as_deref(), Some("j"));
        assert_eq!(name(json!({"uti": 7})), None);
        assert_eq!(read(json!({"access_token": "opaque", "expires_in": 1})).unwrap().name(), None);
    }

    #[test]
    fn a_refusal_is_read() {
        let refused = Refused::read(
            json!({"error": "invalid_client", "error_description": "AADSTS700213: No match. Trace ID: t-1 \
                Correlation ID: c-1 Timestamp: 2026-01-01 00:00:00Z", "error_codes": [700_213],
                "timestamp": "2026-01-01 00:00:01Z", "trace_id": "t-2", "correlation_id": "c-2"})
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        assert_eq!((refused.number, refused.name.as_deref()), (Some(700_213), Some("invalid_client")));
        assert_eq!(refused.said, "No match.");
        assert_eq!((refused.trace_id.as_deref(), refused.correlation_id.as_deref()), (Some("t-2"), Some("c-2")));
        assert_eq!(refused.time.as_deref(), Some("2026-01-01 00:00:01Z"));
    }

    #[test]
    fn what_the_members_lack_is_taken_from_the_description() {
        let description = "AADSTS70021: No matching federated identity.\r\nTrace ID: t-1\r\nCorrelation ID: c-1\r\n\
            Timestamp: 2026-01-01 00:00:00Z";
        let refused =
            Refused::read(json!({"error": "x", "error_description": description}).to_string().as_bytes()).unwrap();
        assert_eq!((refused.number, refused.said.as_str()), (Some(70_021), "No matching federated identity."));
        assert_eq!((refused.trace_id.as_deref(), refused.correlation_id.as_deref()), (Some("t-1"), Some("c-1")));
        assert_eq!(refused.time.as_deref(), Some("2026-01-01 00:00:00Z"));
    }

    #[test]
    fn a_refusal_may_hold_little_and_a_page_is_none() {
        let little = |body: &str| Refused::read(body.as_bytes());
        assert_eq!(little(r#"{"error":"temporarily_unavailable"}"#).unwrap().number, None);
        assert_eq!(little(r#"{"error_codes":["90033"]}"#).unwrap().number, Some(90_033));
        for page in ["", "<html>", "{", "[]", "{}", r#"{"error":{"code":"x"}}"#, r#"{"error_codes":[]}"#] {
            assert_eq!(little(page), None, "{page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "\\PC{0,200}") {
            let described = json!({"error": "x", "error_description": text}).to_string();
            for body in [body.as_slice(), text.as_bytes(), described.as_bytes()] {
                let _ = TokenAnswer::read(body);
                let _ = Refused::read(body);
            }
        }
    }
}

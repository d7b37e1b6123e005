//! What comes back.

use std::time::Duration;

use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};

/// The members of a JSON object.
pub(crate) type Members = Map<String, Value>;

/// Whether the server keeps the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// Stored by the server: can be renewed, looked up and revoked.
    Service,
    /// Not stored: lives for its fixed time, and nothing can end it before.
    Batch,
}

/// The `auth` block of a login or of its renewal.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) token: Secret,
    /// The token's name that is no secret. Batch tokens have none.
    pub(crate) accessor: Option<String>,
    /// `None` for a token without an end.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) renewable: bool,
    pub(crate) kind: TokenKind,
    pub(crate) policies: Vec<String>,
    /// How many requests it is good for; 0 for any number.
    pub(crate) uses: u64,
    /// It is of no use before a second factor is shown.
    pub(crate) needs_mfa: bool,
}

impl Auth {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = object(body)?;
        let Some(Value::Object(mut auth)) = members.remove("auth") else {
            return Err(not_as_documented("the answer to a login holds no \"auth\" block"));
        };
        let needs_mfa = auth.get("mfa_requirement").is_some_and(|mfa| !mfa.is_null());
        let token = match auth.remove("client_token") {
            Some(Value::String(token)) if !token.trim().is_empty() => Secret::new(token),
            _ if needs_mfa => Secret::new(""),
            _ => return Err(not_as_documented("the answer to a login holds no token")),
        };
        Ok(Self {
            token,
            accessor: text(&auth, "accessor"),
            lifetime: seconds(&auth, "lease_duration").filter(|lifetime| !lifetime.is_zero()),
            renewable: flag(&auth, "renewable"),
            kind: if auth.get("token_type").and_then(Value::as_str) == Some("batch") {
                TokenKind::Batch
            } else {
                TokenKind::Service
            },
            policies: auth.get("policies").map(texts).unwrap_or_default(),
            uses: seconds(&auth, "num_uses").map_or(0, |uses| uses.as_secs()),
            needs_mfa,
        })
    }
}

/// What the server says about a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaseTerms {
    /// Opaque: in a namespace it has a suffix.
    pub(crate) id: String,
    pub(crate) duration: Duration,
    pub(crate) renewable: bool,
}

/// The answer to reading or writing a path.
pub(crate) struct SecretBody {
    /// `None` when the server will not take the secret back.
    pub(crate) lease: Option<LeaseTerms>,
    /// `lease_duration` of an answer without a lease: how often to look again.
    pub(crate) hint: Option<Duration>,
    pub(crate) data: Members,
}

impl SecretBody {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = object(body)?;
        if members.get("wrap_info").is_some_and(Value::is_object) {
            return Err(not_as_documented("the secret came wrapped, which nobody asked for"));
        }
        let Some(Value::Object(data)) = members.remove("data") else {
            return Err(not_as_documented("the answer holds no \"data\""));
        };
        let duration = seconds(&members, "lease_duration").filter(|duration| !duration.is_zero());
        let lease = match (text(&members, "lease_id"), duration) {
            (None, _) => None,
            (Some(_), None) => return Err(not_as_documented("the answer holds a lease without a duration")),
            (Some(id), Some(duration)) => Some(LeaseTerms { id, duration, renewable: flag(&members, "renewable") }),
        };
        let hint = if lease.is_none() { duration } else { None };
        Ok(Self { lease, hint, data })
    }
}

/// The answer to reading a version of a KV v2 secret.
pub(crate) enum Kv2 {
    /// The newest version.
    Version { number: u64, data: Members },
    /// There is a newest version, and it is deleted or destroyed.
    Deleted,
}

impl Kv2 {
    /// Reads the body of a 200, and that of a 404: a deleted version comes as 404 with its metadata in the body, while
    /// a 404 without is no such secret (`None`).
    pub(crate) fn read(body: &[u8]) -> Result<Option<Self>> {
        let mut members = object(body)?;
        let Some(Value::Object(mut data)) = members.remove("data") else { return Ok(None) };
        let Some(Value::Object(metadata)) = data.remove("metadata") else {
            return Err(not_as_documented("the answer holds no \"metadata\": the mount is not of KV version 2"));
        };
        Ok(Some(match data.remove("data") {
            Some(Value::Object(data)) => {
                Self::Version { number: seconds(&metadata, "version").map_or(0, |n| n.as_secs()), data }
            }
            _ => Self::Deleted,
        }))
    }
}

/// The answer to renewing a lease: how long it lives now, and whether it can be renewed again.
pub(crate) fn lease_renewal(body: &[u8]) -> Result<(Duration, bool)> {
    let members = object(body)?;
    let duration = seconds(&members, "lease_duration")
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| not_as_documented("the answer to a renewal does not say how long the lease lives"))?;
    Ok((duration, flag(&members, "renewable")))
}

/// The `errors` of a refusal. `None` when the body is not one of this API's: a proxy's page, half an answer.
pub(crate) fn error_texts(body: &[u8]) -> Option<Vec<String>> {
    let members: Members = serde_json::from_slice(body).ok()?;
    members.get("errors").filter(|errors| errors.is_array()).map(texts)
}

/// A whole number of seconds, which may be text; fractions are cut and negative ones are zero.
pub(crate) fn seconds(members: &Members, name: &str) -> Option<Duration> {
    let value = match members.get(name)? {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => return Some(bounded(whole)),
            None => number.as_f64()?,
        },
        Value::String(text) => match text.trim().parse::<u64>() {
            Ok(whole) => return Some(bounded(whole)),
            Err(_) => text.trim().parse::<f64>().ok().filter(|value| value.is_finite())?,
        },
        _ => return None,
    };
    // A cast of a float saturates.
    Some(bounded(value.max(0.0) as u64))
}

/// Durations beyond a century are the same to everybody, and cannot overflow what is added to them.
fn bounded(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(100 * 366 * 24 * 3600))
}

fn object(body: &[u8]) -> Result<Members> {
    // The parser's message quotes what it could not read, so it is not kept.
    serde_json::from_slice(body).map_err(|_| {
        not_as_documented("the answer is not a JSON object")
            .with_advice("is the address that of the Vault server, and no proxy's or login page's?")
    })
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn flag(members: &Members, name: &str) -> bool {
    match members.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

fn not_as_documented(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bytes(value: Value) -> Vec<u8> {
        value.to_string().into_bytes()
    }

    #[test]
    fn a_login_is_read() {
        let auth = Auth::read(&bytes(json!({"request_id": "r", "auth": {
            "client_token": "hvs.secret", "accessor": "acc", "policies": ["app", "default"], "lease_duration": 8,
            "renewable": true, "token_type": "service", "num_uses": 0, "mfa_requirement": null, "new_member": {}}})))
        .unwrap();
        assert_eq!(auth.token.expose(), "hvs.secret");
        assert_eq!(auth.lifetime, Some(Duration::from_secs(8)));
        assert_eq!((auth.accessor.as_deref(), auth.renewable, auth.kind), (Some("acc"), true, TokenKind::Service));
        assert!(auth.policies == ["app", "default"] && auth.uses == 0 && !auth.needs_mfa);
        assert!(!format!("{auth:?}").contains("hvs.secret"));
    }

    #[test]
    fn a_batch_login_has_no_accessor() {
        let auth = Auth::read(&bytes(json!({"auth": {
            "client_token": "hvb.x", "accessor": "", "lease_duration": "15", "renewable": false, "token_type": "batch",
            "num_uses": 3}})))
        .unwrap();
        assert_eq!((auth.accessor, auth.kind, auth.uses), (None, TokenKind::Batch, 3));
        assert_eq!(auth.lifetime, Some(Duration::from_secs(15)));
    }

    #[test]
    fn a_login_that_wants_a_second_factor_is_told_from_a_broken_one() {
        let mfa = json!({"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "x"}}});
        assert!(Auth::read(&bytes(mfa)).unwrap().needs_mfa);
        for broken in [json!({}), json!({"auth": null}), json!({"auth": {"client_token": " "}}), json!([])] {
            assert_eq!(Auth::read(&bytes(broken)).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_lease_and_a_refresh_hint_are_told_apart() {
        let leased = SecretBody::read(&bytes(json!({"lease_id": "l/1", "lease_duration": 60, "renewable": true,
            "data": {"username": "u"}})))
        .unwrap();
        let terms = LeaseTerms { id: "l/1".into(), duration: Duration::from_secs(60), renewable: true };
        assert_eq!((leased.lease, leased.hint), (Some(terms), None));

        let kv = SecretBody::read(&bytes(json!({"lease_id": "", "lease_duration": 2_764_800, "data": {}}))).unwrap();
        assert_eq!((kv.lease, kv.hint), (None, Some(Duration::from_secs(2_764_800))));
    }

    #[test]
    fn what_is_no_secret_is_an_error_without_its_text() {
        for body in ["<html>hunter22</html>", "", "{\"data\":", "{\"data\":\"hunter22\"}", "null"] {
            let error = SecretBody::read(body.as_bytes()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!format!("{error:?}").contains("hunter22"));
        }
        let wrapped = json!({"wrap_info": {"token": "t"}, "data": null});
        assert!(SecretBody::read(&bytes(wrapped)).is_err());
        let endless = json!({"lease_id": "l", "data": {}});
        assert!(SecretBody::read(&bytes(endless)).is_err());
    }

    #[test]
    fn a_deleted_version_is_told_from_a_secret_that_never_was() {
        let deleted =
            json!({"data": {"data": null, "metadata": {"deletion_time": "2026-01-01T00:00:00Z", "version": 2}}});
        assert!(matches!(Kv2::read(&bytes(deleted)), Ok(Some(Kv2::Deleted))));
        assert!(matches!(Kv2::read(&bytes(json!({"errors": []}))), Ok(None)));
        let there = json!({"data": {"data": {"a": "b"}, "metadata": {"version": "7"}}});
        assert!(matches!(Kv2::read(&bytes(there)), Ok(Some(Kv2::Version { number: 7, .. }))));
        assert!(Kv2::read(&bytes(json!({"data": {"a": "b"}}))).is_err(), "KV version 1 must not pass for version 2");
    }

    #[test]
    fn numbers_may_be_text_and_out_of_range() {
        let members = json!({"a": "60", "b": 1.9, "c": -5, "d": 18_446_744_073_709_551_615_u64, "e": "soon", "f": null,
            "g": "1e300", "h": "NaN"});
        let read = |name| seconds(members.as_object().unwrap(), name).map(|d| d.as_secs());
        assert_eq!((read("a"), read("b"), read("c")), (Some(60), Some(1), Some(0)));
        assert!(read("d").is_some_and(|d| d < u64::from(u32::MAX)) && read("g").is_some());
        assert_eq!((read("e"), read("f"), read("h"), read("none")), (None, None, None, None));
    }

    #[test]
    fn error_texts_are_only_taken_from_this_api() {
        assert_eq!(error_texts(br#"{"errors":["a","b"]}"#), Some(vec!["a".into(), "b".into()]));
        assert_eq!(error_texts(br#"{"errors":[]}"#), Some(vec![]));
        assert_eq!(error_texts(b"<html>"), None);
        assert_eq!(error_texts(br#"{"error":"invalid_client"}"#), None);
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in ".{0,200}") {
            for body in [body.as_slice(), text.as_bytes()] {
                let _ = Auth::read(body);
                let _ = SecretBody::read(body);
                let _ = Kv2::read(body);
                let _ = lease_renewal(body);
                let _ = error_texts(body);
            }
        }
    }
}

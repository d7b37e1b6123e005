//! Identity tokens and what they claim.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Credential, Error, ErrorKind, Result, Secret, json};

/// A longer token is refused before it is looked at. AWS takes 20,000 characters, the longest limit published.
const TOKEN_MAX: usize = 64 * 1024;

/// How far an identity token may be past its `exp` and still be sent: servers have leeway too.
pub(crate) const EXPIRY_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// A "not yet valid" token is waited for when the difference is at most this: clocks differ.
pub(crate) const NOT_BEFORE_WAIT: Duration = Duration::from_secs(60);

/// The JWT that proves who the workload is.
///
/// Its claims are read without verifying the signature: the target verifies, tokenex only schedules by them and shows
/// them when the trust is refused.
#[derive(Debug, Clone)]
pub struct IdentityToken {
    text: Secret,
    claims: Claims,
}

impl IdentityToken {
    /// Reads a compact JWT ([RFC 7519 section 3](https://www.rfc-editor.org/rfc/rfc7519#section-3)). White space around
    /// it is dropped, since files end in a line feed.
    ///
    /// # Errors
    /// [`ErrorKind::Identity`] when it is empty, too long (64 KiB), or not a JWT with a JSON object as its payload.
    pub fn new(text: impl Into<Secret>) -> Result<Self> {
        let text: Secret = text.into();
        let trimmed = text.expose().trim();
        let text = if trimmed.len() == text.len() { text } else { Secret::new(trimmed) };
        let claims = Claims::read(text.expose())?;
        Ok(Self { text, claims })
    }

    /// The token itself. It belongs into request bodies, never into a URL or a log.
    pub fn secret(&self) -> &Secret {
        &self.text
    }

    /// What it claims, unverified.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl Credential for IdentityToken {
    fn same_as(&self, other: &Self) -> bool {
        self.text.same_as(&other.text)
    }
}

/// The claims of an identity token that matter here, unverified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    issuer: Option<String>,
    subject: Option<String>,
    audiences: Vec<String>,
    expires_at: Option<SystemTime>,
    not_before: Option<SystemTime>,
    issued_at: Option<SystemTime>,
    id: Option<String>,
}

impl Claims {
    /// Reads the payload of a compact JWT. Missing claims are tolerated; claims of the wrong type are not.
    ///
    /// # Errors
    /// [`ErrorKind::Identity`], saying which part is not as it must be. The text itself is never in the error.
    pub fn read(jwt: &str) -> Result<Self> {
        let bad = |what: &'static str| {
            Error::new(ErrorKind::Identity, what)
                .with_advice("an identity token is a JWT: three base64url parts with dots between them")
        };
        if jwt.is_empty() {
            return Err(bad("the identity token is empty"));
        }
        if jwt.len() > TOKEN_MAX {
            return Err(bad("the identity token is longer than 64 KiB"));
        }
        let mut parts = jwt.split('.');
        let (Some(header), Some(payload), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad("the identity token is not a JWT"));
        };
        part::<Header>(header).ok_or_else(|| bad("the header of the identity token is not a base64url JSON object"))?;
        let payload: Payload = part(payload).ok_or_else(|| {
            bad("the claims of the identity token are not a base64url JSON object that has each of them once")
        })?;
        Ok(Self {
            issuer: text("iss", payload.iss)?,
            subject: text("sub", payload.sub)?,
            audiences: texts("aud", payload.aud)?,
            expires_at: time("exp", payload.exp.as_ref())?,
            not_before: time("nbf", payload.nbf.as_ref())?,
            issued_at: time("iat", payload.iat.as_ref())?,
            id: text("jti", payload.jti)?,
        })
    }

    /// The `iss` claim: who issued the token.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The `sub` claim: whom it is about.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The `aud` claim: whom it is for.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The `exp` claim, by the issuer's clock.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The `nbf` claim, by the issuer's clock.
    pub fn not_before(&self) -> Option<SystemTime> {
        self.not_before
    }

    /// The `iat` claim, by the issuer's clock.
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.issued_at
    }

    /// The `jti` claim: the token's own id, which is no secret.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Refuses a token for somebody else before anything is sent. A token without `aud` passes: the target decides.
    ///
    /// # Errors
    /// [`ErrorKind::Identity`], naming the audiences found and accepted.
    pub fn check_audience(&self, accepted: &[&str]) -> Result<()> {
        if accepted.is_empty()
            || self.audiences.is_empty()
            || self.audiences.iter().any(|a| accepted.contains(&a.as_str()))
        {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Identity,
            format!("the identity token is for another audience; this target takes {}", quoted(accepted)),
        )
        .with_code("wrong_audience")
        .with_presented(self)
        .with_advice("ask the issuer for a token with that audience"))
    }

    /// How long ago the token expired, if it has.
    pub(crate) fn expired_for(&self, now: SystemTime) -> Option<Duration> {
        self.expires_at.and_then(|at| now.duration_since(at).ok())
    }

    /// How long until the token becomes valid, if it is not yet.
    pub(crate) fn valid_in(&self, now: SystemTime) -> Option<Duration> {
        self.not_before.and_then(|at| at.duration_since(now).ok()).filter(|d| !d.is_zero())
    }
}

fn quoted(values: &[&str]) -> String {
    values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(" or ")
}

/// Nobody here needs what it says, but a JWT has one.
#[derive(Deserialize)]
struct Header {}

/// Of any type at first, so that one of the wrong type can be named.
#[derive(Deserialize)]
struct Payload {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    jti: Option<Value>,
}

fn part<T: DeserializeOwned>(part: &str) -> Option<T> {
    json::object(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
}

fn text(name: &'static str, claim: Option<Value>) -> Result<Option<String>> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad_claim(name)),
    }
}

/// One, or a list.
fn texts(name: &'static str, claim: Option<Value>) -> Result<Vec<String>> {
    match claim {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(several)) => {
            several.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(|| bad_claim(name))).collect()
        }
        Some(_) => Err(bad_claim(name)),
    }
}

fn time(name: &'static str, claim: Option<&Value>) -> Result<Option<SystemTime>> {
    claim.map(|claim| claim.as_f64().and_then(numeric_date).ok_or_else(|| bad_claim(name))).transpose()
}

/// A NumericDate may have fractions (RFC 7519 section 2). Times that no clock can hold are refused.
fn numeric_date(seconds: f64) -> Option<SystemTime> {
    if !(0.0..=253_402_300_799.0).contains(&seconds) {
        return None;
    }
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

fn bad_claim(name: &'static str) -> Error {
    Error::new(ErrorKind::Identity, format!("the claim \"{name}\" of the identity token has the wrong type or range"))
        .with_advice("see RFC 7519 section 4.1 for what each claim holds")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jwt(payload: &str) -> String {
        format!("{}.{}.sig", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_are_read_and_missing_ones_tolerated() {
        let token =
            IdentityToken::new(jwt(r#"{"iss":"i","sub":"s","aud":["a","b"],"exp":1700000000.5}"#) + "\n").unwrap();
        assert_eq!(token.claims().issuer(), Some("i"));
        assert_eq!(token.claims().audiences(), ["a", "b"]);
        assert_eq!(token.claims().expires_at(), Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)));
        assert!(IdentityToken::new(jwt("{}")).unwrap().claims().expires_at().is_none());
    }

    #[test]
    fn what_is_not_a_jwt_is_an_error_without_the_text() {
        for bad in [
            "",
            " \n",
            "abc",
            "a.b",
            "a.b.c.d",
            "e30.e30",
            &jwt("[]"),
            &jwt("{\"exp\":\"soon\"}"),
            &jwt("{\"exp\":-1}"),
            &jwt("{\"exp\":1e300}"),
            &jwt("{\"aud\":[1]}"),
            &jwt("{\"aud\":[null]}"),
            &jwt("{\"sub\":\"a\",\"sub\":\"b\"}"),
            &jwt("[\"i\",\"s\",null,null,null,null,null]"),
            &"a".repeat(TOKEN_MAX + 1),
        ] {
            let error = IdentityToken::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Identity);
            assert!(bad.len() < 3 || !format!("{error:?}").contains(bad));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,200}", payload in ".{0,100}") {
            let _ = Claims::read(&text);
            let _ = Claims::read(&jwt(&payload));
        }
    }
}

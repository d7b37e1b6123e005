//! The published keys (RFC 7517).

use serde_json::{Map, Value};
use tokenex::core::AnyTransport;

use super::super::finding::{Finding, Step};
use super::super::seen::Seen;
use super::discovery::Document;
use super::fetch::{self, Trouble};

/// More ids help nobody.
const SHOWN_MAX: usize = 8;

/// A key as it is published.
pub(super) type Jwk = Map<String, Value>;

/// What an issuer publishes.
#[derive(Debug)]
pub(super) struct Keys(Vec<Jwk>);

/// The keys to which the document points.
pub(super) async fn fetch(document: &Document, transport: &AnyTransport) -> Result<Keys, Trouble> {
    let address = document.jwks_uri.as_deref().ok_or(Trouble::Member("jwks_uri"))?;
    let mut fetched = fetch::json(address, transport).await?;
    let keys = fetched.members.get_mut("keys").map(Value::take);
    let Some(Value::Array(keys)) = keys else { return Err(Trouble::Member("keys")) };
    let object = |key| match key {
        Value::Object(key) => Some(key),
        _ => None,
    };
    Ok(Keys(keys.into_iter().filter_map(object).collect()))
}

impl Keys {
    /// The key that signed this token: that of its id; without an id, the only one there is.
    pub(super) fn of(&self, seen: &Seen) -> Option<&Jwk> {
        match (seen.header("kid"), self.0.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| text(key, "kid") == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    pub(super) fn judge(&self, seen: &Seen) -> Finding {
        let algorithm = seen.header("alg").unwrap_or_default();
        let finding = match self.of(seen) {
            Some(key) => match fits(key, algorithm) {
                Ok(()) => Finding::ok(Step::Keys, "the key that signed the token is published"),
                Err(why) => Finding::warning(Step::Keys, why).contradicting(),
            },
            None if seen.header("kid").is_none() => Finding::warning(
                Step::Keys,
                "the token does not say which key signed it, and there are several: Google and others refuse that",
            )
            .contradicting(),
            None => Finding::warning(
                Step::Keys,
                "the issuer does not publish the key that signed the token: it changed its keys, another issuer signed, or \
                 a copy of the keys is old; get a new token, and have the issuer publish new keys before it signs with them",
            )
            .contradicting(),
        };
        let published = self.of(seen).and_then(|key| text(key, "kid")).map_or_else(|| self.ids(), str::to_owned);
        let finding = finding.maybe_found("kid", seen.header("kid")).found("alg", algorithm);
        finding.expected("kid", published)
    }

    fn ids(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(|key| text(key, "kid").unwrap_or("(none)")).collect();
        match ids.len() {
            0 => "(no key is published)".to_owned(),
            many if many > SHOWN_MAX => format!("{} and {} more", ids[..SHOWN_MAX].join(" or "), many - SHOWN_MAX),
            _ => ids.join(" or "),
        }
    }
}

pub(super) fn text<'a>(key: &'a Jwk, name: &str) -> Option<&'a str> {
    key.get(name)?.as_str()
}

/// Whether a key is for signatures of this algorithm ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
fn fits(key: &Jwk, algorithm: &str) -> Result<(), String> {
    if text(key, "use").is_some_and(|purpose| purpose != "sig") {
        return Err("the published key of this id is not for signatures".to_owned());
    }
    let family = match text(key, "kty") {
        Some("RSA") => algorithm.starts_with("RS") || algorithm.starts_with("PS"),
        Some("EC") => algorithm.starts_with("ES"),
        Some("OKP") => algorithm == "EdDSA" || algorithm == "Ed25519",
        _ => return Err("the published key of this id is of no kind that signs tokens".to_owned()),
    };
    match text(key, "alg") {
        Some(named) if named != algorithm => {
            Err(format!("the published key of this id is for {named:?}, and the token is signed with {algorithm:?}"))
        }
        _ if !family => Err(format!("the published key of this id is none for {algorithm:?}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_for_signatures_of_its_own_kind() {
        let key = |value: Value| value.as_object().unwrap().clone();
        assert!(fits(&key(json!({ "kty": "RSA", "use": "sig" })), "RS256").is_ok());
        for (bad, algorithm) in [
            (json!({ "kty": "RSA", "use": "enc" }), "RS256"),
            (json!({ "kty": "RSA" }), "ES256"),
            (json!({ "kty": "EC", "alg": "ES384" }), "ES256"),
            (json!({ "kty": "oct" }), "HS256"),
            (json!({}), "RS256"),
        ] {
            assert!(fits(&key(bad.clone()), algorithm).is_err(), "{bad} {algorithm}");
        }
    }
}

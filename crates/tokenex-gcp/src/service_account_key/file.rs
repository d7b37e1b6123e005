//! The file that holds a service account's key
//! ([format](https://cloud.google.com/iam/docs/keys-create-delete#creating)).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::RsaKeyPair;
use serde_json::{Map, Value};
use tokenex_core::{Error, ErrorKind, Result, Secret};
use zeroize::Zeroizing;

use crate::service_account::account;

/// A key, ready to sign.
pub(super) struct KeyFile {
    /// The account's e-mail address.
    pub(super) account: String,
    /// What Google calls the key; no secret.
    pub(super) id: String,
    pub(super) token_uri: Option<String>,
    pub(super) pair: RsaKeyPair,
}

impl KeyFile {
    /// Reads the JSON text of the file, or the same in base64.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], without anything of the text.
    pub(super) fn read(text: &Secret) -> Result<Self> {
        let text = text.expose().trim();
        let decoded = if text.starts_with('{') { None } else { Some(decode(text)?) };
        let json = decoded.as_ref().map_or(text.as_bytes(), |decoded| decoded);
        // The parser's message quotes what it could not read, so it is not kept.
        let mut members: Map<String, Value> =
            serde_json::from_slice(json).map_err(|_| bad("the key is neither a JSON object nor one in base64"))?;
        match text_of(&members, "type") {
            Ok("service_account") => {}
            Ok("external_account") => {
                return Err(bad("this is no key but a file for federation").with_advice("give it to ExternalAccount"));
            }
            _ => return Err(bad("the \"type\" of the key is not \"service_account\"")),
        }
        if text_of(&members, "universe_domain").is_ok_and(|domain| domain != "googleapis.com") {
            return Err(bad("the key is of another Google Cloud than the public one, which has no such grant")
                .with_advice("use federation there: WorkloadIdentity::builder with `universe_domain`"));
        }
        text_of(&members, "private_key")?;
        // Taken out, so that it is wiped.
        let pem = match members.remove("private_key") {
            Some(Value::String(pem)) => Zeroizing::new(pem),
            _ => Zeroizing::default(),
        };
        Ok(Self {
            account: account(text_of(&members, "client_email")?)
                .map_err(|_| bad("the \"client_email\" of the key is none"))?
                .to_owned(),
            id: text_of(&members, "private_key_id")?.to_owned(),
            token_uri: text_of(&members, "token_uri").ok().map(str::to_owned),
            pair: pair(&pem)?,
        })
    }
}

fn text_of<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    match members.get(name).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(bad(format!("the key lacks \"{name}\""))),
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let not_base64 = |_| bad("the key is neither a JSON object nor one in base64");
    STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).map(Zeroizing::new).map_err(not_base64)
}

/// An RSA key as PKCS#8 in PEM ([RFC 7468 section 10](https://www.rfc-editor.org/rfc/rfc7468#section-10)).
fn pair(pem: &str) -> Result<RsaKeyPair> {
    const LABEL: &str = "PRIVATE KEY-----";
    let inside = pem
        .split_once(&format!("-----BEGIN {LABEL}"))
        .and_then(|(_, rest)| rest.split_once("-----END "))
        .map(|(inside, _)| inside);
    let der = decode(inside.ok_or_else(|| bad("the \"private_key\" of the key is not PKCS#8 in PEM"))?);
    let der = der.map_err(|_| bad("the \"private_key\" of the key is not PKCS#8 in PEM"))?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| bad("the \"private_key\" of the key is no RSA key of 2048 to 4096 bits"))
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what)
        .with_code("key_file")
        .with_advice("give the whole text of a service account's key file, or `private_key_data` of Vault's GCP engine")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(changes: &[(&str, Value)]) -> String {
        let mut file = json!({"type": "service_account", "client_email": "app@p.iam.gserviceaccount.com",
            "private_key_id": "k1", "private_key": "hunter22", "token_uri": "https://oauth2.googleapis.com/token"});
        for (name, value) in changes {
            file[*name] = value.clone();
        }
        file.to_string()
    }

    #[test]
    fn what_is_no_key_is_refused_without_its_text() {
        for (text, word) in [
            ("hunter22".to_owned(), "base64"),
            ("{\"hunter22".to_owned(), "base64"),
            (file(&[("type", json!("authorized_user"))]), "service_account"),
            (file(&[("type", json!("external_account"))]), "federation"),
            (file(&[("universe_domain", json!("apis.example"))]), "another Google Cloud"),
            (file(&[("client_email", json!("hunter22"))]), "client_email"),
            (file(&[("private_key_id", json!(""))]), "private_key_id"),
            (file(&[("private_key", Value::Null)]), "private_key"),
            (file(&[]), "PEM"),
            (
                file(&[("private_key", json!("-----BEGIN PRIVATE KEY-----\nhunter22!\n-----END PRIVATE KEY-----\n"))]),
                "PEM",
            ),
            (
                file(&[("private_key", json!("-----BEGIN PRIVATE KEY-----\nhunter22\n-----END PRIVATE KEY-----\n"))]),
                "RSA",
            ),
            (
                file(&[(
                    "private_key",
                    json!("-----BEGIN RSA PRIVATE KEY-----\nhunter22\n-----END RSA PRIVATE KEY-----\n"),
                )]),
                "PKCS#8",
            ),
        ] {
            let error = KeyFile::read(&Secret::new(text)).err().unwrap();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("key_file")));
            let printed = format!("{error:?}");
            assert!(printed.contains(word) && !printed.contains("hunter22"), "{printed}");
        }
    }
}

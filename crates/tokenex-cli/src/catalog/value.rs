//! What a credential consists of, whatever its type.

use tokenex::aws::AwsCredentials;
use tokenex::core::{IdentityToken, Secret};
use tokenex::oci::SessionToken;
use tokenex::vault::{DatabaseCredentials, VaultSecret};
use tokenex::{azure, gcp};

/// The kinds of credentials, by what formats can do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An access token that is shown as it is.
    Bearer,
    /// An identity token.
    Jwt,
    /// Access key id, secret key and session token of AWS.
    AwsKeys,
    /// A session token of Oracle Cloud, and the key that signs requests.
    OciSession,
    /// A secret of Vault, with fields of its own.
    VaultSecret,
}

impl Kind {
    /// The names of the fields that each of this kind has; none where each has its own.
    pub(crate) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Bearer | Self::Jwt => &TOKEN,
            Self::AwsKeys => &AWS_KEYS,
            Self::OciSession => &OCI_SESSION,
            Self::VaultSecret => &[],
        }
    }
}

/// The parts of a credential. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A token, and the word that stands before it in a header.
    Token { access_token: Secret, token_type: &'static str },
    /// Keys that sign requests to AWS.
    AwsKeys { access_key_id: String, secret_access_key: Secret, session_token: Option<Secret> },
    /// A session token, the PEM of its key, and the region that the file names.
    OciSession { token: Secret, private_key: Secret, region: Option<String> },
    /// A JSON object.
    Data(Secret),
}

const TOKEN: [&str; 2] = ["access_token", "token_type"];
const OCI_SESSION: [&str; 2] = ["token", "private_key"];
const AWS_KEYS: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];

impl Value {
    /// The names of its fields, as they are printed. The region of a session is a field too, and none of the credential.
    pub(crate) fn fields(&self) -> Vec<String> {
        match self {
            Self::Token { .. } => TOKEN.map(str::to_owned).to_vec(),
            Self::AwsKeys { .. } => AWS_KEYS.map(str::to_owned).to_vec(),
            Self::OciSession { .. } => OCI_SESSION.map(str::to_owned).to_vec(),
            Self::Data(json) => members(json).keys().cloned().collect(),
        }
    }

    /// The same, for that region.
    pub(super) fn in_region(mut self, name: &Option<String>) -> Self {
        if let Self::OciSession { region, .. } = &mut self {
            region.clone_from(name);
        }
        self
    }

    /// The one field that is the credential itself. `None` when it takes several.
    pub(crate) fn only_field(&self) -> Option<String> {
        match self {
            Self::Token { .. } => Some(TOKEN[0].to_owned()),
            Self::AwsKeys { .. } | Self::OciSession { .. } => None,
            Self::Data(_) => match <[String; 1]>::try_from(self.fields()) {
                Ok([only]) => Some(only),
                Err(_) => None,
            },
        }
    }

    /// A field: a text as it is, anything else as JSON. `None` when there is no such field, or it is empty.
    pub(crate) fn field(&self, name: &str) -> Option<Secret> {
        match (self, name) {
            (Self::Token { access_token, .. }, "access_token") => Some(access_token.clone()),
            (Self::Token { token_type, .. }, "token_type") => Some(Secret::from(*token_type)),
            (Self::AwsKeys { access_key_id, .. }, "access_key_id") => Some(Secret::from(access_key_id.as_str())),
            (Self::AwsKeys { secret_access_key, .. }, "secret_access_key") => Some(secret_access_key.clone()),
            (Self::AwsKeys { session_token, .. }, "session_token") => session_token.clone(),
            (Self::OciSession { token, .. }, "token") => Some(token.clone()),
            (Self::OciSession { private_key, .. }, "private_key") => Some(private_key.clone()),
            (Self::OciSession { region, .. }, "region") => region.as_deref().map(Secret::from),
            (Self::Data(json), name) => match members(json).get(name)? {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(Secret::from(text.as_str())),
                other => Some(Secret::new(other.to_string())),
            },
            _ => None,
        }
    }
}

fn members(json: &Secret) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(json.expose()).unwrap_or_default()
}

/// A credential that can be taken apart.
pub(crate) trait Parts {
    /// Its parts.
    fn parts(&self) -> Value;

    /// Whether the target takes it back unless somebody renews it.
    fn is_leased(&self) -> bool {
        false
    }
}

fn bearer(token: &Secret) -> Value {
    Value::Token { access_token: token.clone(), token_type: "Bearer" }
}

impl Parts for azure::AccessToken {
    fn parts(&self) -> Value {
        bearer(self.secret())
    }
}

impl Parts for gcp::AccessToken {
    fn parts(&self) -> Value {
        bearer(self.secret())
    }
}

impl Parts for IdentityToken {
    fn parts(&self) -> Value {
        bearer(self.secret())
    }
}

impl Parts for AwsCredentials {
    fn parts(&self) -> Value {
        Value::AwsKeys {
            access_key_id: self.access_key_id().to_owned(),
            secret_access_key: self.secret_access_key().clone(),
            session_token: self.session_token().cloned(),
        }
    }
}

impl Parts for SessionToken {
    fn parts(&self) -> Value {
        Value::OciSession { token: self.secret().clone(), private_key: self.key().to_pkcs8_pem(), region: None }
    }
}

impl Parts for VaultSecret {
    fn parts(&self) -> Value {
        Value::Data(self.data().json().clone())
    }

    fn is_leased(&self) -> bool {
        self.lease().is_some()
    }
}

impl Parts for DatabaseCredentials {
    fn parts(&self) -> Value {
        let data = serde_json::json!({ "username": self.username(), "password": self.password().expose() });
        Value::Data(Secret::new(data.to_string()))
    }

    fn is_leased(&self) -> bool {
        self.lease().is_some()
    }
}

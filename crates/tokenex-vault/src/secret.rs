//! Secrets as the server hands them out, whatever is in them.

use std::fmt;

use serde::de::DeserializeOwned;
use tokenex_core::{Credential, Error, ErrorKind, Result, Secret};

use crate::lease::Lease;
use crate::wire::Members;

/// A secret of any kind, with what the server said about it.
///
/// A part of it can be the input of another provider, which is then issued anew when the secret changes:
///
/// ```
/// # use tokenex_core::{Error, ErrorKind, Handle, Secret, Source};
/// # use tokenex_vault::VaultSecret;
/// fn client_secret(azure: &Handle<VaultSecret>) -> impl Source<Secret> + use<> {
///     azure.map(|secret| {
///         let missing = || Error::new(ErrorKind::Configuration, "the secret has no client_secret");
///         secret.data().get("client_secret").ok_or_else(missing)
///     })
/// }
/// ```
pub struct VaultSecret {
    data: SecretData,
    lease: Option<Lease>,
    version: Option<u64>,
    /// A member that counts down and so says nothing about whether the secret is the same.
    countdown: Option<&'static str>,
}

impl VaultSecret {
    pub(crate) fn leased(data: Members, lease: Lease) -> Self {
        Self { data: SecretData::new(data), lease: Some(lease), version: None, countdown: None }
    }

    pub(crate) fn stored(data: Members, version: Option<u64>) -> Self {
        Self { data: SecretData::new(data), lease: None, version, countdown: None }
    }

    pub(crate) fn rotated(data: Members) -> Self {
        Self { data: SecretData::new(data), lease: None, version: None, countdown: Some("ttl") }
    }

    /// What the secret consists of.
    pub fn data(&self) -> &SecretData {
        &self.data
    }

    /// Its lease. `None` for what the server does not take back: KV, static roles, signed keys.
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Its version, for KV version 2.
    pub fn version(&self) -> Option<u64> {
        self.version
    }
}

impl Credential for VaultSecret {
    fn same_as(&self, other: &Self) -> bool {
        let lease = |secret: &Self| secret.lease.as_ref().map(|lease| lease.id().to_owned());
        lease(self) == lease(other) && self.version == other.version && self.data.same_as(&other.data, self.countdown)
    }
}

impl fmt::Debug for VaultSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultSecret")
            .field("data", &self.data)
            .field("lease", &self.lease)
            .field("version", &self.version)
            .finish()
    }
}

/// The members of a secret. Prints the names, never the values.
pub struct SecretData {
    /// As one text that is wiped at the end: JSON with sorted names, so that equal data is equal text.
    json: Secret,
    names: Vec<String>,
}

impl SecretData {
    pub(crate) fn new(members: Members) -> Self {
        let names = members.keys().cloned().collect();
        Self { json: Secret::new(serde_json::Value::Object(members).to_string()), names }
    }

    /// The names of the members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// One member: a text as it is, anything else as JSON. `None` when it is absent or null.
    pub fn get(&self, name: &str) -> Option<Secret> {
        let members: Members = serde_json::from_str(self.json.expose()).ok()?;
        match members.get(name)? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(Secret::new(text.as_str())),
            other => Some(Secret::new(other.to_string())),
        }
    }

    /// All of it as a type of one's own.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when the members do not fit the type. What they hold is not in the error.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.json.expose()).map_err(|_| {
            Error::new(ErrorKind::Protocol, format!("the secret does not fit {}", std::any::type_name::<T>()))
                .with_advice(format!("it has the members: {}", self.names.join(", ")))
        })
    }

    /// All of it as JSON.
    pub fn json(&self) -> &Secret {
        &self.json
    }

    fn same_as(&self, other: &Self, but_for: Option<&str>) -> bool {
        let Some(name) = but_for else { return self.json.same_as(&other.json) };
        let without = |data: &Self| {
            let mut members: Members = serde_json::from_str(data.json.expose()).unwrap_or_default();
            members.remove(name);
            Self::new(members).json
        };
        without(self).same_as(&without(other))
    }
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data(value: serde_json::Value) -> SecretData {
        SecretData::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn members_are_read_by_name_and_never_printed() {
        let data = data(json!({"password": "hunter22", "port": 5432, "none": null, "list": [1]}));
        assert_eq!(data.get("password").unwrap().expose(), "hunter22");
        assert_eq!(data.get("port").unwrap().expose(), "5432");
        assert_eq!(data.get("list").unwrap().expose(), "[1]");
        assert!(data.get("none").is_none() && data.get("absent").is_none());
        let printed = format!("{data:?}");
        assert!(printed.contains("password") && !printed.contains("hunter22"), "{printed}");
    }

    #[test]
    fn a_type_of_ones_own_is_filled_or_refused_without_the_values() {
        #[derive(serde::Deserialize)]
        struct Mine {
            port: u16,
        }
        assert_eq!(data(json!({"port": 5432})).parse::<Mine>().unwrap().port, 5432);
        let error = data(json!({"port": "hunter22"})).parse::<Mine>().err().unwrap();
        assert!(!format!("{error:?}").contains("hunter22"));
    }

    #[test]
    fn equal_data_is_equal_whatever_the_order() {
        let one: Members = serde_json::from_str(r#"{"a":1,"b":"x"}"#).unwrap();
        let other: Members = serde_json::from_str(r#"{"b":"x","a":1}"#).unwrap();
        assert!(SecretData::new(one).same_as(&SecretData::new(other), None));
        assert!(!data(json!({"a": 1})).same_as(&data(json!({"a": 2})), None));
    }

    #[test]
    fn a_countdown_makes_no_difference_and_all_else_does() {
        let secret = |value: serde_json::Value| VaultSecret::rotated(value.as_object().unwrap().clone());
        let first = secret(json!({"password": "p", "ttl": 9}));
        assert!(first.same_as(&secret(json!({"password": "p", "ttl": 4}))));
        assert!(!first.same_as(&secret(json!({"password": "q", "ttl": 9}))));
    }
}

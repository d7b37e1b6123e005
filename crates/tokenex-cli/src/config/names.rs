//! Names of credentials, as arguments and errors have them.

use tokenex::Error;
use tokenex::core::ErrorKind;

use super::model::{Config, CredentialSpec, Span};
use super::{nearest, references};
use crate::failure::Failure;

impl Config {
    /// The credentials that are asked for, all if none is named, in the file's order and each once.
    ///
    /// # Errors
    /// An unknown name, or nothing to choose from.
    pub(crate) fn names(&self, asked: &[String]) -> Result<Vec<&str>, Failure> {
        if let Some(unknown) = asked.iter().find(|name| self.credential(name).is_none()) {
            return Err(self.unknown_credential(unknown));
        }
        if self.credentials.is_empty() {
            return Err(Failure::usage(format!("{} has no credentials", self.text.name()))
                .with_help("add one: [credential.NAME]"));
        }
        let all = self.credentials.iter().map(|credential| credential.name.as_str());
        Ok(all.filter(|name| asked.is_empty() || asked.iter().any(|asked| asked == name)).collect())
    }

    /// The credentials that this one is made from, straight or through an identity, each once.
    pub(crate) fn made_from<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        references::made_from(self, name)
    }

    /// There is no such credential.
    pub(crate) fn unknown_credential(&self, name: &str) -> Failure {
        let names = || self.credentials.iter().map(|credential| credential.name.as_str());
        let help = match nearest::hint(name, names()) {
            Some(hint) => hint,
            None if self.credentials.is_empty() => "it has none".to_owned(),
            None => format!("it has: {}", names().collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("{} has no credential {name:?}", self.text.name())).with_help(help)
    }

    /// The library does not take a setting of this credential.
    pub(crate) fn refused(&self, name: &str, error: &Error) -> Failure {
        let failure = Failure::from(error).about(name);
        match self.credential(name).filter(|_| error.kind() == ErrorKind::Configuration) {
            Some(spec) => {
                let line = self.text.line_number(spec.place_of(error).start);
                failure.with_help(format!("see line {line} of {}", self.text.name()))
            }
            None => failure,
        }
    }
}

/// Codes of errors that are not the names of keys, and the keys that they are about.
const CODES: [(&str, &str); 8] = [
    ("authority", "authority_host"),
    ("delegates", "delegates"),
    ("endpoint", "endpoint_url"),
    ("policy_arn", "policy_arns"),
    ("provider_name", "audience"),
    ("tag", "tags"),
    ("tenant", "tenant_id"),
    ("endpoint", "iam_endpoint"),
];

impl CredentialSpec {
    /// The key that an error is about, as its code says; else the name of the table.
    pub(crate) fn place_of(&self, error: &Error) -> Span {
        let of_key = |name: &str| self.keys.iter().find(|(key, _)| *key == name).map(|(_, span)| span.clone());
        let code = error.code().unwrap_or_default();
        of_key(code)
            .or_else(|| CODES.iter().filter(|(known, _)| *known == code).find_map(|(_, key)| of_key(key)))
            .unwrap_or_else(|| self.at.clone())
    }
}

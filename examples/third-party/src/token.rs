//! The credential.

use http::HeaderValue;
use tokenex_core::{Credential, Error, ErrorKind, Result, Secret};

/// A token that may push to one project.
#[derive(Debug)]
pub struct PushToken {
    secret: Secret,
    authorization: HeaderValue,
    project: String,
}

impl PushToken {
    pub(crate) fn new(secret: Secret, project: &str) -> Result<Self> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", secret.expose()))
            .map_err(|_| Error::new(ErrorKind::Protocol, "the push token holds characters that no header can carry"))?;
        // So that nobody who prints a request prints the token.
        authorization.set_sensitive(true);
        Ok(Self { secret, authorization, project: project.to_owned() })
    }

    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// The project that it may push to.
    pub fn project(&self) -> &str {
        &self.project
    }
}

impl Credential for PushToken {
    fn same_as(&self, other: &Self) -> bool {
        self.project == other.project && self.secret.same_as(&other.secret)
    }
}

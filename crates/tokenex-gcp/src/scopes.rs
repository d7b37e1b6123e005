//! What an access token is for.

use std::fmt;
use std::sync::Arc;

use tokenex_core::Result;

use crate::errors::bad_option;

/// The scopes of an access token. Shared, since each token carries them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Scopes(Arc<[String]>);

/// All of Google Cloud; what the identity may do there is decided by IAM.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The API of IAM and its credentials alone.
const IAM: &str = "https://www.googleapis.com/auth/iam";

impl Scopes {
    pub(crate) fn cloud_platform() -> Self {
        Self(Arc::from([CLOUD_PLATFORM.to_owned()]))
    }

    pub(crate) fn iam() -> Self {
        Self(Arc::from([IAM.to_owned()]))
    }

    pub(crate) fn unknown() -> Self {
        Self(Arc::from([]))
    }

    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when there is none, or one is not one.
    pub(crate) fn new(scopes: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        let scopes: Arc<[String]> = scopes.into_iter().map(Into::into).collect();
        if scopes.is_empty() {
            return Err(bad_option("scopes", "the list of scopes is empty")
                .with_advice("leave it out for cloud-platform, which leaves the decision to IAM"));
        }
        scopes.iter().try_for_each(|scope| check(scope))?;
        Ok(Self(scopes))
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub(crate) fn joined(&self, separator: &str) -> String {
        self.0.join(separator)
    }
}

fn check(scope: &str) -> Result<()> {
    const LENGTH_MAX: usize = 500;
    let bad = |what: &'static str| {
        bad_option("scopes", what).with_advice(format!("write each scope alone and in full, such as {CLOUD_PLATFORM}"))
    };
    if scope.trim().is_empty() {
        return Err(bad("a scope is empty"));
    }
    // The `scope-token` of RFC 6749 section 3.3: printable ASCII but for the quote and the backslash.
    if scope.len() > LENGTH_MAX || !scope.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\')) {
        return Err(bad("a scope is too long, or holds blanks or characters that no scope has"));
    }
    // Google has no short forms on the wire but for those of OpenID Connect; gcloud and documents do.
    if !scope.contains("://") && !matches!(scope, "openid" | "email" | "profile") {
        return Err(bad_option("scopes", format!("the scope \"{scope}\" is not written in full"))
            .with_advice(format!("did you mean \"https://www.googleapis.com/auth/{scope}\"?")));
    }
    Ok(())
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_joined_as_each_endpoint_wants_them() {
        let scopes = Scopes::new(["https://a.example/x", "openid"]).unwrap();
        assert_eq!(
            (scopes.joined(" ").as_str(), scopes.joined(",").as_str()),
            ("https://a.example/x openid", "https://a.example/x,openid")
        );
    }

    #[test]
    fn a_bad_scope_says_what_to_write_instead() {
        for (scope, word) in [
            ("", "empty"),
            (" ", "empty"),
            ("cloud-platform", "did you mean \"https://www.googleapis.com/auth/cloud-platform\"?"),
            ("https://a.example/x https://a.example/y", "alone"),
            ("https://a.example/\n", "blanks"),
            ("https://a.example/\"", "characters"),
        ] {
            let error = Scopes::new([scope]).unwrap_err();
            assert_eq!(error.code(), Some("scopes"));
            assert!(error.to_string().contains(word), "{scope}: {error}");
        }
        assert!(Scopes::new(Vec::<String>::new()).unwrap_err().to_string().contains("empty"));
    }
}

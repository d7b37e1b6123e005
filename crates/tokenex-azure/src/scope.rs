//! What a token is for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tokenex_core::{Error, ErrorKind, Result};

/// What a token is for: `<resource>/.default`, one resource.
///
/// `.default` asks for whatever the client has been granted at the resource, which is the only scope there is without a
/// user ([client credentials](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow)).
/// Where the id of a resource ends in a slash, the scope has two.
///
/// ```
/// use tokenex_azure::Scope;
///
/// let scope = Scope::new("https://management.azure.com/.default")?;
/// assert_eq!(scope.resource(), "https://management.azure.com");
/// # Ok::<(), tokenex_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Arc<str>);

/// The last part of each scope.
const DEFAULT: &str = "/.default";

/// Twice what an audience may have.
const LENGTH_MAX: usize = 1200;

impl Scope {
    /// Reads a scope.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is empty, names several resources, lacks `/.default`, or holds characters
    /// that no scope has ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub fn new(scope: impl AsRef<str>) -> Result<Self> {
        let scope = scope.as_ref();
        let words: Vec<&str> = scope.split_whitespace().collect();
        match words.as_slice() {
            [] => return Err(bad("the scope is empty").with_advice("such as https://management.azure.com/.default")),
            [one] if *one != scope => {
                return Err(bad("there are blanks around the scope").with_advice("leave them out"));
            }
            [_] => {}
            _ => {
                return Err(bad("the scope names several resources, and a token is for one")
                    .with_advice("one resource for each token: keep one credential for each scope"));
            }
        }
        if scope.len() > LENGTH_MAX || !scope.bytes().all(is_scope_character) {
            return Err(bad("the scope is too long, or holds characters that no scope has")
                .with_advice("such as https://management.azure.com/.default"));
        }
        match scope.strip_suffix(DEFAULT) {
            Some("") => Err(bad("the scope names no resource").with_advice("put the resource before /.default")),
            Some(_) => Ok(Self(Arc::from(scope))),
            None => Err(bad(format!("the scope \"{scope}\" does not end in /.default"))
                .with_advice(format!("did you mean \"{}{DEFAULT}\"?", scope.strip_suffix('/').unwrap_or(scope)))),
        }
    }

    /// The whole scope.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The resource: the scope without `/.default`.
    pub fn resource(&self) -> &str {
        self.0.strip_suffix(DEFAULT).unwrap_or(&self.0)
    }
}

/// The `scope-token` of RFC 6749 section 3.3: printable ASCII but for the quote and the backslash.
fn is_scope_character(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.0)
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("azure").with_code("scope")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_resource() {
        for (scope, resource) in [
            ("https://management.azure.com/.default", "https://management.azure.com"),
            ("https://management.core.windows.net//.default", "https://management.core.windows.net/"),
            ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"),
            ("api://AzureADTokenExchange/.default", "api://AzureADTokenExchange"),
        ] {
            assert_eq!(scope.parse::<Scope>().unwrap().resource(), resource);
        }
    }

    #[test]
    fn a_bad_scope_says_what_to_write_instead() {
        for (scope, word) in [
            ("", "empty"),
            (" \n", "empty"),
            ("/.default", "no resource"),
            (" https://vault.azure.net/.default", "blanks around"),
            ("https://vault.azure.net/.default https://graph.microsoft.com/.default", "one credential for each"),
            ("https://vault.azure.net", "did you mean \"https://vault.azure.net/.default\"?"),
            ("https://vault.azure.net/", "did you mean \"https://vault.azure.net/.default\"?"),
            ("User.Read", "User.Read/.default"),
            ("https://vault.azure.net\u{7}/.default", "characters"),
            ("https://väult.example/.default", "characters"),
            ("a\"b/.default", "characters"),
        ] {
            let error = Scope::new(scope).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("scope")), "{scope}");
            assert!(error.to_string().contains(word), "{scope}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,60}", end in "(/?\\.default)?") {
            if let Ok(scope) = Scope::new(format!("{text}{end}")) {
                assert_eq!(format!("{}/.default", scope.resource()), scope.as_str());
            }
        }
    }
}

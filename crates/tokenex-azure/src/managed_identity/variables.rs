//! Where the platform's environment variables are read from.

use std::fmt;
use std::sync::Arc;

use tokenex_core::{Error, ErrorKind, Result};

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment, or what stands in for it. Read anew for each request: what it holds rotates.
#[derive(Clone)]
pub(super) struct Variables(Arc<Lookup>);

impl Variables {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        // What is not Unicode is neither an address nor a header.
        Self::new(|name| std::env::var(name).ok())
    }

    pub(super) fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The value without white space around it. An empty one counts as absent, as it does everywhere on these platforms.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of a variable without which the platform cannot be asked.
    pub(super) fn required(&self, name: &'static str) -> Result<String> {
        self.get(name).ok_or_else(|| {
            bad(format!("the variable {name} is not set")).with_advice(
                "the platform sets it for programs that have a managed identity: assign one, and pass the variable on \
                 to this process",
            )
        })
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

/// An error about the environment.
pub(super) fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_code("environment")
}

/// The environment of a test.
#[cfg(test)]
pub(super) fn variables(pairs: &'static [(&'static str, &'static str)]) -> Variables {
    Variables::new(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_absent_and_blanks_around_a_value_do_not_matter() {
        let found = variables(&[("A", " x\n"), ("B", " ")]);
        assert_eq!((found.get("A").as_deref(), found.has("B"), found.has("C")), (Some("x"), false, false));
        let error = found.required("B").unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("environment")));
        assert!(error.to_string().contains("B is not set"), "{error}");
    }
}

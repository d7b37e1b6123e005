//! An environment variable.

use std::borrow::Cow;
use std::env;

use zeroize::Zeroizing;

use super::text::{TextSource, both_sources, unusable};
use crate::{Attempt, Result};

/// An environment variable of this process, read anew at each attempt.
///
/// Whatever started the process has set it, and usually nothing changes it afterwards: a token in it serves for its
/// lifetime; for longer than that, [`File`](super::File) is what to use. In GitLab CI, [`GitLab`](super::GitLab) knows more.
#[derive(Debug, Clone)]
pub struct EnvVar {
    name: String,
}

impl EnvVar {
    /// The variable of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl TextSource for EnvVar {
    fn place(&self) -> String {
        format!("the environment variable {:?}", self.name)
    }

    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed("set it where the process is started (unit, manifest, CI job), and start the process again")
    }

    async fn raw(&self, _audience: Option<&str>, _cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        // `var_os` panics in no case of its own, and answers a name that cannot be one with `None`.
        match env::var_os(&self.name) {
            Some(value) => Ok(Zeroizing::new(value.into_encoded_bytes())),
            None => Err(unusable(self, "is not set", "missing")),
        }
    }
}

both_sources!(EnvVar);

//! Which of the worlds of Google Cloud a host is in.

use std::fmt;
use std::sync::Arc;

use tokenex_core::Result;

use crate::errors::bad_option;

/// The domain below which all services of one Google Cloud are: the public one, or one that a partner runs
/// ([universe domain](https://google.aip.dev/auth/4116)).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Universe(Arc<str>);

const PUBLIC: &str = "googleapis.com";

impl Universe {
    pub(crate) fn public() -> Self {
        Self(Arc::from(PUBLIC))
    }

    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no domain.
    pub(crate) fn new(domain: &str) -> Result<Self> {
        let bad = |what| {
            bad_option("universe_domain", what)
                .with_advice("give the domain alone, such as googleapis.com, or leave it out")
        };
        if domain.trim().is_empty() {
            return Err(bad("the universe domain is empty"));
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if domain.len() > 200 || !domain.contains('.') || !domain.split('.').all(is_label) {
            return Err(bad("the universe domain is no domain name"));
        }
        Ok(Self(Arc::from(domain.to_ascii_lowercase())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of one of its services.
    pub(crate) fn origin(&self, service: &str) -> String {
        format!("https://{service}.{}", self.0)
    }

    /// Whether `host` is one of the names of `service` here: the name itself, one for a location (`us-east1-sts`), one for
    /// mutual TLS (`sts.mtls`) or one of Private Service Connect (`sts-name.p`)
    /// ([names for Private Service Connect](https://cloud.google.com/vpc/docs/about-accessing-google-apis-endpoints#p)).
    pub(crate) fn has(&self, service: &str, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some(name) = host.strip_suffix(&*self.0).and_then(|name| name.strip_suffix('.')) else { return false };
        let labels: Vec<&str> = name.split('.').collect();
        match labels.as_slice() {
            [one] => *one == service || one.strip_suffix(service).is_some_and(|place| place.ends_with('-')),
            [one, "mtls"] => *one == service,
            [one, "p"] => one.strip_prefix(service).is_some_and(|name| name.starts_with('-')),
            [one, _region, "rep"] => *one == service,
            _ => false,
        }
    }
}

impl fmt::Debug for Universe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_below_the_domain() {
        assert_eq!(Universe::public().origin("sts"), "https://sts.googleapis.com");
        let other = Universe::new("Apis-Berlin-Build0.goog").unwrap();
        assert_eq!(other.origin("iamcredentials"), "https://iamcredentials.apis-berlin-build0.goog");
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for bad in [
            "",
            " ",
            "googleapis",
            "https://googleapis.com",
            "googleapis.com/",
            ".com",
            "a..b",
            "a b.com",
            "a.com:1",
            "-a.b",
        ] {
            assert_eq!(Universe::new(bad).unwrap_err().code(), Some("universe_domain"), "{bad}");
        }
    }

    #[test]
    fn a_service_has_a_few_names_and_no_others() {
        let universe = Universe::public();
        for host in [
            "sts.googleapis.com",
            "STS.googleapis.com",
            "sts.mtls.googleapis.com",
            "us-east1-sts.googleapis.com",
            "sts-mine.p.googleapis.com",
            "sts.europe-west3.rep.googleapis.com",
        ] {
            assert!(universe.has("sts", host), "{host}");
        }
        for host in [
            "googleapis.com",
            "sts.googleapis.com.example",
            "stsgoogleapis.com",
            "evil-googleapis.com",
            "storage.googleapis.com",
            "sts.storage.googleapis.com",
            "xsts.googleapis.com",
            "stsx.p.googleapis.com",
            "sts.example",
            "",
        ] {
            assert!(!universe.has("sts", host), "{host}");
        }
    }
}

//! Where a request goes, and whether it may.

use std::fmt;

use http::Uri;

use crate::address::Reach;
use crate::{Error, ErrorKind, Result};

/// Host and port of a request: the part of its URL that may be in errors.
pub(super) struct Destination {
    host: String,
    port: u16,
    encrypted: bool,
}

impl Destination {
    pub(super) fn of(uri: &Uri) -> Result<Self> {
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(not_a_url()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(not_a_url)?.to_owned();
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { host, port, encrypted })
    }

    /// As in the URL: an IPv6 address stands in brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The host without the brackets of an IPv6 address.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Refuses plain http across a network.
    pub(super) fn check_scheme(&self, allow_http: bool) -> Result<()> {
        if self.encrypted || allow_http || Reach::of(&self.host) != Reach::Network {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Configuration,
            format!("a request to {self} would send credentials unencrypted, and was not sent"),
        )
        .with_code("plain_http")
        .with_advice(
            "use https; where the network is trusted, build the transport with `dangerous_allow_http` \
             (loopback and metadata addresses need neither)",
        ))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The URL is not repeated: its query may hold a secret.
pub(super) fn not_a_url() -> Error {
    Error::new(ErrorKind::Configuration, "the URL of a request is not an absolute http or https URL")
        .with_advice("check the address of the target: https://host:port, without blanks")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &'static str) -> Result<()> {
        Destination::of(&Uri::from_static(url)).unwrap().check_scheme(false)
    }

    #[test]
    fn plain_http_goes_to_loopback_and_the_platform_only() {
        for good in
            ["http://127.0.0.1:8200/", "http://localhost/", "https://vault.test/", "http://169.254.169.254/metadata"]
        {
            check(good).unwrap();
        }
        for bad in ["http://vault.test/secret?token=hunter2", "http://vault.localhost/"] {
            let error = check(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("dangerous_allow_http"));
            assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("/secret"));
        }
    }

    #[test]
    fn a_relative_or_foreign_url_is_refused() {
        for bad in ["/v1/x", "ftp://host/x", "host:80"] {
            assert!(Destination::of(&Uri::from_static(bad)).is_err(), "{bad}");
        }
    }
}

//! Where a request goes, and whether it may.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;

use crate::{Error, ErrorKind, Result};

/// Google's metadata server
/// ([its names](https://cloud.google.com/compute/docs/metadata/querying-metadata#metadata_server_endpoints)).
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];

/// Unique local addresses of metadata services: those of
/// [EC2](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html),
/// [EKS Pod Identity](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html),
/// [Google](https://cloud.google.com/compute/docs/metadata/querying-metadata#metadata_server_endpoints), and
/// [Oracle Cloud](https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm).
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

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
        if self.encrypted || allow_http || self.is_loopback() || self.is_metadata() {
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

    /// Whether this is a service of the platform below us, which all clouds offer over plain http: a link-local address,
    /// which no router forwards (RFC 3927 section 2.7), or one of the few other addresses and names that clouds reserve
    /// for it. A name is taken as it stands; only the cloud's own resolver knows these.
    fn is_metadata(&self) -> bool {
        match self.bare_host().parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => address.is_link_local(),
            Ok(IpAddr::V6(address)) => METADATA_V6.contains(&address),
            Err(_) => METADATA_NAMES.iter().any(|name| self.host.eq_ignore_ascii_case(name)),
        }
    }

    fn is_loopback(&self) -> bool {
        match self.bare_host().parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            // RFC 6761 section 6.3 reserves the name, and all names below it, for loopback.
            Err(_) => {
                let name = self.host.trim_end_matches('.').to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
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
        for good in [
            "http://127.0.0.1:8200/",
            "http://127.9.9.9/",
            "http://[::1]:8200/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://vault.localhost/",
            "https://vault.test/",
            "http://169.254.169.254/metadata/identity",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::254]/latest",
            "http://[fd00:c1::a9fe:a9fe]/opc/v2/",
            "http://metadata.google.internal/computeMetadata",
        ] {
            check(good).unwrap();
        }
        for bad in [
            "http://vault.test/secret?token=hunter2",
            "http://169.253.169.254/",
            "http://[fd00:ec2::255]/",
            "http://metadata.google.internal.test/",
            "http://[fe80::1]/",
            "http://notlocalhost/",
            "http://localhost.test/",
            "http://0.0.0.0/",
        ] {
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

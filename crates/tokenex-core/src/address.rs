//! Addresses of targets: how far a request to one travels, whether credentials may go there, and what stands in one.
//!
//! ```
//! use http::Uri;
//! use tokenex_core::address::{self, Reach};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! address::check_scheme(&"https://vault.example:8200".parse::<Uri>()?)?;
//! address::check_scheme(&"http://127.0.0.1:8200".parse::<Uri>()?)?;
//! let refused = address::check_scheme(&"http://vault.example:8200".parse::<Uri>()?).unwrap_err();
//! assert_eq!(refused.code(), Some("plain_http"));
//!
//! assert_eq!(Reach::of("169.254.169.254"), Reach::Platform);
//! assert_eq!(format!("https://vault.example/v1/{}", address::encode("a/b")), "https://vault.example/v1/a%2Fb");
//! # Ok(()) }
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Error, ErrorKind, Result};

/// Google's metadata server
/// ([its names](https://cloud.google.com/compute/docs/metadata/querying-metadata#metadata_server_endpoints)).
const PLATFORM_NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];

/// Unique local addresses of metadata services: those of
/// [EC2](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html),
/// [EKS Pod Identity](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html),
/// [Google](https://cloud.google.com/compute/docs/metadata/querying-metadata#metadata_server_endpoints), and
/// [Oracle Cloud](https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm).
const PLATFORM_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// How far a request to a host travels: who could read it on the way, were it not encrypted.
///
/// The host is taken as it stands; nothing is looked up. Where it is doubtful, the answer is [`Network`](Self::Network).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// It stays on this machine: `127.0.0.0/8`, `::1`, and the name `localhost`.
    ///
    /// The name alone, as [RFC 8252 section 8.3](https://www.rfc-editor.org/rfc/rfc8252#section-8.3) takes it at the most.
    /// [RFC 6761 section 6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3) reserves the names below it too, but
    /// only asks resolvers to keep them here, and many ask the network. `::ffff:127.0.0.1` and the like are not counted
    /// either: not every system keeps an address of IPv4 in one of IPv6 ([RFC 4291 section
    /// 2.5.5.2](https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2)) here.
    Loopback,
    /// It goes to a service of the platform below this machine, which all clouds offer over plain http: to a link-local
    /// address, which no router forwards ([RFC 3927 section 2.7](https://www.rfc-editor.org/rfc/rfc3927#section-2.7)), or
    /// to one of the few other addresses and names that clouds reserve for their metadata services.
    Platform,
    /// It goes out to the network.
    Network,
}

impl Reach {
    /// Of a host as it stands in a URL: a name, or an address, in brackets if it is one of IPv6.
    #[must_use]
    pub fn of(host: &str) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(address) if address.is_loopback() => Self::Loopback,
            Ok(IpAddr::V4(address)) if address.is_link_local() => Self::Platform,
            Ok(IpAddr::V6(address)) if PLATFORM_V6.contains(&address) => Self::Platform,
            Err(_) if host.eq_ignore_ascii_case("localhost") => Self::Loopback,
            Err(_) if PLATFORM_NAMES.iter().any(|name| host.eq_ignore_ascii_case(name)) => Self::Platform,
            _ => Self::Network,
        }
    }
}

/// Whether credentials may travel to this address: over https to anywhere, over plain http only to this machine
/// ([`Reach::Loopback`]).
///
/// For addresses that people configure. A provider adds its name, the option that is wrong as the code, and the way out if
/// it has one.
///
/// # Errors
/// [`ErrorKind::Configuration`] with the code `plain_http` when they would travel in the clear, and `scheme` when it is
/// no absolute http or https URL. The address is not repeated: people put passwords into addresses.
pub fn check_scheme(uri: &Uri) -> Result<()> {
    let (what, code) = match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => return Ok(()),
        (Some("http"), Some(host)) if Reach::of(host) == Reach::Loopback => return Ok(()),
        (Some("http"), Some(_)) => {
            ("plain http is only taken to this machine: tokens and secrets would travel in the clear", "plain_http")
        }
        (Some(_), Some(_)) => ("the address is neither https nor http", "scheme"),
        _ => ("the address lacks a scheme or a host", "scheme"),
    };
    Err(Error::new(ErrorKind::Configuration, what).with_code(code).with_advice("write it as https://host:port"))
}

/// The unreserved characters of [RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one part of a path, a query or a form: unreserved characters stay, and everything else is percent-encoded,
/// the blank too, which readers of forms take back like a plus. Print it, or extend a text by it.
pub fn encode(text: &str) -> impl Iterator<Item = &str> + fmt::Display {
    utf8_percent_encode(text, KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_request_travels() {
        use Reach::{Loopback, Network, Platform};
        for (host, reach) in [
            ("127.0.0.1", Loopback),
            ("127.9.9.9", Loopback),
            ("[::1]", Loopback),
            ("::1", Loopback),
            ("localhost", Loopback),
            ("LocalHost", Loopback),
            // Names that a resolver may ask the network for.
            ("localhost.", Network),
            ("vault.localhost", Network),
            ("notlocalhost", Network),
            ("localhost.test", Network),
            ("127.0.0.1.test", Network),
            // What some resolvers read as 127.0.0.1.
            ("127.1", Network),
            ("2130706433", Network),
            ("[::ffff:127.0.0.1]", Network),
            ("[::127.0.0.1]", Network),
            ("0.0.0.0", Network),
            ("[::]", Network),
            ("169.254.169.254", Platform),
            ("169.254.170.23", Platform),
            ("[fd00:ec2::254]", Platform),
            ("[fd00:ec2::23]", Platform),
            ("[fd20:ce::254]", Platform),
            ("[fd00:c1::a9fe:a9fe]", Platform),
            ("metadata.google.internal", Platform),
            ("Metadata.goog", Platform),
            ("169.253.169.254", Network),
            ("[::ffff:169.254.169.254]", Network),
            ("[fd00:ec2::255]", Network),
            ("metadata.google.internal.test", Network),
            // Link-local of IPv6 is whoever is on the same cable.
            ("[fe80::1]", Network),
            ("10.0.0.1", Network),
            ("vault.example", Network),
            ("", Network),
            ("[127.0.0.1", Network),
        ] {
            assert_eq!(Reach::of(host), reach, "{host}");
        }
    }

    #[test]
    fn credentials_travel_encrypted_or_stay_here() {
        for good in
            ["https://vault.example", "HTTPS://h:1/x", "http://127.0.0.1:8200/x", "HTTP://[::1]/", "http://localhost"]
        {
            check_scheme(&Uri::from_static(good)).unwrap();
        }
        for (bad, code) in [
            ("http://vault.example/hunter22?x=hunter22", "plain_http"),
            ("http://169.254.169.254/hunter22", "plain_http"),
            ("http://hunter22@vault.example", "plain_http"),
            ("ftp://127.0.0.1/hunter22", "scheme"),
            ("/hunter22", "scheme"),
            ("hunter22:80", "scheme"),
        ] {
            let error = check_scheme(&Uri::from_static(bad)).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{bad}");
            assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }

    #[test]
    fn an_encoded_text_can_change_nothing_around_it() {
        assert_eq!(encode("aZ09-._~").to_string(), "aZ09-._~");
        let mut query = "x=".to_owned();
        query.extend(encode("a b/&=+?#%:é\n"));
        assert_eq!(query, "x=a%20b%2F%26%3D%2B%3F%23%25%3A%C3%A9%0A");
    }
}

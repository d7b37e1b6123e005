//! The address of an identity domain, as people paste it.

use http::Uri;
use http::uri::{Authority, Scheme};
use tokenex_core::address::Reach;
use tokenex_core::{Error, Result, Target};

use crate::errors::bad_option;

/// Below the domain.
const TOKEN_ENDPOINT: &str = "/oauth2/v1/token";

/// Where a domain is.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) target: Target,
    pub(super) token_endpoint: Uri,
}

impl Address {
    /// Reads the *Domain URL* of the console. A slash at the end is dropped, and so is the port where it is the usual one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), without the text: what was pasted may be a secret.
    pub(super) fn read(url: &str) -> Result<Self> {
        if url.trim().is_empty() {
            return Err(bad("the address of the identity domain is empty"));
        }
        if url.chars().any(char::is_whitespace) {
            return Err(bad("there are blanks in or around the address of the identity domain"));
        }
        if !url.contains("://") {
            return Err(bad("the address of the identity domain has no scheme: put https:// in front"));
        }
        // What is behind it would be dropped unseen.
        if url.contains('#') {
            return Err(bad("the address of the identity domain holds a fragment"));
        }
        let uri: Uri = url.parse().map_err(|_| bad("the address of the identity domain is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme().cloned(), uri.authority().cloned()) else {
            return Err(bad("the address of the identity domain lacks a scheme or a host"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("the address of the identity domain holds a user name"));
        }
        if uri.query().is_some() {
            return Err(bad("the address of the identity domain holds a query"));
        }
        if uri.path() != "/" && !uri.path().is_empty() {
            return Err(bad(
                "the address of the identity domain holds a path: it ends after the host, or after the port",
            ));
        }
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(bad("the address of the identity domain is not https"));
        }
        if scheme == Scheme::HTTP && Reach::of(authority.host()) != Reach::Loopback {
            return Err(bad(
                "the address of the identity domain is not https: identity token and client secret would travel in the clear",
            ));
        }
        Self::of(&scheme, &authority).ok_or_else(|| bad("the port in the address of the identity domain is none"))
    }

    fn of(scheme: &Scheme, authority: &Authority) -> Option<Self> {
        let usual: u16 = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let written = authority.as_str().strip_prefix(authority.host())?;
        let port = match written.strip_prefix(':') {
            None | Some("") => usual,
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        };
        let host = authority.host().to_ascii_lowercase();
        let origin = if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        let token_endpoint = format!("{origin}{TOKEN_ENDPOINT}").parse().ok()?;
        Some(Self { target: Target::new(origin), token_endpoint })
    }
}

fn bad(what: &'static str) -> Error {
    bad_option("domain_url", what).with_advice(
        "paste the Domain URL that the console shows on the page of the identity domain, such as \
         https://idcs-0123456789abcdef.identity.oraclecloud.com:443",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenex_core::ErrorKind;

    #[test]
    fn a_domain_url_is_taken_as_the_console_shows_it() {
        for (url, origin) in [
            ("https://idcs-1.identity.oraclecloud.com", "https://idcs-1.identity.oraclecloud.com"),
            ("https://idcs-1.identity.oraclecloud.com/", "https://idcs-1.identity.oraclecloud.com"),
            ("https://idcs-1.identity.oraclecloud.com:443", "https://idcs-1.identity.oraclecloud.com"),
            ("https://idcs-1.identity.oraclecloud.com:443/", "https://idcs-1.identity.oraclecloud.com"),
            ("HTTPS://IDCS-1.identity.oraclecloud.com:8443", "https://idcs-1.identity.oraclecloud.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            let address = Address::read(url).unwrap();
            assert_eq!(address.target.name(), origin);
            assert_eq!(address.token_endpoint.to_string(), format!("{origin}/oauth2/v1/token"));
        }
    }

    #[test]
    fn what_is_no_domain_url_is_refused_with_what_to_paste_and_not_repeated() {
        for (url, word) in [
            ("", "is empty"),
            (" \t", "is empty"),
            (" https://hunter22.example", "blanks"),
            ("https://hunter22.example\n", "blanks"),
            ("hunter22.identity.oraclecloud.com", "no scheme"),
            ("hunter22.identity.oraclecloud.com:443", "no scheme"),
            ("://hunter22", "not https"),
            ("https://%", "not a URL"),
            ("https:///hunter22", "not a URL"),
            ("https://domain.example/ui/v1/hunter22", "a path"),
            ("https://domain.example/oauth2/v1/token", "a path"),
            ("https://domain.example//", "a path"),
            ("https://domain.example/?hunter22", "a query"),
            ("https://domain.example?hunter22", "a query"),
            ("https://domain.example/#hunter22", "a fragment"),
            ("https://user:hunter22@domain.example", "a user name"),
            ("http://hunter22.example", "in the clear"),
            ("http://localhost.example", "in the clear"),
            ("ftp://hunter22.example", "not https"),
            ("https://hunter22.example:70000", "the port"),
            ("https://hunter22.example:0", "the port"),
        ] {
            let error = Address::read(url).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("domain_url")), "{url}");
            assert!(error.to_string().contains(word), "{url}: {error}");
            assert!(error.advice().unwrap().contains("Domain URL"), "{error}");
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }
}

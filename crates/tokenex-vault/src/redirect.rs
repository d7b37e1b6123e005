//! Where a token may go.

use std::fmt;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri, header};
use tokenex_core::{Error, ErrorKind, Result};

/// The configured server, and the other servers of its cluster that the user has named.
///
/// A standby answers 307 with the address of the leader
/// ([`http/handler.go`](https://github.com/openbao/openbao/blob/main/http/handler.go)). The token goes along, so nothing
/// but these names counts.
pub(crate) struct Home {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// `host`, or `host:port`.
    pub(crate) others: Vec<String>,
}

impl Home {
    /// Where the answer to a request to `from` redirects to: only to a named host, and never from https to http.
    pub(crate) fn redirected(&self, from: &Uri, headers: &HeaderMap) -> Result<Uri> {
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let Some(location) = location.and_then(|text| text.parse::<Uri>().ok()) else {
            return refuse("the server redirects without saying where", "give the address of the active server");
        };
        let mut parts = location.into_parts();
        let scheme = parts.scheme.get_or_insert_with(|| self.scheme.clone()).clone();
        let authority = parts.authority.get_or_insert_with(|| self.authority.clone()).clone();
        if parts.path_and_query.as_ref().is_none_or(|path| path.path() == "/") {
            parts.path_and_query = from.path_and_query().cloned();
        }
        if scheme != self.scheme && scheme != Scheme::HTTPS {
            return refuse(
                "the server redirects to what is not https, which is not followed",
                "correct api_addr of the server",
            );
        }
        if !self.includes(&authority) {
            let advice = "if this host belongs to the cluster, name it in redirect_hosts; else correct the address";
            return Err(refusal("the server redirects to another host, which is not followed", advice)
                .with_said(host_and_port(&authority), &[]));
        }
        Uri::from_parts(parts)
            .or_else(|_| refuse("the server redirects to what is no address", "correct api_addr of the server"))
    }

    fn includes(&self, authority: &Authority) -> bool {
        authority.as_str().eq_ignore_ascii_case(self.authority.as_str())
            || self.others.iter().any(|other| {
                other.eq_ignore_ascii_case(authority.as_str()) || other.eq_ignore_ascii_case(authority.host())
            })
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn refuse<T>(what: &'static str, advice: &'static str) -> Result<T> {
    Err(refusal(what, advice))
}

fn refusal(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_code("redirect").with_advice(advice)
}

/// Without the user name that may stand before it. Whoever redirects can write anything here, a secret too: a port need not be a
/// number.
fn host_and_port(authority: &Authority) -> &str {
    authority.as_str().rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_goes_only_where_the_token_may_go() {
        let home = Home {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static("vault.example:8200"),
            others: vec!["b.example".into(), "c.example:8201".into()],
        };
        let from: Uri = "https://vault.example:8200/v1/x".parse().unwrap();
        let go = |location: &str| {
            let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
            home.redirected(&from, &headers).map(|uri| uri.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(go("https://b.example:8200/v1/x").unwrap(), "https://b.example:8200/v1/x");
        assert_eq!(go("https://c.example:8201/v1/x").unwrap(), "https://c.example:8201/v1/x");
        assert_eq!(go("/v1/y").unwrap(), "https://vault.example:8200/v1/y");
        assert_eq!(go("https://VAULT.example:8200").unwrap(), "https://VAULT.example:8200/v1/x");
        assert!(go("http://b.example:8200/v1/x").unwrap_err().contains("not https"));
        let other = go("https://evil.example/v1/x").unwrap_err();
        assert!(other.contains("evil.example") && other.contains("redirect_hosts"), "{other}");
        let token = "Abc0".repeat(12);
        for host in [format!("evil.example:{token}"), format!("{token}.example"), format!("{token}@evil.example")] {
            assert!(go(&format!("https://{host}/v1/x")).is_err_and(|error| !error.contains(&token)), "{host}");
        }
        assert!(go(&format!("{token}://b.example")).is_err_and(|error| !error.contains(&token)), "a scheme");
        assert!(go("https://user:hunter22@evil.example").is_err_and(|error| !error.contains("hunter22")));
        assert!(go("https://vault.example:8200@evil.example/v1/x").is_err(), "a user name is not a host");
        assert!(go("https://c.example/v1/x").is_err(), "an entry with a port is only that port");
        assert!(go("https://vault.example/v1/x").is_err(), "another port is another server");
    }
}

//! The clouds: where each is, and which audience it takes identity tokens for.

use std::borrow::Cow;
use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};
use tokenex_core::address::Reach;
use tokenex_core::{Error, ErrorKind, Result};

/// A Microsoft cloud: its authority host, and the audience that it takes identity tokens for.
///
/// Tenants, clients and identity tokens belong to one cloud; none is known in another
/// ([national clouds](https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud)).
///
/// ```
/// use tokenex_azure::Cloud;
///
/// assert_eq!(Cloud::at("https://login.microsoftonline.us/")?, Cloud::us_government());
/// assert!(Cloud::at("http://login.example").is_err()); // credentials would travel in the clear
/// # Ok::<(), tokenex_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cloud {
    name: &'static str,
    scheme: Scheme,
    authority: Authority,
    own_exchange: &'static str,
    exchange: Cow<'static, str>,
    accepted: Vec<String>,
}

/// What is known of one cloud.
struct Known {
    name: &'static str,
    hosts: &'static [&'static str],
    exchange: &'static str,
}

/// Hosts are those of the
/// [authentication endpoints](https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud), the
/// current one first and then the older names that still answer; audiences those of
/// [workload identity federation](https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
const PUBLIC: Known = Known {
    name: "the public cloud",
    hosts: &["login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"],
    exchange: "api://AzureADTokenExchange",
};
const US_GOVERNMENT: Known = Known {
    name: "Azure US Government",
    hosts: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    exchange: "api://AzureADTokenExchangeUSGov",
};
const CHINA: Known = Known {
    name: "Azure China",
    hosts: &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
    exchange: "api://AzureADTokenExchangeChina",
};
/// The newest ones; their hosts are those that Microsoft's own clients know.
const FRANCE: Known = Known {
    name: "the sovereign cloud of France",
    hosts: &["login.sovcloud-identity.fr"],
    exchange: "api://AzureADTokenExchangeFrance",
};
const GERMANY: Known = Known {
    name: "the sovereign cloud of Germany",
    hosts: &["login.sovcloud-identity.de"],
    exchange: "api://AzureADTokenExchangeGermany",
};

/// What a token of Entra itself for the exchange audience carries as its `aud`: the id of the resource, not its URI
/// ([managed identity as federated credential](https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity)).
const EXCHANGE_IDS: [(&str, &str); 1] = [(PUBLIC.exchange, "fb60f99c-7a34-4190-8149-302f77469936")];

/// The first German cloud, which was closed on 29 October 2021.
const CLOSED: &str = "login.microsoftonline.de";

const FORM: &str = "write it as https://login.microsoftonline.com";

impl Cloud {
    /// The public cloud, `login.microsoftonline.com`.
    pub fn public() -> Self {
        Self::known(&PUBLIC)
    }

    /// Azure US Government, `login.microsoftonline.us`.
    ///
    /// A token of a managed identity names the exchange audience by an id that Microsoft has not published for this
    /// cloud: to use one as identity, add it with [`accept_audience`](Self::accept_audience).
    pub fn us_government() -> Self {
        Self::known(&US_GOVERNMENT)
    }

    /// Azure China, operated by 21Vianet, `login.chinacloudapi.cn`.
    ///
    /// For managed identities the same holds as for [`us_government`](Self::us_government).
    pub fn china() -> Self {
        Self::known(&CHINA)
    }

    /// The cloud at this authority host, written `https://host` or `https://host:port`; a slash at the end does not
    /// matter.
    ///
    /// The hosts of the clouds above bring what is known of them. Any other host is a cloud of its own (a private one, a
    /// proxy in front of Entra, a twin for tests) with the exchange audience of the public cloud. Plain http is taken to
    /// this machine only.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no such address, is plain http to another machine, or holds more than a
    /// host: a path, a query, a user.
    pub fn at(authority_host: &str) -> Result<Self> {
        let cloud = Self::read(authority_host)?;
        if cloud.scheme == Scheme::HTTP && Reach::of(cloud.authority.host()) != Reach::Loopback {
            return Err(bad(
                "plain http is only taken to this machine: identity and access tokens would travel in the clear",
                "use https, or say Cloud::dangerous_at_http",
            ));
        }
        Ok(cloud)
    }

    /// As [`at`](Self::at), and takes plain http to any host: whoever is on the way can read and keep the tokens. The
    /// transport must allow it too.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], as for [`at`](Self::at).
    pub fn dangerous_at_http(authority_host: &str) -> Result<Self> {
        Self::read(authority_host)
    }

    /// Asks for identity tokens with this audience, for federated credentials that were made with one of their own.
    #[must_use]
    pub fn exchange_audience(mut self, audience: impl Into<String>) -> Self {
        self.exchange = Cow::Owned(audience.into());
        self
    }

    /// Takes identity tokens whose `aud` is this one, too: where the issuer writes an audience in another way than it is
    /// asked for. Any other audience is refused before anything is sent.
    #[must_use]
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.accepted.push(audience.into());
        self
    }

    /// The audiences of identity tokens for this cloud; the first is the one to ask for.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        let ids = EXCHANGE_IDS.iter().filter(|(uri, _)| *uri == self.exchange).map(|(_, id)| *id);
        std::iter::once(&*self.exchange).chain(ids).chain(self.accepted.iter().map(String::as_str)).collect()
    }

    /// The exchange audience of the cloud itself, whatever else is asked for: a resource that it makes tokens for.
    pub(crate) fn own_exchange_audience(&self) -> &'static str {
        self.own_exchange
    }

    /// Scheme and authority, without a slash.
    pub(crate) fn origin(&self) -> String {
        [self.scheme.as_str(), "://", self.authority.as_str()].concat()
    }

    fn known(known: &Known) -> Self {
        Self {
            name: known.name,
            scheme: Scheme::HTTPS,
            authority: Authority::from_static(known.hosts[0]),
            own_exchange: known.exchange,
            exchange: Cow::Borrowed(known.exchange),
            accepted: Vec::new(),
        }
    }

    fn read(address: &str) -> Result<Self> {
        if address.trim().is_empty() {
            return Err(bad("the authority host is empty", FORM));
        }
        // The text is not repeated: people put passwords into addresses.
        let uri: Uri = address.trim().parse().map_err(|_| bad("the authority host is not an address", FORM))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(bad("the authority host lacks a scheme or a host", FORM));
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(bad("the authority host is neither https nor http", FORM));
        }
        if authority.as_str().contains('@') {
            return Err(bad("the authority host holds a user name", FORM));
        }
        if parts.path_and_query.is_some_and(|path| path.as_str() != "/") {
            return Err(bad(
                "the authority host holds a path or a query",
                "leave out the tenant: it is given by itself",
            ));
        }
        let authority = without_default_port(&scheme, authority);
        if authority.host().eq_ignore_ascii_case(CLOSED) {
            return Err(bad("the cloud of this authority host was closed in 2021", "use the public cloud"));
        }
        let is_at = |known: &&Known| {
            scheme == Scheme::HTTPS && known.hosts.iter().any(|host| authority.as_str().eq_ignore_ascii_case(host))
        };
        let mut cloud = match [PUBLIC, US_GOVERNMENT, CHINA, FRANCE, GERMANY].iter().find(is_at) {
            Some(known) => Self::known(known),
            None => Self { name: "a cloud of its own", ..Self::public() },
        };
        (cloud.scheme, cloud.authority) = (scheme, authority);
        Ok(cloud)
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("at", &self.origin()).field("audiences", &self.audiences()).finish()
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.origin())
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::public()
    }
}

/// `host:443` is the same place as `host`.
fn without_default_port(scheme: &Scheme, authority: Authority) -> Authority {
    let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    match authority.port_u16() {
        Some(port) if port == default => authority.host().parse().unwrap_or(authority),
        _ => authority,
    }
}

fn bad(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("azure").with_code("authority").with_advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_is_known_by_its_hosts_and_asks_for_its_own_audience() {
        for (address, cloud, audience) in [
            ("https://login.microsoftonline.com", Cloud::public(), "api://AzureADTokenExchange"),
            (" https://LOGIN.microsoftonline.com:443/ ", Cloud::public(), "api://AzureADTokenExchange"),
            ("https://login.microsoftonline.us/", Cloud::us_government(), "api://AzureADTokenExchangeUSGov"),
            ("https://login.chinacloudapi.cn", Cloud::china(), "api://AzureADTokenExchangeChina"),
        ] {
            let found = Cloud::at(address).unwrap();
            assert_eq!((&found, found.audiences()[0]), (&cloud, audience));
        }
        let france = Cloud::at("https://login.sovcloud-identity.fr").unwrap();
        assert_eq!(france.audiences(), ["api://AzureADTokenExchangeFrance"]);
        let partner = Cloud::at("https://login.partner.microsoftonline.cn").unwrap();
        assert_eq!(partner.audiences(), Cloud::china().audiences());
        assert_eq!(partner.origin(), "https://login.partner.microsoftonline.cn");
    }

    #[test]
    fn an_unknown_host_is_a_cloud_of_its_own_with_the_public_audience() {
        let cloud = Cloud::at("https://login.example:8443").unwrap();
        assert_eq!(cloud.origin(), "https://login.example:8443");
        assert_eq!(cloud.audiences(), ["api://AzureADTokenExchange", "fb60f99c-7a34-4190-8149-302f77469936"]);
        // Looks like Microsoft's, and is not.
        assert_eq!(Cloud::at("https://login.microsoftonline.us.example").unwrap().name, "a cloud of its own");
    }

    #[test]
    fn plain_http_goes_to_this_machine_only_unless_the_danger_is_named() {
        for local in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9/"] {
            assert!(Cloud::at(local).is_ok(), "{local}");
        }
        for far in ["http://login.microsoftonline.com", "http://127.0.0.1.example", "http://10.0.0.1"] {
            let error = Cloud::at(far).unwrap_err();
            assert!(error.to_string().contains("dangerous_at_http"), "{error}");
            assert!(Cloud::dangerous_at_http(far).is_ok());
        }
    }

    #[test]
    fn what_is_more_or_less_than_a_host_is_refused_without_repeating_it() {
        for address in [
            "",
            "login.microsoftonline.com",
            "/",
            "ftp://login.example",
            "https://user:hunter22@login.example",
            "https://login.example/contoso.example",
            "https://login.example/?secret=hunter22",
            "https://login.microsoftonline.de",
        ] {
            let error = Cloud::at(address).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("authority")), "{address}");
            assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"));
            assert!(Cloud::dangerous_at_http(address).is_err());
        }
    }

    #[test]
    fn audiences_of_ones_own_replace_and_add() {
        let cloud = Cloud::public().exchange_audience("api://mine").accept_audience("mine");
        assert_eq!(cloud.audiences(), ["api://mine", "mine"]);
    }
}

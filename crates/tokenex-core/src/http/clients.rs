//! The clients behind a transport: one, or with a server name of our own one per host.
//!
//! The name that TLS asks for and verifies is always that of the URL. To have another one, the URL is given that name,
//! the `Host` header keeps the old one, and the name is resolved to where the old one leads. One client per host, since
//! a pool of connections knows them by the name in the URL.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect, retry};

use super::destination::{Destination, not_a_url};
use crate::{Error, ErrorKind, Result};

/// What clients are made of.
pub(super) struct Recipe {
    pub(super) tls: rustls::ClientConfig,
    pub(super) proxy: Option<reqwest::Proxy>,
    pub(super) connect_timeout: Duration,
}

pub(super) enum Clients {
    One(Client),
    Named { name: String, recipe: Box<Recipe>, by_host: Mutex<HashMap<String, Client>> },
}

impl Clients {
    pub(super) fn new(recipe: Recipe, server_name: Option<String>) -> Result<Self> {
        Ok(match server_name {
            None => Self::One(recipe.client(Resolver { instead: None })?),
            Some(name) => Self::Named { name, recipe: Box::new(recipe), by_host: Mutex::default() },
        })
    }

    /// The client for this request, which is changed to fit it.
    pub(super) fn prepare(&self, request: &mut http::Request<Bytes>, destination: &Destination) -> Result<Client> {
        let (name, recipe, by_host) = match self {
            Self::One(client) => return Ok(client.clone()),
            Self::Named { name, recipe, by_host } => (name, recipe, by_host),
        };
        // Without TLS there is no name to change.
        if destination.is_encrypted() {
            rename(request, name)?;
        }
        let mut by_host = by_host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = by_host.get(destination.host()) {
            return Ok(client.clone());
        }
        let client = recipe.client(Resolver { instead: Some(destination.bare_host().to_owned()) })?;
        by_host.insert(destination.host().to_owned(), client.clone());
        Ok(client)
    }
}

impl Recipe {
    fn client(&self, resolver: Resolver) -> Result<Client> {
        let builder = Client::builder()
            .user_agent(concat!("tokenex/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(self.tls.clone())
            .connect_timeout(self.connect_timeout)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .dns_resolver(resolver);
        // Without this, reqwest would look for a proxy in the environment by itself.
        let builder = match &self.proxy {
            Some(proxy) => builder.no_proxy().proxy(proxy.clone()),
            None => builder.no_proxy(),
        };
        builder.build().map_err(|why| {
            Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up").with_source(why.without_url())
        })
    }
}

/// Writes `name` in the place of the host.
fn rename(request: &mut http::Request<Bytes>, name: &str) -> Result<()> {
    let mut parts = request.uri().clone().into_parts();
    let authority = parts.authority.take().ok_or_else(not_a_url)?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| not_a_url())?;
    let renamed = match authority.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    parts.authority = Some(Authority::try_from(renamed).map_err(|_| not_a_url())?);
    parts.scheme.get_or_insert(Scheme::HTTPS);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| not_a_url())?;
    request.headers_mut().entry(HOST).or_insert(host);
    Ok(())
}

/// The operating system's resolver, with a failure that can be told from a failed connection.
struct Resolver {
    /// Resolves this host, whatever the URL says.
    instead: Option<String>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = self.instead.clone().unwrap_or_else(|| name.as_str().to_owned());
        Box::pin(async move {
            // Port 0 stands for the one in the URL.
            let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, 0)],
                Err(_) => tokio::net::lookup_host((host, 0)).await.map_err(Unresolved)?.collect(),
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// There is no address for the name.
#[derive(Debug)]
pub(super) struct Unresolved(io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unresolved {}

//! Which requests go through a proxy.

use std::env;

use reqwest::{NoProxy, Proxy};

use crate::{Error, ErrorKind, Result, Secret};

/// Never through a proxy, whatever is set: they mean this machine, or what its platform tells to this machine alone.
const DIRECT: &str = "localhost,127.0.0.0/8,::1,\
    169.254.0.0/16,fe80::/10,\
    fd00:ec2::254,fd20:ce::254,fd00:c1::a9fe:a9fe,\
    168.63.129.16,100.100.100.200,\
    metadata.google.internal,metadata.goog";

pub(super) enum ProxyChoice {
    None,
    Environment,
    Url(Secret),
}

impl ProxyChoice {
    pub(super) fn resolve(&self) -> Result<Option<Proxy>> {
        match self {
            Self::None => Ok(None),
            Self::Url(url) => proxy(Proxy::all, url.expose(), "", "the URL of the proxy is not one").map(Some),
            Self::Environment => match variable("HTTPS_PROXY") {
                None => Ok(None),
                Some(url) => {
                    let except = variable("NO_PROXY").unwrap_or_default();
                    proxy(Proxy::https, &url, &except, "the environment variable HTTPS_PROXY is not a URL").map(Some)
                }
            },
        }
    }
}

fn proxy(make: fn(String) -> reqwest::Result<Proxy>, url: &str, except: &str, wrong: &'static str) -> Result<Proxy> {
    let url = url.trim();
    // "proxy.example:3128" is common, and means http.
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let bad = || Error::new(ErrorKind::Configuration, wrong).with_advice("write it as http://user:password@host:port");
    // Of what it does not know, reqwest makes no proxy at all: then everything would go out directly.
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(bad());
    }
    // The reason is dropped: it may quote the URL, and a password stands in it.
    let proxy = make(url).map_err(|_| bad())?;
    Ok(proxy.no_proxy(NoProxy::from_string(&format!("{DIRECT},{except}"))))
}

/// Upper case first; an empty variable is one that is not set.
fn variable(name: &str) -> Option<String> {
    let read = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    read(name).or_else(|| read(&name.to_ascii_lowercase()))
}

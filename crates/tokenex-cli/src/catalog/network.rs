//! The way to the network, as `[http]` describes it.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response};
use tokenex::core::http::HttpTransport;
use tokenex::core::{AnyTransport, BoxFuture, Error, ErrorKind, Result, Secret, Transport};

use super::secrets;
use crate::config::{HttpSpec, ProxySpec};
use crate::failure::Failure;

/// The transport of a catalog.
///
/// # Errors
/// A file that cannot be read, or that is no certificate or key.
pub(super) async fn transport(spec: &HttpSpec) -> Result<AnyTransport, Failure> {
    let proxy = match &spec.proxy {
        None => Proxy::Environment,
        Some(ProxySpec::Off) => Proxy::Off,
        Some(ProxySpec::Plain(url)) => Proxy::Url(Secret::from(url.as_str())),
        Some(ProxySpec::Secret(secret)) => Proxy::Url(secrets::now(secret).await?),
    };
    let build = |allow_http| -> Result<HttpTransport, Failure> {
        let mut builder = HttpTransport::builder();
        if let Some(path) = &spec.ca_file {
            builder = builder.ca_pem(read(path, "ca_file")?);
        }
        if let (Some(certificate), Some(key)) = (&spec.client_certificate, &spec.client_key) {
            let key = String::from_utf8(read(key, "client_key")?);
            let key = key.map_err(|_| Failure::usage("`client_key` of [http] is no PEM text"))?;
            builder = builder.client_identity_pem(read(certificate, "client_certificate")?, key);
        }
        builder = match &proxy {
            Proxy::Environment => builder.proxy_from_env(),
            Proxy::Off => builder,
            Proxy::Url(url) => builder.proxy(url.clone()),
        };
        if let Some(timeout) = spec.timeout {
            builder = builder.connect_timeout(timeout);
        }
        if allow_http {
            builder = builder.dangerous_allow_http();
        }
        builder.build().map_err(|error| Failure::from(error).about("[http]"))
    };
    let encrypted = build(false)?;
    if spec.plain_http.is_empty() {
        return Ok(AnyTransport::new(encrypted));
    }
    Ok(AnyTransport::new(Ways { encrypted, plain: build(true)?, allowed: spec.plain_http.clone() }))
}

enum Proxy {
    Environment,
    Off,
    Url(Secret),
}

/// Reads a file of certificates; they are few and small, and it is done once.
fn read(path: &Path, key: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|why| {
        Failure::usage(format!("`{key}` of [http] cannot be read: {}: {why}", path.display()))
            .with_help("give a file in PEM that this user can read")
    })
}

/// Plain http to the servers for which the file allows it, and to no other.
struct Ways {
    encrypted: HttpTransport,
    plain: HttpTransport,
    allowed: Vec<String>,
}

impl Ways {
    fn allows(&self, authority: &Authority) -> bool {
        self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(authority.as_str()))
    }
}

impl Transport for Ways {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        let uri = request.uri();
        let is_plain = uri.scheme() == Some(&Scheme::HTTP);
        if is_plain && uri.authority().is_some_and(|authority| self.allows(authority)) {
            self.plain.send(request, limit)
        } else {
            self.encrypted.send(request, limit)
        }
    }
}

/// No network at all.
pub(super) struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<Response<Bytes>>> {
        Box::pin(std::future::ready(Err(Error::new(ErrorKind::Unavailable, "nothing is sent while a file is checked"))))
    }
}

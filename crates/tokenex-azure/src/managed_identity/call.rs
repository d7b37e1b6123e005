//! One request to a platform, and where it goes.

use std::fmt;

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use tokenex_core::address::encode;
use tokenex_core::{Error, ErrorKind, Result, Secret};

use super::variables::bad;
use crate::wire::Form;

/// Shows that nobody was tricked into the request: a forged one cannot set headers
/// ([IMDS](https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#security-and-authentication)).
pub(super) const METADATA: HeaderName = HeaderName::from_static("metadata");

/// Where a platform hands out tokens: an http or https address without a user.
#[derive(Clone)]
pub(super) struct Endpoint(Uri);

impl Endpoint {
    /// Reads the value of the variable `name`, which is not repeated in errors: it may hold anything.
    pub(super) fn read(name: &'static str, value: &str) -> Result<Self> {
        let not_one = || {
            bad(format!("the variable {name} holds no http or https address"))
                .with_advice("the platform sets it: pass it on as it is, or do not set it")
        };
        let uri: Uri = value.parse().map_err(|_| not_one())?;
        let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if !is_http || authority.is_empty() || authority.contains('@') {
            return Err(not_one());
        }
        Ok(Self(uri))
    }

    /// Scheme, host and port, without a slash.
    pub(super) fn origin(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        format!("{scheme}://{}", self.0.authority().map_or("", |authority| authority.as_str()))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    pub(super) fn path(&self) -> &str {
        self.0.path()
    }

    /// Asks for what these parameters name.
    pub(super) fn get(&self, parameters: &[(&str, &str)]) -> Result<Call> {
        let mut address = format!("{}{}", self.origin(), self.0.path());
        let mut separator = '?';
        if let Some(query) = self.0.query() {
            address.push('?');
            address.push_str(query);
            separator = '&';
        }
        for (name, value) in parameters {
            address.push(separator);
            address.push_str(name);
            address.push('=');
            address.extend(encode(value));
            separator = '&';
        }
        Call::new(Request::get(address).body(Bytes::new()))
    }

    /// Posts these fields as a form.
    pub(super) fn post(&self, fields: &[(&'static str, &str)]) -> Result<Call> {
        let form = fields.iter().fold(Form::new(), |form, (name, value)| form.field(name, value));
        let request = Request::post(&self.0).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Call::new(request.body(form.into_parts().0))
    }
}

/// A request, and the secrets in it that must not turn up in what an error repeats.
pub(super) struct Call {
    pub(super) request: Request<Bytes>,
    pub(super) secrets: Vec<Secret>,
}

impl Call {
    fn new(request: http::Result<Request<Bytes>>) -> Result<Self> {
        let request = request.map_err(|_| {
            Error::new(ErrorKind::Configuration, "the resource or the identity makes the request's address unusable")
                .with_advice("they are too long: look at what was passed in")
        })?;
        Ok(Self { request, secrets: Vec::new() })
    }

    /// Adds a header that is no secret.
    pub(super) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.request.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }

    /// Adds a header whose value nobody may see. `place` says where it came from, should no header be able to carry it.
    pub(super) fn with_secret(mut self, name: HeaderName, value: Secret, prefix: &str, place: &str) -> Result<Self> {
        let mut text = HeaderValue::from_str(&format!("{prefix}{}", value.expose()))
            .map_err(|_| bad(format!("{place} holds characters that no header can carry")))?;
        text.set_sensitive(true);
        self.request.headers_mut().insert(name, text);
        self.secrets.push(value);
        Ok(self)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method(), self.request.uri())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_follow_those_that_are_there() {
        let endpoint = Endpoint::read("X", "http://127.0.0.1:41056/msi/token/").unwrap();
        assert_eq!((endpoint.origin().as_str(), endpoint.is_encrypted()), ("http://127.0.0.1:41056", false));
        let call = endpoint.get(&[("resource", "api://a b/&c"), ("x", "1")]).unwrap();
        assert_eq!(call.request.uri(), "http://127.0.0.1:41056/msi/token/?resource=api%3A%2F%2Fa%20b%2F%26c&x=1");
        let call = Endpoint::read("X", "https://h.example?a=b").unwrap().get(&[("c", "d")]).unwrap();
        assert_eq!(call.request.uri(), "https://h.example/?a=b&c=d");
    }

    #[test]
    fn a_form_is_posted_as_one() {
        let call = Endpoint::read("X", "http://localhost:50342/oauth2/token").unwrap();
        let call = call.post(&[("resource", "https://vault.azure.net")]).unwrap();
        assert_eq!(
            (call.request.method().as_str(), call.request.body().as_ref()),
            ("POST", &b"resource=https%3A%2F%2Fvault.azure.net"[..])
        );
        assert_eq!(call.request.headers()[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for value in ["127.0.0.1:1", "/token", "ftp://hunter22", "http://user:hunter22@host/", "http://a b", "hunter22"]
        {
            let error = Endpoint::read("IDENTITY_ENDPOINT", value).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let text = format!("{error:?}");
            assert!(text.contains("IDENTITY_ENDPOINT") && !text.contains("hunter22"), "{text}");
        }
    }

    #[test]
    fn secret_headers_are_marked_and_what_no_header_carries_is_refused() {
        let call = || Endpoint::read("X", "http://127.0.0.1/").unwrap().get(&[]).unwrap();
        let secret = call().with_secret(header::AUTHORIZATION, "hunter22".into(), "Basic ", "the file").unwrap();
        let value = &secret.request.headers()[header::AUTHORIZATION];
        assert_eq!((value.to_str().unwrap(), value.is_sensitive()), ("Basic hunter22", true));
        assert!(!format!("{secret:?} {:?}", secret.request).contains("hunter22"));
        let error = call().with_secret(header::AUTHORIZATION, "hunter\n22".into(), "", "the variable X").unwrap_err();
        assert!(error.to_string().contains("the variable X") && !format!("{error:?}").contains("22"), "{error}");
    }
}
